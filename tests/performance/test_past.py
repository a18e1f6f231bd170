"""Many spans of one past: the same answers as from its windows one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from driftline.performance.judge import PerformancePolicy, judge_span
from driftline.performance.past import Past
from driftline.profiles.joined import outcomes_of
from driftline.profiles.outcomes import Outcomes
from driftline.windows import Window

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
START = datetime(2026, 3, 1, tzinfo=UTC)


def outcomes(random: np.random.Generator, rows: int = 20) -> Outcomes:
    score = random.random(rows)
    labels = [int(v) if random.random() < 0.8 else None for v in random.random(rows) < score]
    table = pa.table({"score": score, "prediction": (score > 0.5).astype(int), "label": labels})
    return outcomes_of("binary", table)


@pytest.fixture(scope="module")
def windows() -> list[tuple[Window, Outcomes]]:
    """Twenty days of hours, some of them without rows."""
    random = np.random.default_rng(3)
    hours = [number for number in range(20 * 24) if random.random() < 0.9]
    return [(Window(START + n * HOUR, START + (n + 1) * HOUR), outcomes(random)) for n in hours]


@pytest.mark.parametrize("hour", [0, 1, 13, 23])
def test_a_span_is_judged_the_same_from_whole_days(
    windows: list[tuple[Window, Outcomes]], hour: int
) -> None:
    past, policy, now = Past(tuple(windows)), PerformancePolicy(), START + 20 * DAY
    for days in (17, 19):
        end = START + days * DAY + hour * HOUR
        span = Window(end - 6 * DAY, end)
        spans = span, Window(span.start - 10 * DAY, span.start)
        pooled = past.cut_at([spans[1].start, span.start, span.end])
        assert len(pooled) < len(windows) / 4
        one_by_one = judge_span(windows, windows, spans, policy, "binary", now)
        assert judge_span(pooled, pooled, spans, policy, "binary", now) == one_by_one
        assert past.counts(span) == (one_by_one.rows, one_by_one.labelled)


def test_days_and_longer_windows_stay_as_they_are() -> None:
    random = np.random.default_rng(4)
    days = tuple((Window(START + n * DAY, START + (n + 1) * DAY), outcomes(random)) for n in (0, 2))
    assert Past(days).cut_at([START + HOUR]) == list(days)
    assert Past(()).cut_at([]) == []
    assert Past(()).counts(days[0][0]) == (0, 0)
