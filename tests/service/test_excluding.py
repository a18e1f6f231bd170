"""Wild windows of a reference are named, and left out where its owner says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from driftline.errors import SettingsError
from driftline.reference import Reference

if TYPE_CHECKING:
    from tests.service.conftest import World

WILD = (10, 11)


def with_wild_days(day: int, frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(amount=frame["amount"] * 50 + 9000) if day in WILD else frame


def excluding(world: World, *left_out: Any, **changes: Any) -> None:
    model = world.model(**changes)
    world.settle(model | {"reference": model["reference"] | {"exclude": list(left_out)}})


def reference_of(world: World) -> Reference:
    with world.store() as store:
        state = store.model("late-arrival")
    assert state is not None
    return Reference.from_bytes(state.reference)


def report_of(world: World) -> str:
    page = world.folder / "report.html"
    assert world.run("report", "--output", str(page)).code in (0, 1)
    return page.read_text(encoding="utf-8")


def test_wild_days_of_the_reference_are_named_once_and_gone_when_excluded(world: World) -> None:
    world.live(range(32), with_wild_days)
    world.settle()
    notes = world.check(31).model.get("notes", [])
    (told,) = [note for note in notes if "far from the other windows" in note]
    assert "11 Jan 2024 (amount)" in told
    assert "12 Jan 2024 (amount)" in told
    assert "leave it out with reference.exclude" in told
    assert len(reference_of(world).windows) == 30
    assert "11 Jan 2024 (amount)" in report_of(world)
    excluding(world, world.day(10).date().isoformat(), world.day(11).date().isoformat())
    assert "far from the other windows" not in str(world.check(32).model)
    kept = reference_of(world)
    assert len(kept.windows) == 28
    assert kept.rows == 2800
    assert "far from the other windows" not in report_of(world)


def test_a_span_is_excluded_up_to_its_end(world: World) -> None:
    world.live(range(32))
    span = {"from": world.day(10).date().isoformat(), "to": world.day(13).date().isoformat()}
    excluding(world, span)
    world.check(31)
    starts = {window.start for window in reference_of(world).windows}
    assert starts.isdisjoint(world.day(day) for day in (10, 11, 12))
    assert world.day(13) in starts


@pytest.mark.parametrize(
    ("left_out", "told"),
    [
        ("2024-02-31", "no such day"),
        ("soon", "must be a day"),
        ({"from": "2024-02-03", "to": "2024-02-03"}, "`from` must be before `to`"),
        ({"from": "2024-02-03"}, r"exclude\[0\].to: missing"),
    ],
    ids=["no day", "no time", "empty span", "no end"],
)
def test_what_is_no_day_and_no_span_is_a_fault(world: World, left_out: Any, told: str) -> None:
    world.live(range(31))
    with pytest.raises(SettingsError, match=told):
        excluding(world, left_out)


def test_a_reference_of_which_all_is_excluded_is_an_error(world: World) -> None:
    world.live(range(31))
    excluding(world, {"from": "2000-01-01", "to": "2100-01-01"})
    said = world.check(31)
    assert said.code == 2
    told = "no rows are left beside those that `exclude` leaves out"
    assert told in " ".join(said.err.split())
    checked = world.run("config check")
    assert checked.code == 2
    assert told in " ".join(checked.err.split())


def test_a_reference_too_short_for_the_budget_is_said_at_the_start(world: World) -> None:
    world.live(range(32))
    world.settle(world.model(alarms={"false_alarms": "1 per 365 days"}))
    told = "too few to promise a false alarm in 365 windows (1 per 365 days)"
    assert told in str(world.check(31).model)
    assert told in " ".join(world.run("config check").err.split())


def test_a_budget_that_the_part_for_drift_is_too_small_for_is_told_as_each_verdict_does(
    world: World,
) -> None:
    """1 per 28 days could be promised by 30 windows, four fifths of it cannot."""
    world.label(world.live(range(32)))
    labels = {"source": "parquet", "path": "labels", "id": "id", "label": "actual"}
    world.settle(world.model(labels=labels, alarms={"false_alarms": "1 per 28 days"}))
    told = "too few to promise a false alarm in 35 windows (1 per 28 days, of which 20% is for"
    assert told in " ".join(world.run("config check").err.split())
    checked = world.check(31).model
    assert told in str(checked["notes"])
    with world.store() as store:
        (judged,) = store.windows("late-arrival")
    assert judged.verdict is not None
    assert "one false alarm in 31, not one in 35" in judged.verdict.note
    world.settle(world.model(alarms={"false_alarms": "1 per 28 days"}))
    assert "too few" not in world.run("config check").err


@pytest.mark.parametrize(
    ("rolling", "told"),
    [("2d", "are 8 windows of 1d, and 20 are needed; give `rolling` at least 5d"), ("5d", "")],
)
def test_a_rolling_reference_that_would_never_move_is_told(
    world: World, rolling: str, told: str
) -> None:
    world.live(range(32))
    model = world.model()
    world.settle(model | {"reference": model["reference"] | {"rolling": rolling}})
    said = " ".join(world.run("config check").err.split())
    assert told in said
    assert ("never rolls" in said) == bool(told)
    assert told in str(world.check(31).model.get("notes"))
