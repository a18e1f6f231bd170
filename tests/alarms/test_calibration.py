"""The false-alarm budget is kept on windows of dependent rows, and changes are found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from driftline.alarms.budget import Budget
from driftline.alarms.calibration import MIN_WINDOWS, Calibration, calibrate
from driftline.alarms.evidence import score_own_windows
from driftline.alarms.judge import judge, judge_independent
from driftline.alarms.questions import questions_of
from driftline.alarms.scores import rate_score
from driftline.alarms.verdict import Verdict
from driftline.profiles.profile import Profile
from driftline.reference import Reference

COLUMNS = 12
ROWS = 200
RATE = 1 / 30

Table = dict[str, np.ndarray[Any, Any]]


def honest_day(random: np.random.Generator) -> Table:
    """Rows of one day share its weather: every column moves with a day effect of its own."""
    table: Table = {
        f"x{i}": random.normal(random.normal(0, 0.4), 1, ROWS) for i in range(COLUMNS - 2)
    }
    table["rain"] = random.gamma(random.gamma(0.3, 3), 1, ROWS)
    share = random.beta(8, 4)
    table["plan"] = random.choice(
        ["a", "b", "c"], ROWS, p=[share, (1 - share) / 2, (1 - share) / 2]
    )
    return table


def days(
    seed: int, count: int, change: Callable[[Table, int], None] = lambda table, day: None
) -> list[Table]:
    random = np.random.default_rng(seed)
    made = [honest_day(random) for _ in range(count)]
    for day, table in enumerate(made):
        change(table, day)
    return made


def profiles(
    seed: int, live: int, change: Callable[[Table, int], None] | None = None
) -> tuple[Calibration, list[Profile]]:
    """A calibration on 60 honest days and the profiles of the days after it."""
    made = days(seed, 60 + live, change or (lambda table, day: None))
    pooled = {n: np.concatenate([day[n] for day in made[:60]]) for n in made[0]}
    reference = Reference.fit(pooled)
    windows = [reference.profile(day) for day in made]
    return calibrate(windows[:60], RATE), windows[60:]


def verdicts(calibration: Calibration, windows: list[Profile]) -> list[Verdict]:
    scores = [calibration.scorer.score(window) for window in windows]
    return [
        judge(calibration, scores[max(0, i - 6) : i + 1], window)
        for i, window in enumerate(windows)
    ]


def test_the_budget_is_kept_on_days_that_differ_and_the_textbook_test_alarms_every_day() -> None:
    alarms = textbook = windows = 0
    for seed in range(16):
        calibration, live = profiles(seed, 30)
        alarms += sum(verdict.alarm for verdict in verdicts(calibration, live))
        total = calibration.scorer.total
        textbook += sum(judge_independent(total, window, 0.01).alarm for window in live)
        windows += len(live)
    assert textbook > 0.95 * windows
    assert alarms <= 1.5 * RATE * windows


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("x3", lambda table: table.__setitem__("x3", table["x3"] + 1.5)),
        (
            "x4",
            lambda table: table.__setitem__(
                "x4", np.where(np.arange(ROWS) % 5, table["x4"], np.nan)
            ),
        ),
        ("x5", lambda table: table.__setitem__("x5", np.full(ROWS, table["x5"][0]))),
        ("plan", lambda table: table["plan"].__setitem__(slice(0, 20), "z")),
    ],
    ids=["shift", "missing", "stuck", "new category"],
)
def test_a_change_is_found_within_a_week_and_its_column_blamed_first(
    column: str, change: Callable[[Table], None]
) -> None:
    found = 0
    for seed in range(5):
        calibration, live = profiles(
            seed, 27, lambda table, day: change(table) if day >= 80 else None
        )
        told = [verdict for verdict in verdicts(calibration, live)[20:] if verdict.alarm]
        found += bool(told) and told[0].columns[0].name == column
    assert found >= 4


def test_a_small_lasting_shift_is_found_by_evidence_over_several_days() -> None:
    def shift(table: Table, day: int) -> None:
        if day >= 80:
            table["x1"] = table["x1"] + 0.7

    found = 0
    for seed in range(5):
        calibration, live = profiles(seed, 30, shift)
        found += any(verdict.alarm for verdict in verdicts(calibration, live)[20:])
    assert found >= 4


def test_values_that_cannot_be_are_seen_at_once_where_days_differ_widely() -> None:
    """Humidity: nearly every value is a new one, and dry days and wet ones are all honest."""
    false = 0
    for seed in range(4):
        random = np.random.default_rng(seed)

        def another_unit(table: Table, day: int, random: np.random.Generator = random) -> None:
            usual = random.uniform(35, 95)
            table["x0"] = np.clip(random.normal(usual, 8, ROWS), 0, 100) * (
                1.609 if day > 79 else 1
            )

        calibration, live = profiles(seed, 22, another_unit)
        *before, first, second = verdicts(calibration, live)
        false += sum("x0" in [column.name for column in verdict.blamed] for verdict in before)
        told = {c.name: c for verdict in (first, second) for c in verdict.blamed}
        assert "out_of_range_share" in told["x0"].alarmed
    assert false <= 4


@pytest.mark.parametrize("times", [4, 10])
@pytest.mark.parametrize("differ", [0.2, 0.4])
@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_many_more_rows_neither_raise_false_alarms_nor_hide_drift(
    shift: float, differ: float, times: int
) -> None:
    alarms = windows = 0
    for seed in range(3):
        random = np.random.default_rng(seed)

        def day(rows: int, moved: float, random: np.random.Generator = random) -> Table:
            effects = random.normal(0, differ, 8)
            table: Table = {f"x{i}": random.normal(e, 1, rows) for i, e in enumerate(effects)}
            table["x0"] = table["x0"] + moved
            table["whole"] = np.round(10 + 4 * table.pop("x5"))
            table["rare"] = np.where(table["x6"] > 1, np.round(table.pop("x6"), 1), 0.0)
            table["plan"] = np.array(list("abcde"))[
                np.digitize(table.pop("x7"), [-1.0, 0.0, 0.7, 1.4])
            ]
            return table

        known = [day(ROWS, 0.0) for _ in range(60)]
        reference = Reference.fit({n: np.concatenate([d[n] for d in known]) for n in known[0]})
        calibration = calibrate([reference.profile(one) for one in known], RATE)
        live = [reference.profile(day(times * ROWS, shift)) for _ in range(26)]
        alarms += sum(verdict.alarm for verdict in verdicts(calibration, live)[6:])
        windows += 20
    if shift:
        assert alarms > 0.6 * windows
    else:
        assert alarms <= 2 * RATE * windows


def test_the_same_windows_give_the_same_calibration() -> None:
    first, live = profiles(1, 1)
    second, _ = profiles(1, 1)
    assert np.array_equal(first.thresholds, second.thresholds)
    assert verdicts(first, live) == verdicts(second, live)


def test_too_few_windows_are_refused() -> None:
    reference = Reference.fit({"x": np.arange(100.0)})
    with pytest.raises(ValueError, match=f"needs {MIN_WINDOWS} reference windows; found 5"):
        calibrate([reference.total] * 5, RATE)


def test_a_budget_beyond_what_the_reference_can_promise_is_said_in_words() -> None:
    made = days(0, 25)
    reference = Reference.fit({n: np.concatenate([day[n] for day in made]) for n in made[0]})
    windows = [reference.profile(day) for day in made]
    calibration = calibrate(windows, Budget(1, timedelta(days=365)).per_window(timedelta(days=1)))
    verdict = judge(calibration, [calibration.scorer.score(windows[0])], windows[0])
    assert "; 25 windows can promise one false alarm in 26, not one in 365" in verdict.note
    assert verdict.p_value >= 1 / 26


def test_a_constant_reference_column_alarms_when_it_is_constant_no_more() -> None:
    made = days(3, 40)
    for day in made:
        day["fixed"] = np.ones(ROWS)
    reference = Reference.fit({n: np.concatenate([day[n] for day in made]) for n in made[0]})
    calibration = calibrate([reference.profile(day) for day in made], RATE)
    changed = reference.profile({**made[0], "fixed": np.full(ROWS, 2.0)})
    verdict = judge(calibration, [calibration.scorer.score(changed)], changed)
    assert verdict.alarm
    assert verdict.columns[0].name == "fixed"
    assert not verdicts(calibration, [reference.profile(made[1])])[0].alarm


def test_what_is_too_small_to_matter_is_never_an_alarm() -> None:
    random = np.random.default_rng(0)
    rows = 100_000
    made = [{"x": random.normal(size=rows)} for _ in range(32)]
    reference = Reference.fit({"x": np.concatenate([day["x"] for day in made[:10]])})
    calibration = calibrate([reference.profile(day) for day in made[:30]], RATE)

    def alarms(shift: float) -> bool:
        window = reference.profile({"x": made[31]["x"] + shift})
        return judge(calibration, [calibration.scorer.score(window)], window).alarm

    assert alarms(0.08)
    assert not alarms(0.03)


def test_scores_stand_in_the_order_of_the_tests() -> None:
    reference = Reference.fit({"x": np.arange(50.0), "c": np.array(["a", "b"] * 25)})
    scorer, scores = score_own_windows([reference.total, reference.total])
    assert scores.scores.shape == (2, len(questions_of(reference.grids)))
    assert scorer.score(reference.total).effects.shape == (len(questions_of(reference.grids)),)


def test_a_rate_score_is_calm_about_first_hits_and_agrees_with_the_normal_law_for_many() -> None:
    assert rate_score(0, 0, 3, 10) == 0.0
    assert rate_score(1, 160, 0, 9600) < 3 < rate_score(4, 160, 0, 9600)
    assert rate_score(100, 1000, 1000, 10_000) == pytest.approx(0.0, abs=1e-9)
    assert rate_score(130, 1000, 1000, 10_000) == pytest.approx(2.99, abs=0.1)
    assert np.isfinite(rate_score(30, 30, 0, 10**9))
