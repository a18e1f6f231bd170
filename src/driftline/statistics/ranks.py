"""Mean ranks of a numeric column's cells in the reference: what rank statistics are made of."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from driftline.profiles.grid import Floats
from driftline.profiles.summary import Summary


def mid_ranks(reference: Summary) -> Floats:
    """For each cell the share of the reference below it plus half of the share in it, minus 1/2.

    Between -1/2 and 1/2; the reference's own rows have mean 0.
    """
    below = np.cumsum(reference.counts) - reference.counts / 2
    ranks: Floats = below / reference.present - 0.5
    return ranks


def mean_difference(reference: Summary, current: Summary, marks: Floats) -> tuple[float, float]:
    """Mean of `marks` (one per cell) over current minus over reference, and its standard error if
    rows were independent (0 when the reference has no spread)."""
    n, m = reference.present, current.present
    p, q = reference.counts / n, current.counts / m
    centre = float(p @ marks)
    spread = float(p @ (marks - centre) ** 2)
    return float(q @ marks) - centre, float(np.sqrt(max(0.0, spread) * (1 / n + 1 / m)))


def normal_p(difference: float, error: float) -> float:
    """Two-sided p-value of a difference with a standard error; 1 when there is no spread."""
    return float(2 * ndtr(-abs(difference) / error)) if error > 0 else 1.0
