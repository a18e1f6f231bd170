"""New-value share: rows with a number that the reference never had."""

from __future__ import annotations

from driftline.profiles.summary import Summary
from driftline.statistics import statistic


@statistic(kinds=("numeric",), unit="share of rows with a value")
def new_value_share(reference: Summary, current: Summary) -> float:
    """The share of the current rows whose value lies in a cell that is empty in the reference.

    Formula: rows of current in cells where the reference has none, divided by the rows of current
    that have a value.

    Where the reference has few distinct values (counts, codes, prices) each has a cell of its own,
    and any other value is new: it tells at once of a changed unit, a shifted code or a new default.
    Where it has many, only values beyond its ends or in its gaps are new.

    Range: 0 to 1; 0 for equal sides. Missing values take no part. Empty side: nan.

    Source: the numeric twin of `new_category_share`.

    1 of 4 rows has the value 1.5, between the points.

    >>> grid = NumericGrid(np.array([1.0, 2.0]))            # cells <1 =1 (1,2) =2 >2
    >>> reference = Summary(grid, np.array([0, 5, 0, 5, 0]))
    >>> current = Summary(grid, np.array([0, 3, 1, 0, 0]))
    >>> new_value_share(reference, current)
    0.25
    """
    return new_rows(reference, current) / current.present


def new_rows(reference: Summary, current: Summary) -> int:
    """Rows of current in cells that are empty in the reference."""
    return int(current.counts[reference.counts == 0].sum())
