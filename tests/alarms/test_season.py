"""Hour and weekday are found from the reference, and used only where they matter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from driftline.alarms.calibration import Calibration, calibrate
from driftline.alarms.judge import judge
from driftline.alarms.season import fit_season, phases_of
from driftline.profiles.profile import Profile
from driftline.reference import Reference
from driftline.windows import Window

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
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


def learned(made: list[dict[str, Any]], season: bool = True) -> tuple[Calibration, Days]:
    """What the first days teach, and the days after them."""
    known = made[:DAYS]
    reference = Reference.fit({n: np.concatenate([day[n] for day in known]) for n in known[0]})
    day = timedelta(days=1)
    windows = [Window(MONDAY + i * day, MONDAY + (i + 1) * day) for i in range(len(made))]
    days = [(w, reference.profile(table)) for w, table in zip(windows, made, strict=True)]
    phases = [phases_of(window) for window in windows[:DAYS]] if season else None
    return calibrate([profile for _, profile in days[:DAYS]], 1 / 30, phases=phases), days[DAYS:]


def alarms(calibration: Calibration, live: Days) -> list[bool]:
    scores = [calibration.scorer.score(profile, phases_of(window)) for window, profile in live]
    return [
        judge(calibration, scores[max(0, i - 6) : i + 1], profile).alarm
        for i, (_, profile) in enumerate(live)
    ]


def test_a_weekend_is_no_drift_and_a_shift_that_it_would_hide_is_found() -> None:
    false = found = hidden = 0
    for seed in range(4):
        made = week(seed, DAYS + 28)
        false += sum(alarms(*learned(made)))
        changed = week(seed, DAYS + 7, shift=0.6, since=DAYS)
        found += any(alarms(*learned(changed)))
        hidden += any(alarms(*learned(changed, season=False)))
    assert false <= 8  # of 112 days; the budget is 3.7
    assert found == 4
    assert hidden < found


def test_phases_that_differ_by_chance_add_next_to_nothing() -> None:
    random = np.random.default_rng(0)
    phases = np.stack([np.zeros(60, dtype=int), np.arange(60) % 7], axis=1)
    season = fit_season(random.normal(size=(60, 500)), phases)
    assert [adds.shape for adds in season.adds] == [(2, 500), (8, 500)]
    assert not any(adds[-1].any() for adds in season.adds)
    assert np.mean(np.any(season.adds[1] != 0, axis=0)) < 0.05
    scores = random.normal(size=(60, 3))
    scores[phases[:, 1] >= 5, 1] += 4
    left = fit_season(scores, phases).without(scores, phases)
    assert np.array_equal(left[:, 0], scores[:, 0])
    assert abs(left[phases[:, 1] >= 5, 1].mean() - left[phases[:, 1] < 5, 1].mean()) < 0.5


def test_a_phase_of_few_windows_says_nothing() -> None:
    scores = np.r_[np.zeros((18, 1)), np.full((3, 1), 50.0)]
    phases = np.stack([np.zeros(21, dtype=int), np.r_[np.zeros(18, int), np.ones(3, int)]], axis=1)
    assert not fit_season(scores, phases).adds[1].any()


def test_a_weekday_that_the_reference_never_had_is_taken_for_none_of_the_others() -> None:
    weekday = np.tile(np.arange(6), 6)
    scores = np.where(weekday == 5, 50.0, 0.0)[:, None] + np.linspace(0, 1, 36)[:, None]
    season = fit_season(scores, np.stack([np.zeros(36, dtype=int), weekday], axis=1))
    saturday, sunday = season.without(np.full((2, 1), 60.0), np.array([[0, 5], [0, 6]]))
    assert saturday[0] < 30
    assert sunday[0] == 60.0


@pytest.mark.parametrize(
    ("length", "phases"),
    [
        (timedelta(minutes=15), (54, 2)),
        (timedelta(hours=6), (2, 2)),
        (timedelta(days=1), (0, 2)),
        (timedelta(days=7), (0, 0)),
    ],
    ids=str,
)
def test_windows_know_their_slot_and_weekday(length: timedelta, phases: tuple[int, int]) -> None:
    start = datetime(2024, 1, 3, tzinfo=UTC)
    if length < timedelta(days=1):
        start += phases[0] * length
    assert phases_of(Window(start, start + length)) == phases
