"""Hour and weekday are found from the reference, and used only where they matter."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from driftline.alarms.calibration import Calibration, calibrate
from driftline.alarms.judge import judge
from driftline.alarms.season import NEVER_MET, Phase, covers_year, fit_season, known_of, phases_of
from driftline.profiles.profile import Profile
from driftline.reference import Reference
from driftline.windows import Window

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DAYS = 56
Days = list[tuple[Window, Profile]]


def week(seed: int, count: int, shift: float = 0.0, since: int = 0) -> list[dict[str, Any]]:
    """Weekends have two fifths of the rows, other values of four columns, and another plan."""
    random, made = np.random.default_rng(seed), []
    for day in range(count):
        weekend = day % 7 >= 5
        rows = 120 if weekend else 300
        table = {
            f"x{i}": random.normal(random.normal(0, 0.15) + 2 * (weekend and i < 4), 1, rows)
            for i in range(6)
        }
        share = [0.2, 0.3, 0.5] if weekend else [0.6, 0.3, 0.1]
        table["plan"] = random.choice(["a", "b", "c"], rows, p=share)
        if day >= since:
            table["x0"] = table["x0"] + shift
        made.append(table)
    return made


def year(seed: int, count: int, shift: float = 0.0, since: int = 0) -> list[dict[str, Any]]:
    """One of four columns follows the course of the year, in its middle on 1 January."""
    random, made = np.random.default_rng(seed), []
    for day in range(count):
        course = 2 * np.sin(2 * np.pi * day / 365)
        table = {
            f"x{i}": random.normal(random.normal(0, 0.15) + course * (i == 0), 1, 100)
            for i in range(4)
        }
        if day >= since:
            table["x0"] = table["x0"] + shift
        made.append(table)
    return made


def learned(
    made: list[dict[str, Any]], season: bool = True, days: int = DAYS
) -> tuple[Calibration, Days]:
    """What the first days teach, and the days after them."""
    known = made[:days]
    reference = Reference.fit({n: np.concatenate([day[n] for day in known]) for n in known[0]})
    windows = [Window(MONDAY + i * DAY, MONDAY + (i + 1) * DAY) for i in range(len(made))]
    told = [(w, reference.profile(table)) for w, table in zip(windows, made, strict=True)]
    phases = [phases_of(window) for window in windows[:days]] if season else None
    return calibrate([profile for _, profile in told[:days]], 1 / 30, phases=phases), told[days:]


def blamed(calibration: Calibration, live: Days) -> list[set[str]]:
    """The columns that each live day blames."""
    scores = [calibration.scorer.score(profile, phases_of(window)) for window, profile in live]
    return [
        {c.name for c in judge(calibration, scores[max(0, i - 6) : i + 1], profile).blamed}
        for i, (_, profile) in enumerate(live)
    ]


def test_a_weekend_is_no_drift_and_a_shift_that_it_would_hide_is_found() -> None:
    false = found = hidden = 0
    for seed in range(4):
        made = week(seed, DAYS + 28)
        false += sum(map(bool, blamed(*learned(made))))
        changed = week(seed, DAYS + 7, shift=0.6, since=DAYS)
        found += any("x0" in day for day in blamed(*learned(changed)))
        hidden += not any("x0" in day for day in blamed(*learned(changed, season=False)))
    assert false <= 8  # of 112 days; the budget is 3.7
    assert found == 4
    assert hidden > 0


def test_four_weeks_know_the_weekend_and_keep_the_budget() -> None:
    found = false = 0
    for seed in range(4):
        made = week(seed, 30 + 28)
        false += sum(map(bool, blamed(*learned(made, days=30))))
        changed = week(seed, 30 + 7, shift=1.0, since=30)
        found += any("x0" in day for day in blamed(*learned(changed, days=30)))
    assert false <= 8  # of 112 days; the budget is 3.7
    assert found == 4


def test_phases_that_differ_by_chance_add_next_to_nothing() -> None:
    random = np.random.default_rng(0)
    phases = np.stack([np.zeros(60, dtype=int), np.arange(60) % 7, np.arange(60)], axis=1)
    season = fit_season(random.normal(size=(60, 500)), phases, known_of(phases))
    assert [adds.shape for adds in season.adds] == [(1, 500), (8, 500)]
    assert not any(adds[-1].any() for adds in season.adds)
    assert np.mean(np.any(season.adds[1] != 0, axis=0)) < 0.05
    scores = random.normal(size=(60, 3))
    scores[phases[:, 1] >= 5, 1] += 4
    left = fit_season(scores, phases, known_of(phases)).without(scores, phases)
    assert np.array_equal(left[:, 0], scores[:, 0])
    assert abs(left[phases[:, 1] >= 5, 1].mean() - left[phases[:, 1] < 5, 1].mean()) < 0.5


def test_a_phase_of_few_windows_says_nothing() -> None:
    scores = np.r_[np.zeros((18, 1)), np.full((3, 1), 50.0)]
    weekday = np.r_[np.zeros(18, int), np.ones(3, int)]
    phases = np.stack([np.zeros(21, dtype=int), weekday, np.zeros(21, dtype=int)], axis=1)
    assert not fit_season(scores, phases, known_of(phases)).adds[1].any()


def test_a_weekday_that_the_reference_never_had_is_taken_for_none_of_the_others() -> None:
    weekday = np.tile(np.arange(6), 6)
    scores = np.where(weekday == 5, 50.0, 0.0)[:, None] + np.linspace(0, 1, 36)[:, None]
    nothing = np.zeros(36, dtype=int)
    phases = np.stack([nothing, weekday, nothing], axis=1)
    season = fit_season(scores, phases, known_of(phases))
    saturday, sunday = season.without(np.full((2, 1), 60.0), np.array([[0, 5, 0], [0, 6, 0]]))
    assert saturday[0] < 30
    assert sunday[0] == 60.0


@pytest.mark.parametrize(
    ("length", "phases"),
    [
        (timedelta(minutes=15), (54, 2, 2)),
        (timedelta(hours=6), (2, 2, 2)),
        (timedelta(days=1), (0, 2, 2)),
        (timedelta(days=7), (0, 0, 2)),
    ],
    ids=str,
)
def test_windows_know_their_phases(length: timedelta, phases: Phase) -> None:
    start = datetime(2024, 1, 3, tzinfo=UTC)
    if length < timedelta(days=1):
        start += phases[0] * length
    assert phases_of(Window(start, start + length)) == phases


def of_the_year(days: Iterable[int]) -> NDArray[np.int64]:
    """Phases of windows on these days of the year, all of one weekday."""
    known = np.array([*days])
    return np.stack([0 * known, 0 * known, known % 365], axis=1)


@pytest.mark.parametrize(
    ("days", "whole"),
    [
        (range(365), True),
        (range(0, 365, 7), True),  # weeks
        (range(200, 200 + 365), True),
        ([*range(100), *range(130, 365)], True),  # a month is held out
        (range(300), False),
        ([*range(60), *range(120, 365)], False),
        ([0] * 30, False),
    ],
)
def test_a_reference_knows_the_season_when_it_has_the_whole_year(
    days: Iterable[int], whole: bool
) -> None:
    assert covers_year(of_the_year(days)) == whole


def test_the_course_of_the_year_is_taken_off_where_it_is_there() -> None:
    random = np.random.default_rng(0)
    phases = of_the_year(range(365))
    course = 3 * np.cos(2 * np.pi * np.arange(365) / 365)
    scores = random.normal(size=(365, 200))
    scores[:, 0] += course
    season = fit_season(scores, phases, known_of(phases))
    left = season.without(scores, phases)
    assert abs(np.corrcoef(left[:, 0], course)[0, 1]) < 0.2
    assert np.mean(np.any(season.year[:, 1:] != 0, axis=0)) < 0.05
    part = fit_season(scores[:180], phases[:180], known_of(phases[:180]))
    assert not part.year.any()
    assert np.array_equal(part.without(scores, np.array(NEVER_MET) + 0 * phases), scores)


def test_a_summer_that_a_year_of_reference_knows_is_no_drift_and_hides_none() -> None:
    false = found = hidden = 0
    for seed in range(3):
        made = year(seed, 365 + 28)
        false += sum(map(bool, blamed(*learned(made, days=365))))
        changed = year(seed, 365 + 7, shift=0.7, since=365)
        found += any("x0" in day for day in blamed(*learned(changed, days=365)))
        ever = learned(changed, season=False, days=365)
        hidden += not any("x0" in day for day in blamed(*ever))
    assert false <= 6  # of 84 days; the budget is 2.8
    assert found == hidden == 3
