"""Coupling: whether a column still goes together with the column that it used to go with."""

from __future__ import annotations

import math

import numpy as np

from driftline.profiles.grid import NumericGrid
from driftline.profiles.link import Coding
from driftline.profiles.summary import Summary
from driftline.statistics import statistic

LEAST_VARIANCE = 1e-9
"""Variance of marks below which all of them are the same: they are whole numbers."""


def covariance(summary: Summary) -> float:
    """Covariance of the marks of a column's rows with its partner's; 0 without a link or rows."""
    link = summary.grid.link
    if link is None or summary.rows == 0:
        return 0.0
    own, _ = _mean_and_variance(summary, link.own)
    return summary.together / summary.rows - own * summary.partner / summary.rows


def variation(summary: Summary, partner: Summary | None) -> float:
    """Standard deviation of the marks of a column's rows times that of its partner's, in a window
    of which `partner` is the partner's summary: how much the window can tell of their relation.

    0 without a link, rows or partner, and where either column has one mark only.
    """
    link = summary.grid.link
    if link is None or partner is None or summary.rows == 0:
        return 0.0
    _, own = _mean_and_variance(summary, link.own)
    _, other = _mean_and_variance(partner, link.other)
    return math.sqrt(own * other) if min(own, other) >= LEAST_VARIANCE else 0.0


def _mean_and_variance(summary: Summary, coding: Coding) -> tuple[float, float]:
    """Of the marks of a column's rows, of which there are some."""
    grid = summary.grid
    points = grid.points if isinstance(grid, NumericGrid) else None
    marks = coding.of_cells(points, grid.cells)
    missing = coding.marks[0]
    mean = (int(summary.counts @ marks) + summary.missing * missing) / summary.rows
    square = (int(summary.counts @ marks**2) + summary.missing * missing**2) / summary.rows
    return mean, square - mean**2


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

    Alarms look at the correlation instead: the covariance by the standard deviations of both
    columns' marks, which what each column does by itself leaves as it is.

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
