"""Independent rows: the family-wise rate holds, and every size of window sees what matters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from driftline.alarms.judge import judge_independent
from driftline.reference import Reference


def honest(random: np.random.Generator) -> dict[str, np.ndarray[Any, Any]]:
    numbers = {f"x{i}": random.normal(size=1000) for i in range(10)}
    return {**numbers, **{f"c{i}": random.choice(list("abcdefgh"), 1000) for i in range(10)}}


def test_the_chance_of_any_false_alarm_is_at_most_the_rate_over_all_columns() -> None:
    random = np.random.default_rng(7)
    alarms = 0
    for _ in range(300):
        reference = Reference.fit(honest(random))
        alarms += judge_independent(reference.total, reference.profile(honest(random)), 0.05).alarm
    assert alarms <= 24  # 15 expected; more than 24 has probability below 0.01


@pytest.mark.parametrize("rows", [100, 10_000, 100_000])
def test_a_shift_of_most_of_a_standard_deviation_is_seen_at_every_size(rows: int) -> None:
    random = np.random.default_rng(rows)
    reference = Reference.fit({"x": random.normal(size=rows), "y": random.normal(size=rows)})
    current = {"x": random.normal(0.8, 1, rows), "y": random.normal(size=rows)}
    verdict = judge_independent(reference.total, reference.profile(current), 0.01)
    assert [column.name for column in verdict.blamed] == ["x"]
    assert verdict.method == "independent_rows"
    assert "needs 20 reference windows" in verdict.note


def test_missing_values_are_mass() -> None:
    random = np.random.default_rng(0)
    reference = Reference.fit({"x": random.normal(size=1000)})
    current = np.where(random.random(1000) < 0.9, np.nan, random.normal(size=1000))
    verdict = judge_independent(reference.total, reference.profile({"x": current}), 0.01)
    assert verdict.alarm
    assert verdict.columns[0].statistic == "missing_share"
    assert verdict.columns[0].effect == pytest.approx(0.9, abs=0.03)


def test_a_million_rows_do_not_make_a_trifle_an_alarm() -> None:
    random = np.random.default_rng(0)
    reference = Reference.fit({"x": random.normal(size=1_000_000)})
    current = reference.profile({"x": random.normal(0.01, 1, 1_000_000)})
    verdict = judge_independent(reference.total, current, 0.01)
    assert verdict.columns[0].p_value < 1e-6
    assert not verdict.alarm
