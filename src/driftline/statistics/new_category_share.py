"""New-category share: rows with a category that the reference does not have."""

from __future__ import annotations

import math

import numpy as np

from driftline.profiles.grid import CategoricalGrid
from driftline.profiles.summary import Summary
from driftline.statistics import statistic
from driftline.statistics.tables import two_shares_p


def _p_value(reference: Summary, current: Summary) -> float:
    rows, known = current.present, reference.present
    new, lone = _new(reference, current), _lone(reference)
    if new * known <= lone * rows:
        return 1.0
    pairs = int(np.count_nonzero(reference.counts[:-2] == 2))
    deflate = lone / (lone + 2 * pairs) if lone else 1.0
    return two_shares_p(math.ceil(lone * deflate), math.ceil(known * deflate), new, rows)


def _new(reference: Summary, current: Summary) -> int:
    absent = reference.counts == 0
    absent[-1] = True
    return int(current.counts[absent].sum())


def _lone(reference: Summary) -> int:
    """Rows of the reference that would be new themselves, were they not in it."""
    grid = reference.grid
    assert isinstance(grid, CategoricalGrid)
    own, other, unseen = reference.counts[:-2], int(reference.counts[-2]), reference.unseen
    alone = int(np.count_nonzero(own == 1))
    # Each of the rarer categories in "other" has at most as many rows as the rarest own one.
    most = max(2, int(own.min(initial=2)))
    among_others = (len(grid.others) * most - other) / (most - 1)
    return alone + unseen + int(min(other, len(grid.others), max(0.0, among_others)))


@statistic(kinds=("categorical",), unit="share of rows with a value", test=_p_value)
def new_category_share(reference: Summary, current: Summary) -> float:
    """The share of the current rows whose category the reference does not have.

    Formula: rows of current in cells that are empty in the reference, or in the cell "unseen",
    divided by the rows of current that have a value. A cell of the grid can be empty in the
    reference when windows were subtracted from it.

    Test: a column with a long tail of rare categories shows new ones every day without drift. How
    many is told by the reference itself: a row of it whose category occurs once would have been new
    had it come later (Good and Turing). So the share of new rows in current is compared with the
    share of such lone rows (and of unseen ones, if the reference counts any) in the reference:
    Pearson's chi-square on the 2 x 2 table when every expected count is at least 5, otherwise
    Fisher's exact test, both two-sided; p = 1 when current's share is not the greater one. Of
    categories that share the cell "other" as many are taken to occur once as their number and rows
    allow. The number of lone rows varies by f1 + 2 f2 (f1 categories that occur once, f2 that occur
    twice) and not by f1, so the reference's counts are divided by (f1 + 2 f2) / f1.

    Range: 0 (every category known) to 1 (every row new). 0 for equal sides unless the reference
    itself counts unseen rows. Missing values take no part. Empty side: nan, p = 1.

    Source: Good (1953), The population frequencies of species and the estimation of population
    parameters.

    2 of 10 rows have an unseen category.

    >>> grid = CategoricalGrid(("a", "b"))                  # cells a, b, other, unseen
    >>> reference = Summary(grid, np.array([30, 10, 0, 0]))
    >>> current = Summary(grid, np.array([5, 3, 0, 2]))
    >>> new_category_share(reference, current)
    0.2
    """
    return _new(reference, current) / current.present
