"""Kolmogorov-Smirnov: the greatest distance between two distribution functions."""

from __future__ import annotations

import numpy as np

from driftline.profiles.summary import Summary
from driftline.statistics import statistic


def _p_value(reference: Summary, current: Summary) -> float:
    from scipy.stats import kstwo

    n, m = reference.present, current.present
    effective = round(n * m / (n + m))
    if effective == 0:
        return 1.0
    return float(kstwo.sf(_distance(reference, current), effective))


def _distance(reference: Summary, current: Summary) -> float:
    f = np.cumsum(reference.counts) / reference.present
    g = np.cumsum(current.counts) / current.present
    return float(np.abs(f - g).max())


@statistic(kinds=("numeric",), unit="share of rows", symmetric=True, test=_p_value)
def kolmogorov_smirnov(reference: Summary, current: Summary) -> float:
    """The Kolmogorov-Smirnov distance of a numeric column: the greatest difference, at any value x,
    between the shares of rows at or below x.

    Formula: D = max over x of |F(x) - G(x)|, F and G the distribution functions of reference and
    current. 0: the same distribution; 1: no overlap.

    Binning: none of its own. F and G are compared just before and at every point of the grid. F is
    constant between points when the grid holds every distinct value of the reference (at most
    1,000), and G is monotone, so the greatest difference is met at a point, from the left or from
    the right: D is exact. With more distinct values D may be too small by at most `ks_error_bound`,
    the greatest share of the reference's rows between two neighbouring points (about 1/1,000).

    Test: two-sample, asymptotic. p = P(D_N > D), N = round(n m / (n + m)), by Simard and L'Ecuyer's
    algorithm; equal to scipy's `ks_2samp(method="asymp")`. With ties p is too large (the test is
    conservative). With fewer than about ten rows on a side it is a rough approximation and can be
    far too small; for one row against one it is 1.

    Range: 0 to 1. Without drift D is about 0.87 / sqrt(N) on the average, so it shrinks as windows
    grow. Missing values take no part (see `missing_share`); infinities do, at the ends.
    Empty side: nan, p = 1.

    Source: Hodges (1958), The significance probability of the Smirnov two-sample test. Simard &
    L'Ecuyer (2011), Computing the two-sided Kolmogorov-Smirnov distribution.

    Four rows 1, 1, 2, 3 against four rows 2, 3, 3, 3. At or below 1: 2/4 against 0/4; at or below
    2: 3/4 against 1/4; so D = 1/2.

    >>> grid = NumericGrid(np.array([1.0, 2.0, 3.0]))       # cells <1 =1 (1,2) =2 (2,3) =3 >3
    >>> reference = Summary(grid, np.array([0, 2, 0, 1, 0, 1, 0]))
    >>> current = Summary(grid, np.array([0, 0, 0, 1, 0, 3, 0]))
    >>> kolmogorov_smirnov(reference, current)
    0.5
    """
    return _distance(reference, current)


def ks_error_bound(reference: Summary) -> float:
    """By how much the Kolmogorov-Smirnov distance from this reference may be too small, 0 to 1.

    The greatest share of the reference's rows that lie strictly between two neighbouring points of
    its grid, or beyond an end. 0 when the grid holds every value: the distance is exact.
    """
    rows = reference.present
    return float(reference.counts[0::2].max() / rows) if rows else 0.0
