"""Newcomers: categories that the reference has never seen, by name. A profile counts them together,
since it has one cell for all of them; who they are is counted beside it, while rows are there."""

from __future__ import annotations

from collections import Counter

import numpy as np

from driftline.profiles.columns import Column, to_codes
from driftline.profiles.grid import CategoricalGrid
from driftline.profiles.summary import cells_of
from driftline.wording import one_line, shortened

NAMED = 3
"""The commonest of a column are named, so many at most."""

LONGEST = 60
"""Characters of a name that are told."""

HELD = 10_000
"""Names that are counted at the same time, the commonest so far: a column of identifiers has
millions."""

Newcomers = tuple[tuple[str, float], ...]
"""Categories, commonest first, each with its share of the rows that have a value, 0 to 1."""


def count_new(grid: CategoricalGrid, column: Column) -> Counter[str]:
    """The rows of each category that is not known to `grid`.

    >>> import pyarrow as pa
    >>> count_new(CategoricalGrid(("a", "b")), pa.array(["a", "gift", "gift", "trial", None]))
    Counter({'gift': 2, 'trial': 1})
    """
    codes, names = to_codes(column)
    rows = np.bincount(codes[codes >= 0], minlength=len(names))
    cells = cells_of(grid, np.arange(len(names)), names)
    new = np.flatnonzero((cells == grid.cells - 1) & (rows > 0))
    commonest = new[np.argsort(-rows[new], kind="stable")[:HELD]]
    found = Counter[str]()
    for code in commonest.tolist():  # different codes may have the same name
        found[names[code]] += int(rows[code])
    return found


def add_new(total: Counter[str], new: Counter[str]) -> Counter[str]:
    """Both together, in bounded memory: beyond HELD names, the commonest."""
    both = total + new
    return both if len(both) <= HELD else Counter(dict(both.most_common(HELD)))


def named(new: Counter[str], present: int) -> Newcomers:
    """The commonest by name, as shares of `present` rows; ties go by name.

    >>> named(Counter({"trial": 1, "gift": 2}), 4)
    (('gift', 0.5), ('trial', 0.25))
    """
    most = sorted(new.items(), key=lambda one: (-one[1], one[0]))[:NAMED]
    return tuple((shortened(one_line(name), LONGEST), rows / present) for name, rows in most)
