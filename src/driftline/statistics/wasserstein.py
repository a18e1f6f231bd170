"""Wasserstein: how far rows have to be moved to make the two sides equal."""

from __future__ import annotations

import math

import numpy as np

from driftline.profiles.grid import Counts, Floats, NumericGrid
from driftline.profiles.summary import Summary
from driftline.statistics import statistic


@statistic(kinds=("numeric",), high=np.inf, unit="standard deviations of the reference")
def wasserstein(reference: Summary, current: Summary) -> float:
    """The Wasserstein (earth mover's) distance of a numeric column, in standard deviations of the
    reference: how far a row has to be moved, on the average, to make the two sides equal.

    Formula: 1 / s x integral of |F(x) - G(x)| dx, F and G the distribution functions of reference
    and current, s the reference's standard deviation.

    Binning: none of its own. Between two neighbouring points of the grid the integral is taken as
    the trapezoid of |F - G| at its ends: exact when every value of both sides is a point of the
    grid, otherwise as if rows lay evenly between points. Values beyond the outermost point (256
    times the reference's range away) and infinities are taken to be there. s is taken from one
    value per cell: its point, or the middle between two points.

    Zero spread: when all rows of the reference are in one cell, s is replaced by the absolute value
    of that cell, so the distance is a relative change; by 1 when that is 0.

    Range: 0 upwards; 1 is a shift by one standard deviation. Missing values take no part. Empty
    side: nan.

    Source: Vallender (1974); Ramdas, Garcia Trillos & Cuturi (2017), On Wasserstein two-sample
    testing.

    Rows 1, 3 (standard deviation 1) against 2, 3: half of the rows moves by 1, so 1/2.

    >>> grid = NumericGrid(np.array([1.0, 2.0, 3.0]))       # cells <1 =1 (1,2) =2 (2,3) =3 >3
    >>> reference = Summary(grid, np.array([0, 1, 0, 0, 0, 1, 0]))
    >>> current = Summary(grid, np.array([0, 0, 0, 1, 0, 1, 0]))
    >>> wasserstein(reference, current)
    0.5
    """
    grid = reference.grid
    assert isinstance(grid, NumericGrid)
    if len(grid.points) == 0:
        return 0.0
    unit = 2.0 ** (math.frexp(float(np.abs(grid.points).max()))[1] - 1)  # keeps clear of overflow
    f = np.cumsum(reference.counts) / reference.present
    g = np.cumsum(current.counts) / current.present
    apart = np.abs(f - g)[1:-1]  # at each point and just before the next one
    steps = np.diff(grid.points / unit)
    moved = float(np.sum((apart[:-1:2] + apart[1::2]) / 2 * steps))
    return moved / _spread(reference.counts, grid.midpoints / unit, unit)


def _spread(counts: Counts, values: Floats, unit: float) -> float:
    """Standard deviation of the counted values (already divided by `unit`), or its stand-in."""
    filled = np.flatnonzero(counts)
    if len(filled) == 1:
        return abs(float(values[filled[0]])) or 1.0 / unit
    rows = counts[filled]
    values = values[filled]
    mean = np.average(values, weights=rows)
    return float(np.sqrt(np.average((values - mean) ** 2, weights=rows)))
