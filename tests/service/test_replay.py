"""Live is replay: however often, late or interrupted the checks are, they find the same."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pytest

if TYPE_CHECKING:
    from tests.service.conftest import World

DAYS = 52
"""Days of the made world; the first 30 are the reference."""


def troubled(number: int, frame: pd.DataFrame) -> pd.DataFrame:
    """A world in which much goes wrong: drift, a bad week of labels, a lost column, a gap."""
    if 36 <= number < 41:
        frame["amount"] = frame["amount"] * 2
    if 38 <= number < 44:
        frame["actual"] = 1 - frame["late"].where(frame.index % 3 == 0, 1 - frame["late"])
    if number == 44:
        frame = frame.drop(columns=["age"])
    if number == 45:
        frame = frame.rename(columns={"plan": "plans"})
    if number == 46:
        return frame.head(0)
    if number == 47:
        return frame.head(5)
    if number == 48:
        frame["id"] = frame["id"].where(frame.index > 9, "one")
    return frame


@pytest.fixture
def troubles(world: World) -> World:
    world.live(range(DAYS), troubled)
    world.label()
    world.file(49).write_bytes(b"PAR1 this is no parquet file PAR1")
    (world.predictions / "empty.parquet").touch()
    world.settle(world.labelled())
    return world


def test_a_backtest_finds_what_the_daily_checks_found_and_so_does_one_late_check(
    troubles: World,
) -> None:
    replayed = troubles.run("backtest", "--json", "--to", troubles.day(DAYS).isoformat())
    assert replayed.code == 1
    assert {incident["kind"] for incident in replayed.model["incidents"]} == {
        *("data_drift", "performance", "data_quality")
    }
    assert [window["status"] for window in replayed.model["windows"]].count("empty") == 2

    for day in range(31, DAYS + 1):
        daily = troubles.check(day)
    assert daily.found == replayed.found

    troubles.forget()
    assert troubles.check(DAYS).found == replayed.found


def test_it_does_not_matter_at_what_time_of_day_or_how_often_the_checks_run(
    troubles: World,
) -> None:
    at_midnight = troubles.check(DAYS).found
    troubles.forget()
    moment = troubles.day(33) + timedelta(hours=5)
    while moment < troubles.day(DAYS):
        troubles.check(moment)
        moment += timedelta(hours=67)
    assert troubles.check(troubles.day(DAYS) + timedelta(hours=7)).found == at_midnight


def test_labels_without_a_moment_and_a_wait_that_is_no_whole_number_of_windows(
    world: World,
) -> None:
    world.live(range(46), troubled)
    world.label()
    labels = {"source": "parquet", "path": "labels", "id": "id", "label": "actual"}
    for changes in ({"wait": "5d"}, {"timestamp": "known_at", "wait": "61h"}):
        world.settle(world.labelled(labels=labels | changes))
        replayed = world.run("backtest", "--json", "--to", world.day(46).isoformat())
        world.forget()
        for day in (34, 38, 43, 46):
            checked = world.check(day)
        assert checked.found == replayed.found


def test_an_outage_of_a_month_is_forgotten_alike(world: World) -> None:
    world.live(range(34))
    world.live(range(62, 66))
    world.settle()
    replayed = world.run("backtest", "--json")
    for day in (34, 50, 63, 64, 66):
        checked = world.check(day)
    assert checked.found == replayed.found


def test_a_backtest_ends_with_the_data_and_joins_the_labels_that_come_later(world: World) -> None:
    rows = world.live(range(40))
    rows["known_at"] += pd.Timedelta(days=20)
    world.label(rows)
    world.settle(world.labelled())
    told = world.run("backtest", "--json").model
    assert told["windows"][-1]["end"] == "2024-02-10T00:00:00Z"
    assert len(told["windows"]) == 10
    assert told["incidents"] == []
    assert [span["end"] for span in told["performance"]] == [w["end"] for w in told["windows"]]
    assert {span["status"] for span in told["performance"]} == {"judged"}
    assert told["performance"][-1]["labelled"] == 300


def test_a_backtest_of_some_days_judges_them_as_the_whole_did(world: World) -> None:
    world.live(range(50), troubled)
    world.settle(world.model(window="1d"))
    whole = world.run("backtest", "--json").model["windows"]
    bounds = ["--from", world.day(40).isoformat(), "--to", world.day(42).isoformat()]
    some = world.run("backtest", "--json", *bounds).model["windows"]
    assert [window["start"][:10] for window in some] == ["2024-02-10", "2024-02-11"]
    assert [window["rows"] for window in some] == [w["rows"] for w in whole[10:12]]
    assert not (world.folder / "driftline.db").exists()
