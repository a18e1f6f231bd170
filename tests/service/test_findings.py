"""What one window tells: drift, missing values and new categories are kept apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from driftline.alarms.calibration import calibrate
from driftline.alarms.judge import judge, judge_independent
from driftline.alarms.verdict import Verdict
from driftline.profiles.profile import Profile
from driftline.records import WindowResult
from driftline.reference import Reference
from driftline.service.findings import drift_findings
from driftline.windows import Window

START = datetime(2024, 1, 1, tzinfo=UTC)
ROWS = 300

Day = dict[str, np.ndarray[Any, Any]]


def honest_day(random: np.random.Generator) -> Day:
    return {
        "temp": random.normal(random.normal(0, 0.3), 1, ROWS),
        "plan": random.choice(["a", "b", "c"], ROWS),
    }


def warm_and_half_gone(random: np.random.Generator) -> Day:
    """A season that lasts, and the feed that half dies in it."""
    day = honest_day(random)
    day["temp"] += 5
    day["temp"][: 2 * ROWS // 5] = np.nan
    return day


@pytest.fixture(scope="module")
def world() -> tuple[Reference, list[Profile], np.random.Generator]:
    random = np.random.default_rng(0)
    days = [honest_day(random) for _ in range(40)]
    reference = Reference.fit({n: np.concatenate([day[n] for day in days]) for n in days[0]})
    return reference, [reference.profile(day) for day in days], random


def told(
    verdict: Verdict, reference: Profile, window: Profile, drifting: tuple[str, ...] = ()
) -> list[tuple[str, str | None, str]]:
    span = Window(START, START + timedelta(days=1))
    result = WindowResult(span, ROWS, "judged", verdict, (), span.end)
    found = drift_findings(result, reference, window, outputs=(), drifting=drifting)
    return [(finding.kind, finding.column, finding.fact) for finding in found]


def test_drift_that_lasts_does_not_hide_a_feed_that_dies(
    world: tuple[Reference, list[Profile], np.random.Generator],
) -> None:
    reference, days, random = world
    calibration = calibrate(days, 1 / 30)
    window = reference.profile(warm_and_half_gone(random))
    verdict = judge(calibration, [calibration.scorer.score(window)], window)
    assert verdict.columns[0].statistic != "missing_share"
    found = told(verdict, calibration.scorer.total, window)
    assert [(kind, column) for kind, column, _ in found] == [
        ("data_drift", "temp"),
        ("data_quality", "temp"),
    ]
    assert "40.0" in found[1][2]


def test_so_it_is_when_rows_are_taken_as_independent(
    world: tuple[Reference, list[Profile], np.random.Generator],
) -> None:
    reference, _, random = world
    window = reference.profile(warm_and_half_gone(random))
    verdict = judge_independent(reference.total, window, 0.01)
    found = told(verdict, reference.total, window)
    assert {kind for kind, column, _ in found if column == "temp"} == {"data_drift", "data_quality"}


def test_new_categories_are_quality_unless_the_column_drifts_already(
    world: tuple[Reference, list[Profile], np.random.Generator],
) -> None:
    reference, days, random = world
    calibration = calibrate(days, 1 / 30)
    day = honest_day(random)
    day["plan"][:30] = "z"
    window = reference.profile(day)
    verdict = judge(calibration, [calibration.scorer.score(window)], window)
    total = calibration.scorer.total
    assert [kind for kind, *_ in told(verdict, total, window)] == ["data_quality"]
    assert [kind for kind, *_ in told(verdict, total, window, ("plan",))] == ["data_drift"]
