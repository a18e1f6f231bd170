"""Rank spread: whether a numeric column's values lie further out, or closer in, than before."""

from __future__ import annotations

from driftline.profiles.summary import Summary
from driftline.statistics import statistic
from driftline.statistics.ranks import mean_difference, mid_ranks, normal_p


def _p_value(reference: Summary, current: Summary) -> float:
    return normal_p(*mean_difference(reference, current, mid_ranks(reference) ** 2))


@statistic(kinds=("numeric",), low=-0.25, high=0.25, unit="squared rank", test=_p_value)
def rank_spread(reference: Summary, current: Summary) -> float:
    """How much further from the reference's median the current values lie, in the order of the
    reference's values.

    Formula: mean over current rows of (F(x) - 1/2)^2 minus its mean over reference rows, F the
    reference's mid-distribution function (Mood's statistic on another scale).

    Binning: the cells of the grid, as for `mean_rank`.

    Test: two-sided normal approximation with the reference's spread on both sides.

    Range: -1/12 (every value at the median of a continuous reference) to 1/6 (every value beyond
    its ends), within -0.25 to 0.25 for any reference; 0 when nothing has changed. Missing values
    take no part. Empty side: nan, p = 1.

    Source: Mood (1954), On the asymptotic efficiency of certain nonparametric two-sample tests.

    Marks of 1 and 2 are 1/16 each; of the cell above 2, 1/4. Reference 1, 2 has mean 1/16; current
    2, 9 has mean (1/16 + 1/4) / 2 = 5/32, so the value is 3/32.

    >>> grid = NumericGrid(np.array([1.0, 2.0]))            # cells <1 =1 (1,2) =2 >2
    >>> reference = Summary(grid, np.array([0, 1, 0, 1, 0]))
    >>> current = Summary(grid, np.array([0, 0, 0, 1, 1]))
    >>> rank_spread(reference, current)
    0.09375
    """
    return mean_difference(reference, current, mid_ranks(reference) ** 2)[0]
