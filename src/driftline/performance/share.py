"""The part of the false-alarm budget that performance may spend, and the level that keeps it.

Spans overlap: one of 7 days that is judged every day has six days in common with the one before,
and a bad week alarms on several days in a row. What the owner counts is how often an alarm begins.
Without a drop the difference of the two spans' means is nearly normal, with a correlation from one
day to the next that follows from the spans' lengths alone. So the chance that it is beyond a bound
today and was not yesterday can be computed, and the bound chosen at which that is the part of the
budget.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache

import numpy as np
from scipy.special import ndtr, ndtri

from driftline.performance.spans import BLOCK

PART = 0.2
"""Part of a model's budget that is for performance, where it has labels; the rest is for drift."""

EARLY = 0.25
"""Part of it that is for the short looks together."""

WIDEST = 0.9999
NARROWEST = 0.9


@dataclass(frozen=True)
class Spans:
    """How a model's performance is judged: lengths of the two spans and of one window."""

    current: timedelta
    baseline: timedelta
    window: timedelta

    @property
    def block(self) -> timedelta:
        """A day, or a window that is longer."""
        return max(BLOCK, self.window)

    @property
    def resemblance(self) -> float:
        """Correlation of the difference of both spans' means with that of a block before.

        >>> day = timedelta(days=1)
        >>> round(Spans(7 * day, 30 * day, day).resemblance, 3)
        0.851
        """
        now, before = self.current / self.block, self.baseline / self.block
        shared = max(0.0, now - 1) / now**2 + max(0.0, before - 1) / before**2
        return max(0.0, (shared - 1 / (now * before)) / (1 / now + 1 / before))


@cache
def level_for(rate: float, spans: Spans) -> float:
    """Confidence of the two-sided intervals at which alarms begin, without a drop, in a share
    `rate` of blocks (0 to 1) at most.

    >>> day = timedelta(days=1)
    >>> round(level_for(0.2 / 30, Spans(7 * day, 30 * day, day)), 2)
    0.98
    """
    low, high = (1 - WIDEST) / 2, (1 - NARROWEST) / 2
    for _ in range(40):
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if _beginnings(middle, spans) > rate else (middle, high)
    return 1 - 2 * low


def _beginnings(tail: float, spans: Spans) -> float:
    """How often a value is beyond the bound that a share `tail` is beyond, and the one before it
    is not."""
    bound, likeness = float(ndtri(1 - tail)), spans.resemblance
    steps = np.linspace(bound, bound + 8, 400)
    density = np.exp(-(steps**2) / 2) / np.sqrt(2 * np.pi)
    below = ndtr((bound - likeness * steps) / np.sqrt(1 - likeness**2))
    return float(np.trapezoid(density * below, steps))
