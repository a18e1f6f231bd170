"""Linking: which columns go together in a reference, and the sums that watch it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from driftline.profiles.columns import to_codes, to_floats
from driftline.profiles.grid import Counts, Floats, Grid, NumericGrid
from driftline.profiles.link import MARKS, Coding, Link
from driftline.profiles.summary import Summary, cells_of

BINS = 6
"""Coarse bins of a column, beside the rows without a value."""

ROWS = 50_000
"""Rows that links are chosen from: a longer reference is thinned evenly."""

LEAST = 0.05
"""Correlation within windows below which two columns are not worth watching together."""

RARE = 0.02
"""Share of rows below which a bin has little say in what makes two columns go together."""

PLAIN = 1.5
"""Standard deviations by which a window without the relation must stand out: windows are summed."""

Bins = NDArray[np.int64]


def bins_of(grid: Grid, cuts: Sequence[float], column: pa.ChunkedArray) -> Bins:
    """The coarse bin of each row, from 1 on; 0 for rows without a value."""
    if isinstance(grid, NumericGrid):
        values, _ = to_floats(column)
        return np.where(np.isnan(values), 0, np.searchsorted(cuts, values, "left") + 1)
    cells = cells_of(grid, *to_codes(column))
    return np.where(cells < 0, 0, np.minimum(cells, BINS - 1) + 1)


def with_sums(
    grids: Mapping[str, Grid],
    table: pa.Table,
    order: Counts | None,
    bounds: Counts,
    summaries: dict[str, list[Summary]],
) -> dict[str, list[Summary]]:
    """The summaries of groups of rows, with the sums of their links.

    Rows in `order` (None: as they are) from `bounds[i]` to `bounds[i + 1]` are group i.
    """
    known: dict[str, Bins] = {}

    def bins(name: str, coding: Coding) -> Bins:
        if name not in known:
            if name in table.column_names:
                found = bins_of(grids[name], coding.cuts, table[name])
                known[name] = found if order is None else found[order]
            else:
                known[name] = np.zeros(table.num_rows, dtype=np.int64)
        return known[name]

    found = dict(summaries)
    for name, grid in grids.items():
        if grid.link is None:
            continue
        link = grid.link
        own = np.array(link.own.marks)[bins(name, link.own)]
        other = np.array(link.other.marks)[bins(link.partner, link.other)]
        together, partner = _sums(own * other, bounds), _sums(other, bounds)
        found[name] = [
            replace(summary, together=int(together[i]), partner=int(partner[i]))
            for i, summary in enumerate(summaries[name])
        ]
    return found


def _sums(values: Counts, bounds: Counts) -> Counts:
    upto = np.append(0, np.cumsum(values))
    sums: Counts = np.diff(upto[bounds])
    return sums


def link_columns(
    grids: Mapping[str, Grid], total: Mapping[str, Summary], table: pa.Table, windows: Counts
) -> dict[str, Grid]:
    """The grids, each with a link to the column that it goes together with most *within* windows:
    what moves from day to day in step is no relation between rows. Each pair is used once.

    `windows` gives each row of `table` its window, or -1.
    """
    rows = np.flatnonzero(windows >= 0)
    rows = rows[:: max(1, len(rows) // ROWS)]
    _, windows = np.unique(windows[rows], return_inverse=True)
    thin = table.take(pa.array(rows))
    cuts = {name: _cuts(grid, total[name]) for name, grid in grids.items()}
    bins = {name: bins_of(grid, cuts[name], thin[name]) for name, grid in grids.items()}
    found: list[tuple[float, str, str, _Pair]] = []
    for a, b in combinations(grids, 2):
        pair = _strongest(bins[a], bins[b], windows)
        if pair.strength >= LEAST and pair.plain >= PLAIN:
            found.append((pair.plain, a, b, pair))
    linked = dict(grids)
    for _, a, b, pair in sorted(found, key=lambda pair: -pair[0]):
        for own, other, marks in ((a, b, pair.marks), (b, a, pair.marks[::-1])):
            if linked[own].link is None:
                codings = _coding(cuts[own], marks[0]), _coding(cuts[other], marks[1])
                linked[own] = replace(linked[own], link=Link(other, *codings, pair.strength))
                break
    return linked


@dataclass(frozen=True)
class _Pair:
    """Marks of two columns, how they correlate within windows, and how many standard deviations of
    the windows' own differences it would be if they no longer did in a usual window."""

    marks: tuple[Counts, Counts]
    strength: float
    plain: float


def _cuts(grid: Grid, total: Summary) -> tuple[float, ...]:
    """Points at which a numeric column is cut into bins of about the same size."""
    if not isinstance(grid, NumericGrid):
        return ()
    upto = np.cumsum(total.counts)[1::2]
    wanted = np.arange(1, BINS) * total.present / BINS
    places = np.searchsorted(upto, wanted, "left").clip(0, len(grid.points) - 1)
    return tuple(np.unique(grid.points[places]).tolist())


def _coding(cuts: tuple[float, ...], marks: Counts) -> Coding:
    bins = len(cuts) + 2 if cuts else BINS + 1
    return Coding(cuts, tuple(marks[:bins].tolist()))


def _strongest(a: Bins, b: Bins, windows: Bins) -> _Pair:
    """The marks of two columns' bins that correlate most within windows, and that correlation: the
    first singular vectors of the table of both, less what each window's own shares make of it.

    Only rows in which both have a value speak: that two values are missing together says nothing of
    those that are there. Rare bins speak softly.
    """
    size, count = BINS + 1, int(windows.max(initial=-1)) + 1
    cell = windows * size * size + a * size + b
    tables = np.bincount(cell, minlength=count * size * size).reshape(count, size, size)
    there = tables.copy()
    there[:, 0, :] = there[:, :, 0] = 0
    own, other = there.sum(axis=(0, 2)), there.sum(axis=(0, 1))
    apart = _apart(there)
    soft = RARE * max(1, own.sum())
    left, right = 1 / np.sqrt(own + soft), 1 / np.sqrt(other + soft)
    u, _, v = np.linalg.svd(left[:, None] * apart * right)
    f, g = _whole(u[:, 0] * left, own), _whole(v[0] * right, other)
    rows = tables.sum(axis=(1, 2))
    own, other = tables.sum(axis=2), tables.sum(axis=1)
    means, variances = _moments(own, f)
    others, spreads = _moments(other, g)
    product = variances * spreads
    known = product > 0
    if not known.any():
        return _Pair((f, g), 0.0, 0.0)
    together = ((tables @ g) @ f)[known] / rows[known] - (means * others)[known]
    each, rows = together / np.sqrt(product[known]), rows[known]
    strength = float(np.average(each, weights=rows))
    differ = float(np.std((each - strength) * np.sqrt(rows)))
    return _Pair((f, g), strength, strength * float(np.sqrt(np.median(rows))) / max(differ, 0.7))


def _moments(tables: Counts, marks: Counts) -> tuple[Floats, Floats]:
    """Mean and variance of the marks of each window's rows."""
    rows = np.maximum(tables.sum(axis=1), 1)
    mean = tables @ marks / rows
    return mean, tables @ marks**2 / rows - mean**2


def _apart(tables: Counts) -> Floats:
    """The sum of all windows' tables, less what they would be without a relation in any."""
    own, other = tables.sum(axis=2), tables.sum(axis=1)
    rows = np.maximum(own.sum(axis=1), 1)
    apart: Floats = tables.sum(axis=0) - (own / rows[:, None]).T @ other
    return apart


def _whole(marks: Floats, rows: Counts) -> Counts:
    """Marks as whole numbers from 0 on; bins without rows, and rows without a value, have the mean
    of the others."""
    known = rows > 0
    if not known.any():
        return np.zeros(len(marks), dtype=np.int64)
    low, high = float(marks[known].min()), float(marks[known].max())
    marks = np.where(known, marks, float(np.average(marks[known], weights=rows[known])))
    whole: Counts = np.rint((marks - low) / ((high - low) or 1.0) * (MARKS - 1)).astype(np.int64)
    return whole
