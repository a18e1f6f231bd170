"""Shares of rows in the few wide bins on which divergences are taken."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from driftline.profiles.grid import Floats, NumericGrid
from driftline.profiles.summary import Summary

BINS = 10


def shares(reference: Summary, current: Summary) -> tuple[Floats, Floats]:
    """Shares of both sides' rows per bin: a category each, or for numbers the reference's deciles.

    Bins without a row on either side are left out.
    """
    a, b = reference.counts.astype(np.float64), current.counts.astype(np.float64)
    if isinstance(reference.grid, NumericGrid):
        bins = decile_of_cell(reference.counts)
        a, b = (np.bincount(bins, side, BINS).astype(np.float64) for side in (a, b))
    used = (a + b) > 0
    return a[used] / reference.present, b[used] / current.present


def decile_of_cell(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each cell of a numeric grid, which decile (0 to 9) of the rows counted it belongs to.

    Decile i holds the values above the i-th and up to the (i+1)-th tenth of the rows; the first and
    last are open to the outside. Cells are not split: where many rows have one value, the deciles
    that would begin inside it are missing.

    >>> decile_of_cell(np.array([0, 5, 0, 1, 0, 4, 0])).tolist()
    [0, 0, 5, 5, 6, 6, 6]
    """
    upto = np.cumsum(counts)
    before = np.minimum(upto - counts, upto[-1] - 1)
    decile: NDArray[np.int64] = BINS * before // upto[-1]
    last = int(np.searchsorted(upto, upto[-1]))
    decile[last:] = decile[last]
    return decile
