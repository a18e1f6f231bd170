"""PSI: the population stability index."""

from __future__ import annotations

import numpy as np

from driftline.profiles.summary import Summary
from driftline.statistics import statistic
from driftline.statistics.bins import shares

FLOOR = 1e-4
"""Least share of a bin: an empty bin would make the index infinite."""


@statistic(high=np.inf, unit="nats")
def psi(reference: Summary, current: Summary) -> float:
    """The population stability index: how much the shares of rows per bin have moved.

    Formula: PSI = sum over bins of (q - p) ln(q / p), p and q the shares of reference and current.

    Binning: numeric columns by the deciles of the *reference*, the first and last open to the
    outside; a value so common that it fills whole deciles leaves fewer than ten bins (a constant
    reference has one, and its PSI is always 0). Categorical columns by category, with a bin for the
    reference's other categories and one for unseen ones. Bins empty on both sides are left out.

    Floor: a share below 0.0001 counts as 0.0001, so an emptied bin adds about share x ln(share /
    0.0001) and not infinity.

    Range: 0 upwards, at most 18.5 (all rows gone from one bin to another). Custom calls less than
    0.1 stable and more than 0.25 a shift, but without drift PSI is about (bins - 1) (1/n + 1/m): a
    fixed limit alarms on small windows and sleeps on large ones. Missing values take no part. Empty
    side: nan.

    Source: Kullback & Leibler (1951) (it is their symmetric divergence); Siddiqi (2006), Credit
    Risk Scorecards.

    Shares 1/2, 1/2 against 1/4, 3/4: PSI = -1/4 ln(1/2) + 1/4 ln(3/2) = 1/4 ln 3 = 0.2747.

    >>> grid = CategoricalGrid(("a", "b"))                  # cells a, b, other, unseen
    >>> reference = Summary(grid, np.array([20, 20, 0, 0]))
    >>> current = Summary(grid, np.array([10, 30, 0, 0]))
    >>> round(psi(reference, current), 4)
    0.2747
    """
    p, q = shares(reference, current)
    p, q = np.maximum(p, FLOOR), np.maximum(q, FLOOR)
    return float(np.sum((q - p) * np.log(q / p)))
