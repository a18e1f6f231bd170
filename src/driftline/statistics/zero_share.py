"""Zero share: how much the share of zeros has changed."""

from __future__ import annotations

import numpy as np

from driftline.profiles.grid import NumericGrid
from driftline.profiles.summary import Summary
from driftline.statistics import statistic


def zero_cells(grid: NumericGrid) -> slice:
    """The cell that holds the number zero: its own where it is a point of the grid, as in every
    grid that was fitted to values; otherwise the one between the two points around it.

    >>> zero_cells(NumericGrid(np.array([0.0, 1.0]))), zero_cells(NumericGrid(np.array([-1.0])))
    (slice(1, 2, None), slice(2, 3, None))
    """
    below = int(np.searchsorted(grid.points, 0.0, "left"))
    own = int(below < len(grid.points) and grid.points[below] == 0)
    return slice(2 * below + own, 2 * below + own + 1)


@statistic(kinds=("numeric",), unit="share of rows with a value", symmetric=True)
def zero_share(reference: Summary, current: Summary) -> float:
    """The difference between the shares of rows whose value is zero: a broken join or a new default
    fills with zeros.

    Formula: |zeros / rows with a value of reference - the same of current|.

    Binning: zero's own cell, which every grid has that was fitted to values.

    Range: 0 to 1. Missing values take no part. Empty side: nan.

    Source: none; it is the plain difference of shares.

    No zero among 10 against 3 among 10.

    >>> grid = NumericGrid(np.array([0.0, 1.0]))            # cells <0 =0 (0,1) =1 >1
    >>> reference = Summary(grid, np.array([0, 0, 0, 10, 0]))
    >>> current = Summary(grid, np.array([0, 3, 0, 7, 0]))
    >>> zero_share(reference, current)
    0.3
    """
    grid = reference.grid
    assert isinstance(grid, NumericGrid)
    cells = zero_cells(grid)
    before = int(reference.counts[cells].sum()) / reference.present
    return abs(before - int(current.counts[cells].sum()) / current.present)
