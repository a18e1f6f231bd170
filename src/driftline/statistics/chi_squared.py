"""Chi-squared: the two-sample test that two sets of category counts share one distribution."""

from __future__ import annotations

import numpy as np

from driftline.profiles.grid import CategoricalGrid, Counts
from driftline.profiles.summary import Summary
from driftline.statistics import statistic
from driftline.statistics.tables import ENOUGH, chi_square, chi_square_p, two_shares_p


def _p_value(reference: Summary, current: Summary) -> float:
    a, b, sound = _pooled(reference, current, tail_apart=True)
    if len(a) == 1:
        return 1.0
    if sound:
        return chi_square_p(chi_square(a, b), len(a))
    rare = two_shares_p(int(a[-1]), int(a.sum()), int(b[-1]), int(b.sum()))
    if len(a) == 2:
        return rare
    common = chi_square_p(chi_square(a[:-1], b[:-1]), len(a) - 1)
    return 2 * min(rare, common)


def _pooled(
    reference: Summary, current: Summary, tail_apart: bool = False
) -> tuple[Counts, Counts, bool]:
    """The table with its rare cells pooled, pools last, and whether no cell is rare any more."""
    assert isinstance(reference.grid, CategoricalGrid)
    order = reference.grid.alphabetical
    order = order[(reference.counts + current.counts)[order] > 0]
    a, b = reference.counts[order], current.counts[order]
    n, m = int(a.sum()), int(b.sum())
    expected = (a + b) * (min(n, m) / (n + m))
    rare = expected < ENOUGH
    if not rare.any():
        return a, b, True
    whole = tail_apart and current.unseen > 0 and bool((a[rare] == 1).any())
    if whole:
        rare[-1] = True  # unseen
    upto = np.cumsum(expected[rare])
    pools = 1 if whole else max(1, int(upto[-1] / (2 * ENOUGH)))
    pool = np.minimum((upto - expected[rare]) / (2 * ENOUGH), pools - 1).astype(np.int64)
    a = np.append(a[~rare], np.bincount(pool, a[rare], pools).astype(np.int64))
    b = np.append(b[~rare], np.bincount(pool, b[rare], pools).astype(np.int64))
    return a, b, bool(upto[-1] >= ENOUGH)


@statistic(kinds=("categorical",), high=np.inf, unit="none", symmetric=True, test=_p_value)
def chi_squared(reference: Summary, current: Summary) -> float:
    """Pearson's chi-square of the 2 x k table of a categorical column: the rows of reference and
    current in each category.

    Formula: X2 = sum over cells of (observed - expected)^2 / expected, expected = row total x
    column total / all rows, without continuity correction. Both sides are samples: comparing with
    the reference's shares as if they were exact gives false alarms half of the time.

    Binning: a cell for each category of the grid, one for the reference's other categories and one
    for the categories it never had. Cells that are empty on both sides are dropped. A cell is
    *rare* when its smaller expected count is below 5. When no cell is rare nothing is pooled.
    Otherwise the rare cells are laid in the order of their names (other and unseen last) and the
    row of them is cut at every tenth expected row of the smaller side, so that a pool expects at
    least 5 and fewer than 20; what is left at the end joins the last pool. (Pools in the order of
    the reference's counts would be biased: what looked common in one sample is less so in the
    next.) When all rare cells together expect less than 5 they make one pool that is still rare.

    Test: upper tail of the chi-square law with k - 1 degrees of freedom, k cells after pooling;
    when nothing was pooled equal to scipy's `chi2_contingency(correction=False)`. When the pool is
    still rare the chi-square law cannot be trusted for it: p is then twice the smaller of two
    p-values (at most 1), that of the table of the other cells and that of the pool against all
    others (Fisher's exact test); the latter alone when there is one other cell. 1 when a single
    cell is left. A reference in whose rare cells some row is alone has a long tail, of which new
    categories come every day without drift: the test (not the value) then puts all rare cells and
    the unseen rows into one pool, and leaves the new ones to `new_category_share`.

    Range: 0 upwards. Without drift it is about k - 1, whatever the number of rows; with drift it
    grows with the rows, so it is no size of effect (see `total_variation`). Missing values take no
    part. Empty side: nan, p = 1.

    Source: Pearson (1900); Cochran (1954), Some methods for strengthening the common chi-square
    tests; Fisher (1922).

    30 and 10 rows of a and b against 20 and 20: every expected count is 25 or 15, every difference
    5, so X2 = 25/25 + 25/25 + 25/15 + 25/15 = 16/3.

    >>> grid = CategoricalGrid(("a", "b"))                  # cells a, b, other, unseen
    >>> reference = Summary(grid, np.array([30, 10, 0, 0]))
    >>> current = Summary(grid, np.array([20, 20, 0, 0]))
    >>> round(chi_squared(reference, current), 9)
    5.333333333
    """
    a, b, _ = _pooled(reference, current)
    return chi_square(a, b)
