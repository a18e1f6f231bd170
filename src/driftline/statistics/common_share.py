"""Common share: how much the share of one of the commonest categories has changed."""

from __future__ import annotations

import numpy as np

from driftline.profiles.summary import Summary
from driftline.statistics import statistic

COMMON = 6
"""How many of the reference's categories, from the commonest on, are looked at one by one."""


@statistic(kinds=("categorical",), unit="share of rows", symmetric=True)
def common_share(reference: Summary, current: Summary) -> float:
    """The greatest change in the share of rows of one of the reference's six commonest categories.

    Formula: max over i of |p_i - q_i|, i the first six categories of the grid.

    Rows that go from one common category to another are hidden in a distance over all categories
    when there are many of them; the share of each common one shows them.

    Range: 0 to 1. Missing values take no part. Empty side: nan.

    Source: none; it is the plain difference of shares.

    Shares 3/4, 1/4 against 1/2, 1/2: each differs by 1/4.

    >>> grid = CategoricalGrid(("a", "b"))                  # cells a, b, other, unseen
    >>> reference = Summary(grid, np.array([30, 10, 0, 0]))
    >>> current = Summary(grid, np.array([20, 20, 0, 0]))
    >>> common_share(reference, current)
    0.25
    """
    common = slice(min(COMMON, len(reference.counts) - 2))
    p, q = reference.counts[common] / reference.present, current.counts[common] / current.present
    return float(np.abs(p - q).max(initial=0.0))
