"""Coupling: whether a column still goes together with the column that it used to go with."""

from __future__ import annotations

import numpy as np

from driftline.profiles.grid import NumericGrid
from driftline.profiles.summary import Summary
from driftline.statistics import statistic


def covariance(summary: Summary) -> float:
    """Covariance of the marks of a column's rows with its partner's; 0 without a link or rows."""
    link = summary.grid.link
    if link is None or summary.rows == 0:
        return 0.0
    grid = summary.grid
    points = grid.points if isinstance(grid, NumericGrid) else None
    marks = link.own.of_cells(points, grid.cells)
    own = int(summary.counts @ marks) + summary.missing * link.own.marks[0]
    return summary.together / summary.rows - own / summary.rows * summary.partner / summary.rows


@statistic(high=np.inf, unit="squared mark", symmetric=True, of_values=False)
def coupling(reference: Summary, current: Summary) -> float:
    """How much closer, or less close, a column goes together with its partner: the column of the
    reference with which the relation within windows stands out most.

    Formula: |cov(current) - cov(reference)|, cov the covariance of the two columns' marks over a
    side's rows; 0 without a partner.

    Binning: six coarse bins of each column and one for missing values. Their marks are the whole
    numbers from 0 to 14 that correlate most in the reference, so a relation of any shape counts,
    between numbers, between categories, or between the two.

    Range: 0 to 98. A side without rows: nan. A window keeps two whole numbers for it, which add.

    Source: Fisher (1940), The precision of discriminant functions (canonical marks of a two-way
    table).

    Marks 0 and 1 that always agree have covariance 1/4; when they never do, -1/4.

    >>> from driftline.profiles.link import Coding, Link
    >>> marks = Coding((1.0,), (0, 0, 1))
    >>> grid = NumericGrid(np.array([1.0, 2.0]), Link("other", marks, marks, 1.0))
    >>> reference = Summary(grid, np.array([0, 5, 0, 5, 0]), together=5, partner=5)
    >>> current = Summary(grid, np.array([0, 5, 0, 5, 0]), together=0, partner=5)
    >>> coupling(reference, current)
    0.5
    """
    return abs(covariance(current) - covariance(reference))
