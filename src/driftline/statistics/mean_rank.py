"""Mean rank: whether a numeric column's values have moved up or down."""

from __future__ import annotations

from driftline.profiles.summary import Summary
from driftline.statistics import statistic
from driftline.statistics.ranks import mean_difference, mid_ranks, normal_p


def _p_value(reference: Summary, current: Summary) -> float:
    return normal_p(*mean_difference(reference, current, mid_ranks(reference)))


@statistic(kinds=("numeric",), low=-0.5, high=0.5, unit="rank", test=_p_value)
def mean_rank(reference: Summary, current: Summary) -> float:
    """How far the current values have moved in the order of the reference's values: the probability
    that a current value is above a reference value (ties count half), minus 1/2.

    Formula: the mean over current rows of F(x) - 1/2, F the reference's mid-distribution function;
    the Mann-Whitney statistic on another scale, without its assumption of equal shapes.

    Binning: the cells of the grid; values that share a cell count as ties. Exact when the grid
    holds every distinct value.

    Test: two-sided normal approximation with the reference's spread of ranks on both sides.

    Range: -0.5 (every current value below all of the reference) to 0.5; 0 without a shift. Not
    moved by outliers. Missing values take no part. Empty side: nan, p = 1.

    Source: Mann & Whitney (1947); Ruymgaart (1980) for mid-ranks.

    Reference 1, 2 against current 2, 2: P(above) = 3/4, so the value is 1/4.

    >>> grid = NumericGrid(np.array([1.0, 2.0]))            # cells <1 =1 (1,2) =2 >2
    >>> reference = Summary(grid, np.array([0, 1, 0, 1, 0]))
    >>> current = Summary(grid, np.array([0, 0, 0, 2, 0]))
    >>> mean_rank(reference, current)
    0.25
    """
    return mean_difference(reference, current, mid_ranks(reference))[0]
