"""What changed in one column, in words with the figures a person would ask for first. Pure."""

from __future__ import annotations

import math

import numpy as np

from driftline.alarms.verdict import ColumnVerdict, Relation
from driftline.profiles.grid import OTHER, UNSEEN, CategoricalGrid, NumericGrid
from driftline.profiles.summary import Summary
from driftline.wording import THIN, number, percent, trimmed

Cell = tuple[float, float]
"""Lowest and highest value of a cell of a numeric grid."""

EXACT = 0.05
"""A quantile is told as one value where its cell is narrower than this part of the reference's
usual range; elsewhere, as between points far beyond that range, it is told as "low to high"."""


def change_in_words(column: ColumnVerdict, reference: Summary, current: Summary) -> str:
    """What changed in one column, with the figures a person would ask for first."""
    name = column.name
    if current.absent and current.absent == current.rows:
        return f"{name}: the column is gone from the data"
    if column.statistic == "missing_share":
        return (
            f"{name}: {percent(column.missing)} of rows have no value "
            f"(reference {percent(column.reference_missing)})"
        )
    if column.statistic == "coupling":
        return f"{name}: {_relation_words(column.relation)}"
    if isinstance(reference.grid, NumericGrid):
        return _numeric_words(column, reference, current)
    return _categorical_words(column, reference, current)


def _relation_words(relation: Relation | None) -> str:
    if relation is None:
        return "relation with another column changed"
    about = f"relation with {relation.partner}"
    if relation.now is None:
        return f"{about} changed"
    told = f"correlation {number(relation.now, 2)} (reference {number(relation.usual, 2)})"
    return f"{about} {'weaker' if relation.now < relation.usual else 'stronger'}: {told}"


def _numeric_words(column: ColumnVerdict, reference: Summary, current: Summary) -> str:
    usual = [quantile_cell(reference, share) for share in (0.1, 0.5, 0.9)]
    found = [quantile_cell(current, share) for share in (0.1, 0.5, 0.9)]
    exact = EXACT * (usual[2][1] - usual[0][0])
    told = []
    if column.statistic == "new_value_share":
        told.append(f"{percent(column.value)} of values are ones the reference never had")
    if column.statistic == "out_of_range_share":
        told.append(f"{percent(column.value)} of values are outside {_range(reference)}")
    if usual[1] != found[1]:
        told.append(f"median {_value(found[1], exact)} (reference {_value(usual[1], exact)})")
    if usual != found:
        told.append(
            f"80{THIN}% of values in {_between(*_beyond(reference, found[0], found[2]))} "
            f"(reference {_between(usual[0], usual[2])})"
        )
    return f"{column.name}: {'; '.join(told) or _moved_most(reference, current)}"


def _range(reference: Summary) -> str:
    """The range of the reference's values."""
    assert isinstance(reference.grid, NumericGrid)
    low, high = reference.grid.edges
    held = np.flatnonzero(reference.counts)
    least, most = trimmed(float(low[held[0]]), 4), trimmed(float(high[held[-1]]), 4)
    return f"{least} to {most}, the reference's range"


def quantile_cell(summary: Summary, share: float) -> Cell:
    """Lowest and highest value of the cell in which a quantile lies; the same at a point."""
    assert isinstance(summary.grid, NumericGrid)
    upto = np.cumsum(summary.counts)
    cell = min(int(np.searchsorted(upto, share * upto[-1], "left")), len(upto) - 1)
    low, high = summary.grid.edges
    return float(low[cell]), float(high[cell])


def _beyond(reference: Summary, first: Cell, last: Cell) -> tuple[Cell, Cell]:
    """Two cells, open at an end that lies beyond the reference's own values: its far edge is a
    guard, a point that no value need be near."""
    assert isinstance(reference.grid, NumericGrid)
    low, high = reference.grid.edges
    held = np.flatnonzero(reference.counts)
    if first == last or not len(held):
        return first, last
    if first[0] < first[1] <= low[held[0]]:
        first = -math.inf, first[1]
    if high[held[-1]] <= last[0] < last[1]:
        last = last[0], math.inf
    return first, last


def _value(cell: Cell, exact: float) -> str:
    low, high = cell
    if math.isinf(low) or math.isinf(high):
        return f"over {trimmed(low, 4)}" if math.isinf(high) else f"under {trimmed(high, 4)}"
    if high - low <= exact:
        return trimmed((low + high) / 2, 4)
    return f"{trimmed(low, 4)} to {trimmed(high, 4)}"


def _between(first: Cell, last: Cell) -> str:
    low, high = first[0], last[1]
    low_words = trimmed(low if math.isfinite(low) else first[1], 4)
    high_words = trimmed(high if math.isfinite(high) else last[0], 4)
    under = "" if math.isfinite(low) else "under "
    over = "" if math.isfinite(high) else "over "
    return f"{under}{low_words} to {over}{high_words}"


def _moved_most(reference: Summary, current: Summary) -> str:
    """The value at which the shares of rows up to it differ most (where D is, in a KS test)."""
    assert isinstance(reference.grid, NumericGrid)
    before = np.cumsum(reference.counts) / max(1, reference.present)
    after = np.cumsum(current.counts) / max(1, current.present)
    at = int(np.argmax(np.abs(after - before)))
    value = trimmed(float(reference.grid.edges[1][at]), 4)
    return f"{percent(after[at])} of values are up to {value} (reference {percent(before[at])})"


def _categorical_words(column: ColumnVerdict, reference: Summary, current: Summary) -> str:
    assert isinstance(reference.grid, CategoricalGrid)
    p = reference.counts / max(1, reference.present)
    q = current.counts / max(1, current.present)
    if column.statistic == "new_category_share":
        told = f"{column.name}: {percent(column.value)} of rows have a category never seen before"
        return f"{told}: {_newcomers(column)}" if column.newcomers else told
    most = np.argsort(-np.abs(q - p), kind="stable")[:2]
    new = f" ({_newcomers(column)})" if column.newcomers else ""
    special = {OTHER: "other categories", UNSEEN: f"categories never seen before{new}"}
    names = [special.get(name, f'"{name}"') for name in reference.grid.names]
    moved = [f"{names[i]} {percent(q[i])} (reference {percent(p[i])})" for i in most]
    return f"{column.name}: {'; '.join(moved)}"


def _newcomers(column: ColumnVerdict) -> str:
    return ", ".join(f'"{name}" {percent(share)}' for name, share in column.newcomers)
