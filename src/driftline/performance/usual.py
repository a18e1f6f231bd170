"""The usual days of a baseline: without its last ones, when a drop had begun there already.

A baseline ends where the current span begins, and a drop may be older than the current span. Its
first days then make the baseline's days seem to differ wildly, and every interval as wide as the
drop is deep.
"""

from __future__ import annotations

import statistics

from driftline.performance import Metric
from driftline.performance.intervals import FEW_BLOCKS
from driftline.performance.spans import Span

FAR = 3.0
"""Standard deviations, by the median of the distances from the median, that no usual day is off."""

_OF_NORMAL = 1.4826


def before_the_drop(metric: Metric, baseline: Span, least: float) -> Span:
    """The baseline without the days in a row at its end that are worse than its median by `least`
    (a share) and by `FAR` deviations; the baseline itself when there are none or few others."""
    values = [metric(block) for block in baseline.blocks]
    known = [value for value in values if value is not None]
    if len(known) < 2 * FEW_BLOCKS:
        return baseline
    middle = statistics.median(known)
    usual = FAR * _OF_NORMAL * statistics.median(abs(value - middle) for value in known)
    kept = len(values)
    while kept and _is_worse(metric, values[kept - 1], middle, (least, usual)):
        kept -= 1
    if kept == len(values) or kept < FEW_BLOCKS:
        return baseline
    total = baseline.total
    for block in baseline.blocks[kept:]:
        total = total - block
    return Span(total, baseline.blocks[:kept])


def _is_worse(
    metric: Metric, value: float | None, middle: float, bounds: tuple[float, float]
) -> bool:
    drop = metric.drop(value, middle)
    if drop is None:
        return False
    least, usual = bounds
    return drop >= least and drop * abs(middle) > usual
