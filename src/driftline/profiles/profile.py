"""Profile: the summaries of a window's columns. `profile(a) + profile(b) == profile(a and b)`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from driftline.errors import GridMismatch, ProfileError
from driftline.profiles.columns import to_codes, to_floats
from driftline.profiles.frames import as_table, require_distinct
from driftline.profiles.grid import Grid, NumericGrid
from driftline.profiles.linking import with_sums
from driftline.profiles.summary import (
    Summary,
    absent_summary,
    cells_of,
    count_cells,
    count_numbers,
    empty_summary,
    summarize,
)

Grids = Mapping[str, Grid]
T = TypeVar("T")

WORTH_THREADS = 20_000
"""Rows below which counting in threads takes longer than without."""


@dataclass(frozen=True)
class Profile:
    """The rows of a window and the summary of each of its columns.

    Adding is exact, associative and commutative; `Profile.empty` is neutral; subtraction undoes.
    """

    rows: int
    columns: Mapping[str, Summary]

    @classmethod
    def empty(cls, grids: Grids) -> Profile:
        return cls(0, {name: empty_summary(grid) for name, grid in grids.items()})

    @property
    def grids(self) -> dict[str, Grid]:
        return {name: summary.grid for name, summary in self.columns.items()}

    def __add__(self, other: Profile) -> Profile:
        self._require_same_columns(other)
        return Profile(
            self.rows + other.rows,
            {name: summary + other.columns[name] for name, summary in self.columns.items()},
        )

    def __sub__(self, other: Profile) -> Profile:
        self._require_same_columns(other)
        if other.rows > self.rows:
            raise ProfileError(f"cannot subtract {other.rows} rows from {self.rows}")
        return Profile(
            self.rows - other.rows,
            {name: summary - other.columns[name] for name, summary in self.columns.items()},
        )

    def _require_same_columns(self, other: Profile) -> None:
        if self.columns.keys() != other.columns.keys():
            differ = sorted(self.columns.keys() ^ other.columns.keys())
            raise GridMismatch(f"the two profiles do not have the same columns: {differ}")


def profile_table(grids: Grids, table: pa.Table) -> Profile:
    """The profile of all rows of `table`. A column the table lacks counts as absent.

    Raises DataError when two columns have one name.
    """
    require_distinct(table)
    there = set(table.column_names)

    def one(name: str) -> Summary:
        if name not in there:
            return absent_summary(grids[name], table.num_rows)
        return summarize(grids[name], table[name])

    columns = [[summary] for summary in in_threads(one, grids, table.num_rows)]
    ends = np.array([0, table.num_rows])
    linked = with_sums(grids, table, None, ends, dict(zip(grids, columns, strict=True)))
    return Profile(table.num_rows, {name: found for name, (found,) in linked.items()})


def profile_batches(grids: Grids, batches: Iterable[pa.RecordBatch | pa.Table]) -> Profile:
    """The profile of a stream of batches, in the memory of one batch."""
    total = Profile.empty(grids)
    for batch in batches:
        total = total + profile_table(grids, as_table(batch))
    return total


def profile_groups(
    grids: Grids, table: pa.Table, groups: NDArray[np.int64], count: int
) -> list[Profile]:
    """One profile per group: `groups` gives each row a number in [0, count), or -1 to leave it out.

    Much cheaper than `count` calls of `profile_table`: each column is read once.
    """
    require_distinct(table)
    order = np.argsort(groups, kind="stable")
    bounds = np.searchsorted(groups[order], np.arange(count + 1))
    in_order = bool(np.all(order == np.arange(len(order))))

    def one(name: str) -> list[Summary]:
        grid = grids[name]
        if name not in table.column_names:
            return [absent_summary(grid, int(n)) for n in np.diff(bounds)]
        spans = list(pairwise(bounds))
        if isinstance(grid, NumericGrid):
            values, unreadable = to_floats(table[name])
            values = values if in_order else values[order]
            bad = unreadable if in_order or unreadable is None else unreadable[order]
            return [
                count_numbers(grid, values[a:b], 0 if bad is None else int(bad[a:b].sum()))
                for a, b in spans
            ]
        cells = cells_of(grid, *to_codes(table[name]))
        cells = cells if in_order else cells[order]
        return [count_cells(grid, cells[a:b]) for a, b in spans]

    columns = dict(zip(grids, in_threads(one, grids, table.num_rows), strict=True))
    columns = with_sums(grids, table, None if in_order else order, bounds, columns)
    sizes = np.diff(bounds)
    return [Profile(int(sizes[i]), {n: columns[n][i] for n in grids}) for i in range(count)]


def in_threads(work: Callable[[str], T], names: Iterable[str], rows: int) -> Sequence[T]:
    """`work` for every name, on as many threads as there are processors when there are rows enough
    to be worth it; NumPy and Arrow free the GIL."""
    todo = list(names)
    workers = min(len(todo), os.cpu_count() or 1)
    if workers < 2 or rows < WORTH_THREADS:
        return [work(name) for name in todo]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, todo))
