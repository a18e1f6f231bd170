"""The part of the budget that performance has, short looks, and what drop would be seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from driftline.performance import metrics
from driftline.performance.detectable import detectable
from driftline.performance.judge import PerformancePolicy, judge_span
from driftline.performance.share import Spans, level_for
from driftline.performance.spans import span_of
from driftline.performance.usual import before_the_drop
from driftline.profiles.outcomes import Outcomes
from driftline.records import PerformanceResult
from driftline.windows import Window

MakeDays = Callable[..., list[tuple[Window, Outcomes]]]
DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
USUAL = Spans(7 * DAY, 30 * DAY, DAY)
STEADY = [160, 164, 156, 162, 158, 161, 159, 163, 157, 160]
ACCURACY = metrics()["accuracy"]


def judged(days: Sequence[tuple[Window, Outcomes]], baseline: int) -> PerformanceResult:
    """The newest seven days against the `baseline` days before them."""
    end = days[-1][0].end
    span = Window(end - 7 * DAY, end)
    before = Window(span.start - baseline * DAY, span.start)
    return judge_span(days, days, (span, before), PerformancePolicy(), "binary", end)


def beginnings(level: float, spans: Spans, blocks: int) -> float:
    """How often the difference of two sliding means of noise begins to be beyond its bound."""
    now, before = spans.current // DAY, spans.baseline // DAY
    noise = np.random.default_rng(1).normal(size=blocks)
    total = np.concatenate([[0.0], np.cumsum(noise)])
    ends = np.arange(now + before, blocks)
    current = (total[ends] - total[ends - now]) / now
    baseline = (total[ends - now] - total[ends - now - before]) / before
    from scipy.special import ndtri

    beyond = current - baseline > ndtri((1 + level) / 2) * np.sqrt(1 / now + 1 / before)
    return float(np.mean(beyond[1:] & ~beyond[:-1]))


@pytest.mark.parametrize("spans", [USUAL, Spans(3 * DAY, 14 * DAY, DAY), Spans(DAY, 30 * DAY, DAY)])
@pytest.mark.parametrize("rate", [0.02, 0.005])
def test_alarms_begin_as_often_as_the_budget_allows(spans: Spans, rate: float) -> None:
    found = beginnings(level_for(rate, spans), spans, 400_000)
    assert found == pytest.approx(rate, rel=0.1)


def test_a_smaller_budget_needs_wider_intervals() -> None:
    levels = [level_for(rate, USUAL) for rate in (0.03, 0.01, 0.001)]
    assert levels == sorted(levels)


def test_a_great_drop_is_seen_on_its_first_day(share_days: MakeDays) -> None:
    result = judged(share_days([*STEADY * 3, *STEADY[:6], 120]), 30)
    assert not result.metrics["accuracy"].alarm
    assert result.alarm
    assert result.early is not None
    assert result.early.span.length == DAY
    assert result.early.change.drop == pytest.approx(0.25, abs=0.01)
    assert result.severity == "critical"


def test_three_bad_days_are_seen_before_a_week_is_over(share_days: MakeDays) -> None:
    worse = [number - 16 for number in STEADY[:3]]
    result = judged(share_days([*STEADY * 3, *STEADY[:4], *worse]), 30)
    assert result.early is not None
    assert result.early.span.length <= 3 * DAY


def test_a_day_as_bad_as_some_before_is_no_news(share_days: MakeDays) -> None:
    usual = [*STEADY[:9], 120]
    result = judged(share_days([*usual * 3, *STEADY[:6], 120]), 30)
    assert not result.alarm


def test_days_before_the_baseline_tell_what_is_usual_too(share_days: MakeDays) -> None:
    stormy = [*STEADY[:9], 120] * 4
    result = judged(share_days([*stormy, *STEADY, *STEADY[:6], 120]), 10)
    assert not result.alarm


def test_few_labels_of_the_newest_day_say_nothing(share_days: MakeDays) -> None:
    days = share_days([*STEADY * 3, *STEADY[:6], 120])
    window, _ = days[-1]
    (_, few), *_ = share_days([35], rows=50)
    assert judged([*days[:-1], (window, few)], 30).early is None


def test_more_labels_and_more_days_see_smaller_drops(share_days: MakeDays) -> None:
    random = np.random.default_rng(0)

    def found(rows: int) -> list[float]:
        days = share_days(random.binomial(rows, 0.8, 30).tolist(), rows=rows)
        seen = detectable(ACCURACY, span_of(days, days[0][1] - days[0][1]), 7, PerformancePolicy())
        assert seen is not None
        assert (seen.labels, list(seen.drops)) == (rows, [1, 3, 7])
        return list(seen.drops.values())

    few, many = found(50), found(5000)
    assert few == sorted(few, reverse=True)
    assert all(small < large for small, large in zip(many, few, strict=True))
    assert min(many) >= 0.05, "a smaller drop is no alarm"


def test_a_drop_of_the_size_that_is_promised_is_found_four_times_in_five(
    share_days: MakeDays,
) -> None:
    random = np.random.default_rng(3)
    hits = 0
    for _ in range(60):
        right = random.binomial(100, 0.8, 30)
        days = share_days([*right, *[0] * 7], rows=100)
        baseline = span_of(days[:30], days[0][1] - days[0][1])
        seen = detectable(ACCURACY, baseline, 7, PerformancePolicy())
        assert seen is not None
        worse = random.binomial(100, seen.value * (1 - seen.drops[7]), 7)
        hits += judged(share_days([*right, *worse], rows=100), 30).alarm
    assert hits >= 40


def test_days_of_a_drop_at_the_end_of_a_baseline_do_not_tell_what_would_be_seen(
    share_days: MakeDays,
) -> None:
    def promised(right: list[int]) -> float:
        days = share_days(right)
        baseline = span_of(days, days[0][1] - days[0][1])
        usual = before_the_drop(ACCURACY, baseline, 0.05)
        seen = detectable(ACCURACY, usual, 7, PerformancePolicy())
        assert seen is not None
        return seen.drops[7]

    steady = STEADY * 3
    assert promised([*steady[:25], *[100] * 5]) == promised(steady[:25])
    days = share_days(steady)
    whole = span_of(days, days[0][1] - days[0][1])
    assert before_the_drop(ACCURACY, whole, 0.05) is whole
