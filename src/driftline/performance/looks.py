"""Looks at less than the whole current span: a large drop should not wait until it fills a week.

The newest day and the newest three (blocks) are compared with the baseline as well. One day is
little to go by, and single days have tails that no interval knows: one in ten may be bad. So a
short look alarms only when, besides the interval, the drop is by MARGIN greater than that of every
run of as many days in the baseline and what is known of the time before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from driftline.performance import Metric
from driftline.performance.intervals import change
from driftline.performance.spans import Span
from driftline.profiles.outcomes import Outcomes
from driftline.records import MetricChange

LOOKS = (1, 3)
"""Blocks of the short looks."""

MARGIN = 1.5
"""How much greater than the worst seen before a drop must be, to be news in a short look."""


@dataclass(frozen=True)
class Before:
    """What a short look is compared with: the baseline, and spans before it."""

    baseline: Span
    history: Sequence[Span] = ()

    def worst(self, metric: Metric, blocks: int) -> float | None:
        """The greatest drop of any run of `blocks` days against the baseline; None when there are
        no such runs, or the metric is undefined in all of them."""
        value = metric(self.baseline.total)
        drops = [
            metric.drop(metric(run), value)
            for span in (self.baseline, *self.history)
            for run in _runs(span.blocks, blocks)
        ]
        return max((drop for drop in drops if drop is not None), default=None)


def seen_early(
    metric: Metric, newest: Span, before: Before, blocks: int, level: float
) -> MetricChange | None:
    """The change over the newest `blocks` days when it is certain and beyond all that was seen
    before; None when not."""
    found = change(metric, newest, before.baseline, level, before.history)
    worst = before.worst(metric, blocks)
    if found.drop is None or found.drop_low is None or worst is None:
        return None
    certain = found.drop_low > 0 and found.drop > MARGIN * max(0.0, worst)
    return found if certain else None


def _runs(blocks: Sequence[Outcomes], length: int) -> list[Outcomes]:
    """The outcomes of every `length` neighbours, pooled."""
    runs = []
    for i in range(len(blocks) - length + 1):
        total = blocks[i]
        for block in blocks[i + 1 : i + length]:
            total = total + block
        runs.append(total)
    return runs
