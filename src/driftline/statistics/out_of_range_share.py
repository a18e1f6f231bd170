"""Out-of-range share: rows with a number below or above all that the reference had."""

from __future__ import annotations

import numpy as np

from driftline.profiles.summary import Summary
from driftline.statistics import statistic


@statistic(kinds=("numeric",), unit="share of rows with a value")
def out_of_range_share(reference: Summary, current: Summary) -> float:
    """The share of the current rows whose value lies outside the reference's range.

    Formula: rows of current in cells before the first or after the last that the reference has rows
    in, divided by the rows of current that have a value.

    A changed unit or a broken sensor gives values that cannot be: a humidity of 130 %. Where a
    column has many distinct values some of them are new every day (`new_value_share`), and hardly
    any are out of range.

    Range: 0 to 1; 0 for equal sides. Missing values take no part. Empty side: nan.

    Source: none; it is a plain share.

    1 of 4 rows is above 2, the reference's largest.

    >>> grid = NumericGrid(np.array([1.0, 2.0]))            # cells <1 =1 (1,2) =2 >2
    >>> reference = Summary(grid, np.array([0, 5, 0, 5, 0]))
    >>> current = Summary(grid, np.array([0, 2, 1, 0, 1]))
    >>> out_of_range_share(reference, current)
    0.25
    """
    held = np.flatnonzero(reference.counts)
    inside = int(current.counts[held[0] : held[-1] + 1].sum())
    return (current.present - inside) / current.present
