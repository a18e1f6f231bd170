"""Intervals of a metric and of its drop, with days as blocks.

Rows of one day depend on each other (they share its weather, its customers, its campaigns), so an
interval from the number of rows is too narrow. Here the days themselves show how far a metric
moves: each day is left out in turn, which costs a subtraction. Nothing is drawn at random.

- Variance: the delete-one-block jackknife for blocks of different sizes (Busing, Meijer and
  van der Leeden 1999, "Delete-m jackknife for unequal m").
- Days in a row resemble each other: the variance grows by the effective number of days, from the
  first autocorrelation of the jackknife's pseudo-values, where it is positive and the longer span
  has at least 10 days.
- Interval of a drop: Student's t and the delta method, with the day-to-day variance pooled over
  both spans. A change that begins within the current span makes its own days differ, and should not
  hide itself.
- Interval of the metric: Student's t with the span's own day-to-day variance or the pooled one,
  whichever is greater: a week without a storm does not show how much storms matter.
- A span with fewer than 5 days borrows the day-to-day variance of the other span. When both have
  fewer, rows are taken as independent (`driftline.performance.independent_rows`), which is too
  narrow if days differ; metrics for which that is unknown get no interval, and so no alarm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtrit

from driftline.performance import Metric
from driftline.performance.independent_rows import rows_variance
from driftline.performance.persistence import inflation, persistence_of
from driftline.performance.spans import Span
from driftline.profiles.grid import Floats
from driftline.records import MetricChange

FEW_BLOCKS = 5

Interval = tuple[float | None, float | None]
NO_INTERVAL: Interval = (None, None)


@dataclass(frozen=True)
class Estimate:
    """A metric over a span and how exactly it is known.

    Attributes:
        value: the metric.
        spread: variance of the metric of one block.
        blocks: how many of them the span is worth; not always a whole number.
        inflation: how much more the mean of such blocks varies than if they were independent.
        freedom: degrees of freedom of `spread`.
        own: whether `spread` is of this span's own blocks.
    """

    value: float
    spread: float
    blocks: float
    inflation: float
    freedom: float
    own: bool = True

    @property
    def variance(self) -> float:
        return self.spread * self.share

    @property
    def share(self) -> float:
        """Variance of `value` over that of one block."""
        return self.inflation / self.blocks

    def interval(self, level: float, low: float, high: float) -> tuple[float, float]:
        """Two-sided interval of confidence `level`, cut to [low, high]."""
        reach = _reach(level, self.freedom, self.variance)
        return max(low, self.value - reach), min(high, self.value + reach)


def change(
    metric: Metric,
    current: Span,
    baseline: Span,
    level: float,
    history: Sequence[Span] = (),
    usual: Span | None = None,
) -> MetricChange:
    """One metric of both spans, its drop, and intervals of confidence `level`; `alarm` is False.

    `history` are earlier spans, which tell better than one alone how much days resemble the day
    before. `usual` is the part of the baseline that tells how much days differ; None: all of it.
    """
    now, before = metric(current.total), metric(baseline.total)
    drop = metric.drop(now, before)
    of_now, of_before = estimates(metric, current, usual or baseline, history)
    if of_before is not None and before is not None:
        of_before = replace(of_before, value=before)
    low, high = drop_low, drop_high = NO_INTERVAL
    if of_now is not None:
        pooled = _pooled(of_now, of_before)
        wider = max(of_now, pooled, key=lambda estimate: estimate.spread)
        low, high = wider.interval(level, metric.low, metric.high)
        if drop is not None and of_before is not None:
            drop_low, drop_high = _drop_interval(drop, pooled, of_before, level)
    return MetricChange(now, before, drop, low, high, drop_low, drop_high, alarm=False)


def estimates(
    metric: Metric, current: Span, baseline: Span, history: Sequence[Span] = ()
) -> tuple[Estimate | None, Estimate | None]:
    """The metric's estimate over both spans; None where it or its variance is undefined."""
    pseudo = pseudo_values(metric, current), pseudo_values(metric, baseline)
    longer = max(pseudo, key=lambda values: 0 if values is None else len(values))
    persistence = persistence_of([longer, *(pseudo_values(metric, span) for span in history)])
    own = (
        _from_blocks(metric, current, pseudo[0], persistence),
        _from_blocks(metric, baseline, pseudo[1], persistence),
    )
    return (
        own[0] or _without_blocks(metric, current, baseline, own[1]),
        own[1] or _without_blocks(metric, baseline, current, own[0]),
    )


def pseudo_values(metric: Metric, span: Span) -> Floats | None:
    """One value per block, whose weighted mean is the jackknife's estimate of the metric.

    None with fewer than 5 blocks, or when the metric is undefined without one of them.
    """
    value = metric(span.total)
    if value is None or len(span.blocks) < FEW_BLOCKS:
        return None
    left = [metric(rest) for rest in span.without]
    defined = np.array([v for v in left if v is not None])
    if len(defined) < len(left):
        return None
    ratio = _ratios(span)
    pseudo: Floats = ratio * value - (ratio - 1) * defined
    return pseudo


def _ratios(span: Span) -> Floats:
    """Labelled rows of the span over those of each block."""
    return span.total.labelled / np.array([block.labelled for block in span.blocks], np.float64)


def _from_blocks(
    metric: Metric, span: Span, pseudo: Floats | None, persistence: float
) -> Estimate | None:
    value = metric(span.total)
    if value is None or pseudo is None:
        return None
    ratio = _ratios(span)
    centre = float(np.sum(pseudo / ratio))
    variance = float(np.mean((pseudo - centre) ** 2 / (ratio - 1)))
    blocks = len(pseudo)
    return Estimate(value, variance * blocks, blocks, inflation(persistence, blocks), blocks - 1)


def _without_blocks(
    metric: Metric, span: Span, other: Span, of_other: Estimate | None
) -> Estimate | None:
    """The estimate of a span with too few blocks of its own."""
    value = metric(span.total)
    if value is None:
        return None
    if of_other is not None:
        size = span.total.labelled / other.total.labelled
        return replace(of_other, value=value, blocks=of_other.blocks * size, own=False)
    variance = rows_variance(metric, span.total)
    rows = span.total.labelled
    return None if variance is None else Estimate(value, variance * rows, rows, 1.0, rows - 1)


def _pooled(now: Estimate, before: Estimate | None) -> Estimate:
    """`now` with the spread of both spans' blocks."""
    known = [estimate for estimate in (now, before) if estimate is not None and estimate.own]
    freedom = sum(estimate.freedom for estimate in known)
    spread = sum(estimate.freedom * estimate.spread for estimate in known) / freedom
    return replace(now, spread=spread, freedom=freedom)


def _drop_interval(
    drop: float, pooled: Estimate, before: Estimate, level: float
) -> tuple[float, float]:
    shares = pooled.share + before.share * (pooled.value / before.value) ** 2
    reach = _reach(level, pooled.freedom, pooled.spread * shares / before.value**2)
    return drop - reach, drop + reach


def _reach(level: float, freedom: float, variance: float) -> float:
    return float(stdtrit(freedom, (1 + level) / 2)) * math.sqrt(variance)
