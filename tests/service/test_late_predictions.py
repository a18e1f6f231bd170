"""Predictions that come after their window was judged, and windows that wait for theirs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

if TYPE_CHECKING:
    from tests.service.conftest import World

HOUR = timedelta(hours=1)


def hold_back(world: World, day: int, rows: slice) -> pd.DataFrame:
    """Take some rows of a day's file away; they are written when they come."""
    whole = pd.read_parquet(world.file(day))
    whole.drop(whole.index[rows]).to_parquet(world.file(day), index=False)
    return whole


def arrive(world: World, day: int, whole: pd.DataFrame) -> None:
    whole.to_parquet(world.file(day), index=False)


def windows_of(model: Any) -> dict[str, tuple[str, int]]:
    return {w["start"][5:10]: (w["status"], w["rows"]) for w in model["windows"]}


def events_of(world: World) -> list[tuple[str, str, str]]:
    with world.store() as store:
        return [
            (incident.message, event.kind, event.at.isoformat()[5:16])
            for incident in store.incidents()
            for event in store.events(incident.id)
        ]


def test_a_window_that_has_grown_is_judged_again_and_ends_as_if_all_had_come_in_time(
    world: World,
) -> None:
    rows = world.live(range(40))
    world.label(rows.assign(known_at=rows["timestamp"]))
    world.settle(world.labelled())
    expected = world.run("backtest", "--json", "--to", world.day(37).isoformat())
    late = {day: hold_back(world, day, slice(30, 90)) for day in (33, 34)}
    for day in (34, 35, 36):
        told = world.check(day)
        if day == 34:  # its last hours come in the night
            assert windows_of(told.model)["02-03"] == ("judged", 40)
            arrive(world, 33, late[33])
        if day == 35:
            assert windows_of(told.model)["02-03"] == ("judged", 100)
            arrive(world, 34, late[34])
    told = world.check(37)
    assert told.model["windows"] == expected.model["windows"]
    assert told.model["performance"] == expected.model["performance"]
    assert told.model["performance"][-1]["labelled"] == 300


def test_labels_that_were_joined_are_kept_and_those_of_the_late_rows_are_joined(
    world: World,
) -> None:
    rows = world.live(range(36))
    world.label(rows.assign(known_at=rows["timestamp"]))
    world.settle(world.labelled())
    whole = hold_back(world, 33, slice(0, 60))
    assert world.check(34).model["performance"][-1]["labelled"] == 240
    for file in world.labels.iterdir():
        file.unlink()
    world.label(rows[rows["timestamp"] < world.day(20)].assign(known_at=rows["timestamp"]))
    arrive(world, 33, whole)
    told = world.check(world.day(34) + HOUR)
    assert (told.model["performance"][-1]["rows"], told.err) == (300, "")
    assert told.model["performance"][-1]["labelled"] == 300


def test_a_window_that_was_empty_ends_its_incident_when_its_rows_come(world: World) -> None:
    world.live(range(40))
    whole = hold_back(world, 33, slice(None))
    world.settle()
    told = world.check(world.day(34) + 7 * HOUR)
    assert windows_of(told.model)["02-03"] == ("empty", 0)
    assert [(i["kind"], i["state"]) for i in told.model["incidents"]] == [("data_quality", "open")]
    arrive(world, 33, whole)
    told = world.check(world.day(34) + 9 * HOUR)
    assert told.code == 0
    assert windows_of(told.model)["02-03"] == ("judged", 100)
    assert told.model["windows"][-1]["faults"] == []
    (incident,) = told.model["incidents"]
    assert incident["state"] == "resolved"
    assert incident["facts"][-1].startswith("Its rows came later")
    assert [event[1:] for event in events_of(world)] == [
        *(("opened", "02-04T00:00"), ("resolved", "02-04T09:00")),
    ]


def test_an_outage_that_is_filled_in_ends_with_its_last_window(world: World) -> None:
    world.live(range(40))
    late = {day: hold_back(world, day, slice(None)) for day in (33, 34, 35)}
    world.settle()
    world.check(37)
    for day in (33, 34):
        arrive(world, day, late[day])
    told = world.check(world.day(37) + HOUR)
    assert told.model["incidents"][0]["state"] == "open"
    assert [status for status, _ in windows_of(told.model).values()][3:] == [
        *("empty", "judged", "empty", "judged"),  # of the first nothing is waited for any more
    ]
    arrive(world, 35, late[35])
    assert world.check(world.day(37) + 2 * HOUR).model["incidents"][0]["state"] == "resolved"


def test_late_rows_that_drift_open_an_incident_once_and_do_not_count_twice(world: World) -> None:
    def tripled(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        late = frame.index >= 40
        return frame.assign(amount=frame["amount"] * np.where(late & (day == 34), 5, 1))

    world.live(range(40), tripled)
    whole = hold_back(world, 34, slice(40, 100))
    world.settle(channels=[{"kind": "stderr"}])
    assert world.check(35).model["incidents"] == []
    arrive(world, 34, whole)
    told = world.check(world.day(35) + 5 * HOUR)
    assert told.err.count("Data drift opened:") == 1
    (incident,) = told.model["incidents"]
    assert (incident["opened"], incident["since"]) == (
        "2024-02-05T05:00:00Z",
        "2024-02-04T00:00:00Z",
    )
    assert world.check(world.day(35) + 6 * HOUR).err == ""
    with world.store() as store:
        assert [i.alarms for i in store.incidents()] == [1]


def test_a_window_judged_while_a_file_was_damaged_is_judged_again_when_it_is_whole(
    world: World,
) -> None:
    world.live(range(40))
    intact = world.file(33).read_bytes()
    world.file(33).write_bytes(intact[: len(intact) // 2])
    world.settle()
    told = world.check(world.day(34) + 12 * HOUR)
    assert [f["code"] for f in told.model["windows"][-1]["faults"]] == [
        *("unreadable_source", "no_rows"),
    ]
    again = world.check(world.day(34) + 13 * HOUR)
    assert (again.found, again.err) == (told.found, "")
    world.file(33).write_bytes(intact)
    told = world.check(world.day(34) + 14 * HOUR)
    assert told.model["windows"][-1]["faults"] == []
    assert [i["state"] for i in told.model["incidents"]] == ["resolved"]


@pytest.mark.parametrize(("wait", "rows"), [("0", 40), ("2d", 40), ("3d", 100)])
def test_predictions_are_waited_for_as_long_as_the_settings_say(
    world: World, wait: str, rows: int
) -> None:
    world.live(range(40))
    whole = hold_back(world, 33, slice(40, 100))
    world.settle(world.model(predictions=world.model()["predictions"] | {"wait": wait}))
    world.check(36)
    arrive(world, 33, whole)
    assert windows_of(world.check(37).model)["02-03"] == ("judged", rows)


def test_a_window_is_judged_when_the_delay_has_passed_and_found_as_a_backtest_finds_it(
    world: World,
) -> None:
    rows = world.live(range(36), lambda day, f: f.assign(amount=f["amount"] * (1 + (day > 32))))
    world.label(rows)
    predictions = world.model()["predictions"] | {"delay": "6h"}
    world.settle(world.labelled(predictions=predictions))
    assert len(world.check(world.day(34) + 5 * HOUR).model["windows"]) == 3
    assert len(world.check(world.day(34) + 6 * HOUR).model["windows"]) == 4
    world.check(world.day(35) + 2 * HOUR)
    told = world.check(world.day(35) + 30 * HOUR)
    replayed = world.run("backtest", "--json", "--to", world.day(36).isoformat())
    assert told.found == replayed.found
    assert told.model["incidents"]


def test_an_empty_newest_window_waits_a_quarter_of_its_length_or_until_a_later_one_has_rows(
    world: World,
) -> None:
    world.live(range(34))
    world.settle()
    for hours, judged in ((0, 4), (5, 4), (6, 5)):
        assert len(world.check(world.day(35) + hours * HOUR).model["windows"]) == judged

    world.forget()
    world.live(range(35, 36))
    moment = pd.read_parquet(world.file(35))["timestamp"].min().to_pydatetime()
    assert moment < world.day(35) + 3 * HOUR
    before, after = (world.check(moment + n * timedelta(minutes=1)) for n in (-1, 1))
    assert len(before.model["windows"]) == 4
    assert windows_of(after.model)["02-04"] == ("empty", 0)
