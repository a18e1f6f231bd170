"""Summary: one column's counts on its grid, and how a column of values becomes one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from driftline.errors import ProfileError
from driftline.profiles.columns import Column, to_codes, to_floats
from driftline.profiles.grid import (
    CategoricalGrid,
    Counts,
    Floats,
    Grid,
    NumericGrid,
    require_same_grid,
)


@dataclass(frozen=True, eq=False)
class Summary:
    """Counts of one column over a window. Adds and subtracts exactly.

    Attributes:
        grid: where the values were counted.
        counts: int64, rows per cell of the grid, in the grid's order.
        missing: rows without a usable value (null, NaN, unreadable, or the whole column absent).
        infinite: values at plus or minus infinity (they are in the end cells of `counts` too).
        unreadable: the part of `missing` that had a value of the wrong type.
        absent: the part of `missing` for which the data had no such column at all.
        together: sum over rows of the product of the marks of the column and its partner.
        partner: sum over rows of the partner's marks (see `driftline.profiles.link`).
    """

    grid: Grid
    counts: Counts
    missing: int = 0
    infinite: int = 0
    unreadable: int = 0
    absent: int = 0
    together: int = 0
    partner: int = 0

    @property
    def present(self) -> int:
        """Rows with a usable value."""
        return int(self.counts.sum())

    @property
    def rows(self) -> int:
        return self.present + self.missing

    @property
    def missing_share(self) -> float:
        """Share of rows without a usable value, 0 to 1; 0 when there are no rows."""
        return self.missing / self.rows if self.rows else 0.0

    @property
    def unseen(self) -> int:
        """Rows with a category the reference never had; 0 for numeric columns."""
        return int(self.counts[-1]) if isinstance(self.grid, CategoricalGrid) else 0

    def __add__(self, other: Summary) -> Summary:
        return self._combine(other, 1)

    def __sub__(self, other: Summary) -> Summary:
        difference = self._combine(other, -1)
        if min(*difference.tallies, int(difference.counts.min(initial=0))) < 0:
            raise ProfileError("cannot subtract a summary that is not a part of this one")
        return difference

    def _combine(self, other: Summary, sign: int) -> Summary:
        require_same_grid(self.grid, other.grid)
        return Summary(
            self.grid,
            self.counts + sign * other.counts,
            self.missing + sign * other.missing,
            self.infinite + sign * other.infinite,
            self.unreadable + sign * other.unreadable,
            self.absent + sign * other.absent,
            self.together + sign * other.together,
            self.partner + sign * other.partner,
        )

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Summary)
            and self.grid == other.grid
            and self.tallies == other.tallies
            and np.array_equal(self.counts, other.counts)
        )

    __hash__ = None  # type: ignore[assignment]

    @property
    def tallies(self) -> tuple[int, int, int, int, int, int]:
        """(missing, infinite, unreadable, absent, together, partner)"""
        own = self.missing, self.infinite, self.unreadable, self.absent
        return (*own, self.together, self.partner)


def empty_summary(grid: Grid) -> Summary:
    """The neutral element of addition on `grid`."""
    return Summary(grid, np.zeros(grid.cells, dtype=np.int64))


def absent_summary(grid: Grid, rows: int) -> Summary:
    """A window of `rows` rows whose data lacked the column."""
    return replace(empty_summary(grid), missing=rows, absent=rows)


def summarize(grid: Grid, column: Column) -> Summary:
    """The counts of a whole column."""
    if isinstance(grid, NumericGrid):
        values, unreadable = to_floats(column)
        bad = 0 if unreadable is None else int(unreadable.sum())
        return count_numbers(grid, values, bad)
    codes, names = to_codes(column)
    return count_cells(grid, cells_of(grid, codes, names))


def count_numbers(grid: NumericGrid, values: Floats, unreadable: int = 0) -> Summary:
    """Counts of float values (NaN: missing) on a numeric grid."""
    return count_sorted(grid, np.sort(values), unreadable)


def count_sorted(grid: NumericGrid, ordered: Floats, unreadable: int = 0) -> Summary:
    """As `count_numbers` for values already sorted with NaN last."""
    present = int(np.searchsorted(ordered, np.nan))
    values = ordered[:present]
    counts = np.empty(grid.cells, dtype=np.int64)
    below = np.searchsorted(values, grid.points, "left")
    upto = np.searchsorted(values, grid.points, "right")
    counts[1::2] = upto - below
    counts[0::2] = np.append(below, present) - np.insert(upto, 0, 0)
    finite = np.searchsorted(values, [-np.inf, np.inf], "right")[0], np.searchsorted(values, np.inf)
    return Summary(
        grid,
        counts,
        missing=len(ordered) - present,
        infinite=int(finite[0]) + present - int(finite[1]),
        unreadable=unreadable,
    )


_TRUTHS = {"1": True, "true": True, "0": False, "false": False}


def cells_of(grid: CategoricalGrid, codes: Counts, names: list[str]) -> Counts:
    """The cell of each row (-1 for missing) from its category code. Where the reference has nothing
    but truths, 1 is true and 0 false in any case: some databases have no booleans."""
    known, unseen = grid.index, grid.cells - 1
    truths = {_TRUTHS.get(name.lower()): known[name] for name in grid.categories}
    if None not in truths:
        alike = {name: truths.get(_TRUTHS.get(name.lower()), unseen) for name in names}
        known = alike | dict(known)
    cells = np.array([known.get(name, unseen) for name in names] + [-1], dtype=np.int64)
    return cells[codes]


def count_cells(grid: CategoricalGrid, cells: Counts) -> Summary:
    """Counts from the cell of each row."""
    counted = np.bincount(cells + 1, minlength=grid.cells + 1)
    return Summary(grid, counted[1:].astype(np.int64, copy=False), missing=int(counted[0]))
