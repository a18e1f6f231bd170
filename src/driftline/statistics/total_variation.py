"""Total variation: the share of rows that would have to change category."""

from __future__ import annotations

import numpy as np

from driftline.profiles.summary import Summary
from driftline.statistics import statistic


@statistic(kinds=("categorical",), unit="share of rows", symmetric=True)
def total_variation(reference: Summary, current: Summary) -> float:
    """The total variation distance of a categorical column: the share of rows that would have to
    move to another category to make the two sides equal. A size of effect, without a test.

    Formula: 1/2 sum over categories of |p - q|.

    Binning: a cell per category, one for the reference's other categories, one for unseen ones.

    Range: 0 (the same shares) to 1 (no category in common). Without drift it is about
    sqrt((k - 1) (1/n + 1/m)) x 0.4 for k equally common categories: small windows look further away
    than they are. Missing values take no part. Empty side: nan.

    Source: Levin & Peres (2017), Markov Chains and Mixing Times, chapter 4.

    Shares 3/4, 1/4 against 1/2, 1/2: a quarter of the rows has moved.

    >>> grid = CategoricalGrid(("a", "b"))                  # cells a, b, other, unseen
    >>> reference = Summary(grid, np.array([30, 10, 0, 0]))
    >>> current = Summary(grid, np.array([20, 20, 0, 0]))
    >>> total_variation(reference, current)
    0.25
    """
    p = reference.counts / reference.present
    q = current.counts / current.present
    return min(1.0, float(np.abs(p - q).sum() / 2))
