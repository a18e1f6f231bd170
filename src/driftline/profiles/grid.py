"""Grids: where the values of a column are counted. A reference fixes them; every window uses them.

A numeric grid of k points has 2k + 1 cells: below the first point, at it, between it and the
second, and so on. Counting values *at* a point apart from values *between* points is what makes the
Kolmogorov-Smirnov distance exact (see `driftline.statistics.kolmogorov_smirnov`).

A categorical grid has a cell for each of the reference's own categories up to a limit, one for its
other categories ("other") and one for categories the reference has never seen ("unseen").
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from driftline.errors import GridMismatch
from driftline.profiles.link import Link

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

MAX_POINTS = 1000
"""Points of a numeric grid. A column with more distinct values gets its quantiles instead."""

MAX_CATEGORIES = 1000
"""Categories with a cell of their own; the commonest win, the rest share the cell "other"."""

GUARDS = 12
"""Points beyond each end of the reference's range, at doubling distances, so that values far
outside still have a place (a changed unit, a broken sensor)."""

OTHER = "(other)"
UNSEEN = "(unseen)"


@dataclass(frozen=True, eq=False)
class NumericGrid:
    """Sorted, distinct, finite points of a numeric column.

    >>> NumericGrid(np.array([1.0, 2.0])).cells    # <1, =1, (1,2), =2, >2
    5
    """

    points: Floats
    link: Link | None = field(default=None, repr=False)

    @property
    def cells(self) -> int:
        return 2 * len(self.points) + 1

    @cached_property
    def edges(self) -> tuple[Floats, Floats]:
        """Lowest and highest value of each cell; the open ends are infinite."""
        low = np.empty(self.cells)
        high = np.empty(self.cells)
        low[1::2] = high[1::2] = self.points
        low[0], low[2::2] = -np.inf, self.points
        high[-1], high[:-1:2] = np.inf, self.points
        return low, high

    @cached_property
    def midpoints(self) -> Floats:
        """One value to stand for each cell; an open end is stood for by its nearest point."""
        if len(self.points) == 0:
            return np.zeros(1)
        low, high = self.edges
        low = np.where(np.isinf(low), high, low)
        high = np.where(np.isinf(high), low, high)
        middle: Floats = low / 2 + high / 2
        return middle

    @cached_property
    def fingerprint(self) -> str:
        return _digest(b"numeric", self.points.astype("<f8").tobytes(), _told(self.link))

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, NumericGrid) and self.fingerprint == other.fingerprint
        )

    def __hash__(self) -> int:
        return hash(self.fingerprint)


@dataclass(frozen=True, eq=False)
class CategoricalGrid:
    """Categories of a column, commonest first; `others` are known too but share one cell.

    >>> CategoricalGrid(("a", "b"), frozenset({"c"})).names
    ('a', 'b', '(other)', '(unseen)')
    """

    categories: tuple[str, ...]
    others: frozenset[str] = frozenset()
    link: Link | None = field(default=None, repr=False)

    @property
    def cells(self) -> int:
        return len(self.categories) + 2

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.categories, OTHER, UNSEEN)

    @cached_property
    def index(self) -> Mapping[str, int]:
        """The cell of every category known to the reference."""
        cells = dict.fromkeys(self.others, len(self.categories))
        cells.update((name, cell) for cell, name in enumerate(self.categories))
        return cells

    @cached_property
    def alphabetical(self) -> NDArray[np.int64]:
        """The cells in the order of their names; other and unseen last."""
        named = sorted(range(len(self.categories)), key=self.categories.__getitem__)
        return np.array([*named, self.cells - 2, self.cells - 1], dtype=np.int64)

    @cached_property
    def fingerprint(self) -> str:
        names = [*self.categories, *sorted(self.others)]
        head = f"categorical {len(self.categories)}".encode()
        return _digest(head, *(f"{len(n)}:{n}".encode() for n in names), _told(self.link))

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, CategoricalGrid) and self.fingerprint == other.fingerprint
        )

    def __hash__(self) -> int:
        return hash(self.fingerprint)


Grid = NumericGrid | CategoricalGrid


def require_same_grid(a: Grid, b: Grid) -> None:
    if a != b:
        raise GridMismatch(
            "the two sides were counted on different grids "
            f"({_describe(a)} and {_describe(b)}); profile both with the same reference"
        )


def numeric_grid(ordered: Floats, max_points: int = MAX_POINTS) -> NumericGrid:
    """A grid from sorted finite values: every distinct value, or quantiles when there are too many.

    The quantiles are values of the data (order statistics at equal steps of rank), so that between
    two neighbouring points lies at most 1 / (`max_points` - 1) of the rows.

    >>> numeric_grid(np.array([1.0, 1.0, 5.0])).points[GUARDS:-GUARDS]
    array([1., 5.])
    """
    if len(ordered) == 0:
        return NumericGrid(np.empty(0))
    starts = np.empty(len(ordered), dtype=bool)
    starts[0] = True
    np.not_equal(ordered[1:], ordered[:-1], out=starts[1:])
    if np.count_nonzero(starts) <= max_points:
        points = ordered[starts]
    else:
        ranks = np.linspace(0, len(ordered) - 1, max_points).round().astype(np.int64)
        points = np.unique(ordered[ranks])
    points = points + 0.0  # one zero: -0.0 and 0.0 are the same value
    return NumericGrid(np.unique(np.concatenate([points, _guards(points[0], points[-1])])))


def _guards(low: float, high: float) -> Floats:
    """Points beyond both ends at distances of 1/8, 1/4, ... 256 times the range; and zero, so that
    a small price is not taken for a negative one, and zeros are counted apart; and one, beyond
    which no probability or share is."""
    with np.errstate(over="ignore"):
        span = float(high - low) or abs(high) or 1.0
        steps = span * 2.0 ** np.arange(-3, GUARDS - 3)
        bounds = [0.0, 1.0] if low >= 0 and high <= 1 else [0.0]
        guards: Floats = np.concatenate([low - steps, high + steps, bounds])
    finite: Floats = guards[np.isfinite(guards)]
    return finite


def categorical_grid(
    counts: Mapping[str, int], max_categories: int = MAX_CATEGORIES
) -> CategoricalGrid:
    """A grid from the number of rows of each category; ties go by name.

    >>> categorical_grid({"b": 2, "a": 2, "c": 9}, max_categories=2)
    CategoricalGrid(categories=('c', 'a'), others=frozenset({'b'}))
    """
    names = sorted(counts, key=lambda name: (-counts[name], name))
    return CategoricalGrid(tuple(names[:max_categories]), frozenset(names[max_categories:]))


def _describe(grid: Grid) -> str:
    kind = "numeric" if isinstance(grid, NumericGrid) else "categorical"
    return f"{kind}, {grid.cells} cells, {grid.fingerprint[:8]}"


def _told(link: Link | None) -> bytes:
    return repr(link.told()).encode() if link else b""


def _digest(*parts: bytes) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
