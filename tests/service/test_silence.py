"""Labels that stay away longer than they ever did are told, and nothing is claimed of that time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from tests.service.conftest import World


def until(rows: pd.DataFrame, world: World, day: int) -> pd.DataFrame:
    return rows[rows["known_at"] < pd.Timestamp(world.day(day))]


def test_labels_that_stop_are_told_and_performance_is_not_claimed_to_be_well(world: World) -> None:
    rows = world.live(range(50), lambda day, f: f.assign(amount=f["amount"] * (1 + (day >= 42))))
    world.label(until(rows, world, 36))
    world.settle(world.labelled())
    incidents = world.check(46).model["incidents"]
    told = {incident["columns"][0]: incident for incident in incidents}
    assert told["actual"]["kind"] == "data_quality"
    assert told["actual"]["message"].startswith("actual: no labels since 5 Feb 2024, 23:")
    assert told["actual"]["opened"][:10] in ("2024-02-09", "2024-02-10", "2024-02-11")
    (line,) = [f for f in told["amount"]["facts"] if f.startswith("Performance: ")]
    assert line.startswith("Performance: not known since ")
    assert "no drop seen" not in str(incidents)
    people = world.run("check", "--now", world.day(46).isoformat())
    assert "performance is not known since " in people.out

    world.label(rows)
    incidents = world.check(50).model["incidents"]
    assert [i["state"] for i in incidents if i["columns"] == ["actual"]] == ["resolved"]


def test_labels_whose_ids_match_no_prediction_any_more_are_told_with_one_of_them(
    world: World,
) -> None:
    rows = world.live(range(46))
    world.label(
        rows.assign(id=rows["id"].where(rows["known_at"] < world.day(36), "x" + rows["id"]))
    )
    world.settle(world.labelled())
    (incident,) = world.check(46).model["incidents"]
    assert "has the id of a prediction" in incident["message"]
    assert 'such as "x' in " ".join(incident["facts"])


def test_labels_that_always_take_long_or_come_seldom_are_no_silence(world: World) -> None:
    rows = world.live(range(60))
    weekly = rows["known_at"].dt.ceil("7D")
    late = rows["known_at"] + pd.Timedelta(days=20)
    for known in (weekly, late):
        world.forget()
        for file in world.labels.glob("*.parquet"):
            file.unlink()
        world.label(rows.assign(known_at=known))
        answer = world.run_settled(world.labelled())
        assert "no_labels" not in answer.out


def test_whoever_says_how_long_labels_may_take_is_not_told_before(world: World) -> None:
    rows = world.live(range(46))
    world.label(until(rows, world, 36))
    model = world.labelled()
    model["labels"]["wait"] = "60d"
    world.settle(model)
    assert "no_labels" not in world.check(46).out


def test_labels_that_are_neither_class_are_told_with_an_example(world: World) -> None:
    def odd(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        if day < 34:
            return frame.assign(actual=frame["actual"].astype(str))
        return frame.assign(actual=frame["actual"].astype(str).mask(frame.index % 4 == 0, "maybe"))

    world.label(world.live(range(42), odd))
    (incident,) = world.run_settled(world.labelled()).model["incidents"]
    assert (incident["kind"], incident["columns"]) == ("data_quality", ["actual"])
    assert 'of labels are neither of two classes (such as "maybe"), over ' in incident["message"]
