"""Missing share: how much the share of rows without a value has changed."""

from __future__ import annotations

from driftline.profiles.summary import Summary
from driftline.statistics import statistic
from driftline.statistics.tables import two_shares_p


def _p_value(reference: Summary, current: Summary) -> float:
    return two_shares_p(reference.missing, reference.rows, current.missing, current.rows)


@statistic(unit="share of rows", symmetric=True, of_values=False, test=_p_value)
def missing_share(reference: Summary, current: Summary) -> float:
    """The difference between the shares of rows without a usable value: null, NaN, not readable as
    the column's type, or the whole column absent.

    Formula: |missing / rows of reference - missing / rows of current|.

    Missing values are mass like any other: a column that has lost 90 % of its values may look
    unchanged in the rest.

    Test: two-sided, that both sides have one share. Pearson's chi-square on the 2 x 2 table without
    correction when every expected count is at least 5, otherwise Fisher's exact test. p = 1 when
    nothing, or everything, is missing on both sides.

    Range: 0 to 1. For columns of every kind. A side without rows: nan, p = 1; a side with rows but
    no value is not empty here.

    Source: Fisher (1922); Agresti (2013), Categorical Data Analysis, chapter 3.

    1 of 10 missing against 4 of 10: the shares differ by 0.3.

    >>> grid = NumericGrid(np.array([1.0]))                 # cells <1 =1 >1
    >>> reference = Summary(grid, np.array([0, 9, 0]), missing=1)
    >>> current = Summary(grid, np.array([0, 6, 0]), missing=4)
    >>> round(missing_share(reference, current), 9)
    0.3
    """
    return abs(reference.missing_share - current.missing_share)
