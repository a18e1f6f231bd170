"""How large a drop of the watched metric must be to be seen, and how soon, with what labels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from scipy.special import stdtrit

from driftline.performance import Metric
from driftline.performance.intervals import Estimate, estimates, pseudo_values
from driftline.performance.judge import PerformancePolicy
from driftline.performance.looks import LOOKS, MARGIN, Before
from driftline.performance.persistence import inflation, persistence_of
from driftline.performance.spans import Span

LIKELY = 0.84
"""Standard deviations above what alarms at which a drop is seen four times in five."""


@dataclass(frozen=True)
class Detectable:
    """Drops that would be seen, four times in five.

    Attributes:
        metric: what is watched.
        value: its value in the baseline.
        labels: labelled rows a block (a day, or a longer window).
        drops: the relative drop, by the number of blocks within which it is seen.
        per: what a block is called.
    """

    metric: str
    value: float
    labels: float
    drops: Mapping[int, float]
    per: str = "day"


def detectable(
    metric: Metric, baseline: Span, current: int, policy: PerformancePolicy
) -> Detectable | None:
    """What would be seen against this baseline when the current span is of `current` blocks.

    None when the metric or its variance is undefined there, or it is 0.
    """
    before, _ = estimates(metric, baseline, baseline)
    if before is None or not before.value or not baseline.blocks:
        return None
    persistence = persistence_of([pseudo_values(metric, baseline)])
    per_block = before.blocks / len(baseline.blocks)

    def needed(blocks: int, level: float, least: float) -> float:
        of_span = replace(
            before, blocks=blocks * per_block, inflation=inflation(persistence, blocks)
        )
        error = _error(of_span, before)
        bound = float(stdtrit(before.freedom, (1 + level) / 2)) * error
        return max(least, bound) + LIKELY * error

    whole = needed(current, policy.level, policy.drop)
    known = Before(baseline)
    drops: dict[int, float] = {}
    for blocks in sorted({*LOOKS, current}):
        if blocks > current:
            continue
        found = [whole * current / blocks]
        for look in LOOKS:
            worst = known.worst(metric, look)
            if look <= blocks and look < current and worst is not None:
                least = max(policy.drop, MARGIN * worst)
                found.append(needed(look, policy.early_level, least))
        drops[blocks] = min(found)
    labels = baseline.total.labelled / len(baseline.blocks)
    return Detectable(metric.name, before.value, labels, drops)


def _error(now: Estimate, before: Estimate) -> float:
    """Standard error of the relative drop between two spans whose blocks differ alike."""
    return math.sqrt(before.spread * (now.share + before.share)) / abs(before.value)
