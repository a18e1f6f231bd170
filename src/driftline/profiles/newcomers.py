"""Newcomers: categories that the reference has never seen, by name. A profile counts them together,
since it has one cell for all of them; who they are is read from the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

import numpy as np
import pyarrow as pa

from driftline.profiles.columns import Column, to_codes
from driftline.profiles.grid import CategoricalGrid
from driftline.profiles.profile import Grids
from driftline.profiles.summary import cells_of
from driftline.wording import one_line

NAMED = 3
"""The commonest of a column are named, so many at most."""

LONGEST = 60
"""Characters of a name that are kept."""

HELD = 10_000
"""Names of a column that are counted at the same time: a column of identifiers has millions."""

Newcomers = tuple[tuple[str, float], ...]
"""Categories, commonest first, each with its share of the rows that have a value, 0 to 1."""


def newcomers_of(
    grids: Grids, tables: Iterable[pa.Table], names: Collection[str]
) -> dict[str, Newcomers]:
    """Of some categorical columns, the commonest categories that are not known to their grids.

    >>> plans = pa.table({"plan": ["a", "gift", "gift", "trial", None]})
    >>> newcomers_of({"plan": CategoricalGrid(("a", "b"))}, [plans], ["plan"])
    {'plan': (('gift', 0.5), ('trial', 0.25))}
    """
    found = {name: Counter[str]() for name in names}
    present = dict.fromkeys(names, 0)
    for table in tables:
        for name in found.keys() & set(table.column_names):
            grid = grids[name]
            assert isinstance(grid, CategoricalGrid)
            rows, new = _count(grid, table[name])
            present[name] += rows
            found[name].update(new)
            if len(found[name]) > HELD:
                found[name] = Counter(dict(found[name].most_common(HELD)))
    return {
        name: tuple((_short(new), rows / present[name]) for new, rows in _commonest(counted))
        for name, counted in found.items()
        if counted
    }


def _count(grid: CategoricalGrid, column: Column) -> tuple[int, dict[str, int]]:
    """Rows with a value, and of each category that is not known to `grid`."""
    codes, names = to_codes(column)
    rows = np.bincount(codes[codes >= 0], minlength=len(names))
    cells = cells_of(grid, np.arange(len(names)), names)
    new: dict[str, int] = {}
    for code in np.flatnonzero((cells == grid.cells - 1) & (rows > 0)):
        new[names[code]] = new.get(names[code], 0) + int(rows[code])
    return int(rows.sum()), new


def _commonest(counted: Counter[str]) -> list[tuple[str, int]]:
    """By their rows, then by name, so that the order of the rows does not matter."""
    return sorted(counted.items(), key=lambda one: (-one[1], one[0]))[:NAMED]


def _short(name: str) -> str:
    told = one_line(name)
    return told if len(told) <= LONGEST else f"{told[: LONGEST - 3]}..."
