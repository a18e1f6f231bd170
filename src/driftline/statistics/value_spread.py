"""Value spread: whether the values of one window lie further apart than before."""

from __future__ import annotations

import numpy as np

from driftline.profiles.summary import Summary
from driftline.statistics import statistic
from driftline.statistics.ranks import mid_ranks


@statistic(kinds=("numeric",), low=-0.25, high=0.25, unit="squared rank")
def value_spread(reference: Summary, current: Summary) -> float:
    """How much further apart the current values lie, in the order of the reference's values.

    Formula: variance over current rows of F(x) minus its variance over reference rows, F the
    reference's mid-distribution function.

    Unlike `rank_spread` it is taken about the current rows' own mean: a sensor that is stuck at a
    value far from the middle has lost its spread all the same.

    Binning: the cells of the grid, as for `mean_rank`.

    Range: -1/12 (a single value, of a continuous reference) to 1/6, within -0.25 to 0.25 for any
    reference. Missing values take no part. Empty side: nan.

    Source: Mood (1954), On the asymptotic efficiency of certain nonparametric two-sample tests,
    with the current mean in the place of the median.

    The marks of 1 and 2 are -1/4 and 1/4, of variance 1/16; a single value has none.

    >>> grid = NumericGrid(np.array([1.0, 2.0]))            # cells <1 =1 (1,2) =2 >2
    >>> reference = Summary(grid, np.array([0, 1, 0, 1, 0]))
    >>> current = Summary(grid, np.array([0, 5, 0, 0, 0]))
    >>> value_spread(reference, current)
    -0.0625
    """
    ranks = mid_ranks(reference)
    spreads = []
    for summary in (reference, current):
        share = summary.counts / summary.present
        mean = float(share @ ranks)
        spreads.append(float(share @ (ranks - mean) ** 2))
    return float(np.clip(spreads[1] - spreads[0], -0.25, 0.25))
