"""One-value share: how much one value, or one category, has grown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from driftline.profiles.grid import NumericGrid
from driftline.profiles.summary import Summary
from driftline.statistics import statistic

GROUPS = 100
"""Groups of neighbouring values in which a numeric column's growth is looked for."""


def group_starts(reference: Summary) -> NDArray[np.int64]:
    """Where each group of cells begins: categories are groups of their own; neighbouring numbers
    make a group of about 1 % of the reference's rows, a common number one of its own.

    A group begins with a point, and has the values up to the next point with it.

    >>> grid = NumericGrid(np.array([1.0, 2.0]))
    >>> group_starts(Summary(grid, np.array([0, 99, 0, 101, 0]))).tolist()
    [0, 3]
    """
    cells = np.arange(len(reference.counts))
    if not isinstance(reference.grid, NumericGrid):
        return cells
    pairs = (cells + 1) // 2
    rows = np.bincount(pairs, reference.counts)
    share = (np.cumsum(rows) - rows) / max(1.0, rows.sum())
    group = np.minimum((GROUPS * share).astype(np.int64), GROUPS - 1)[pairs]
    return np.flatnonzero(np.append(True, group[1:] != group[:-1]))


@statistic(unit="share of rows with a value")
def one_value_share(reference: Summary, current: Summary) -> float:
    """By how much the share of one value has grown most: a sensor that is stuck, a broken join that
    fills a default.

    Formula: max over groups of (q - p), p and q the shares of reference and current; not below 0.

    Binning: a group per category. Numbers: groups of neighbouring values with about 1 % of the
    reference's rows each, so that a number that is common in the reference is a group by itself.

    Range: 0 to 1. Missing values take no part. Empty side: nan.

    Source: none; it is a one-sided total variation of a single cell.

    Half of the rows had the value 1 and now three quarters have.

    >>> grid = NumericGrid(np.array([1.0, 2.0]))            # cells <1 =1 (1,2) =2 >2
    >>> reference = Summary(grid, np.array([0, 4, 0, 4, 0]))
    >>> current = Summary(grid, np.array([0, 3, 0, 1, 0]))
    >>> one_value_share(reference, current)
    0.25
    """
    starts = group_starts(reference)
    before = np.add.reduceat(reference.counts, starts) / reference.present
    after = np.add.reduceat(current.counts, starts) / current.present
    return float(max(0.0, (after - before).max()))
