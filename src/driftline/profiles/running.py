"""Running numbers: columns that name rows and grow with them, which no later row can be like."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from driftline.errors import ColumnError
from driftline.profiles.columns import Column, plain, to_floats
from driftline.profiles.frames import to_microseconds

MIN_ROWS = 100
"""Rows below which whole numbers that happen to rise are no sign of anything."""

DENSE = 2
"""Distinct numbers in a range of fewer than so many times their count are an enumeration: drawn by
chance, some of them would be the same."""

REPEATED = 0.01
"""Share of rows up to which numbers may repeat: some rows may have been logged twice."""

IN_ORDER = 0.999
"""Rank correlation with the order of rows from which numbers follow it. Ids that are given when a
request begins and logged when it ends are out of order by a few places; a measurement that rises
slowly is out of order everywhere."""


def running_numbers(
    table: pa.Table, timestamp: str | None, names: Sequence[str], keep: Collection[str] = ()
) -> dict[str, str]:
    """Those of the columns `names` that are surely running numbers, each with the reason to leave
    it out of a comparison.

    Only whole numbers, hardly two of them the same and none missing, are taken for such: when they
    follow the rows' moments (without `timestamp`, the rows themselves), or fill a range. Columns
    in `keep` never are; nor is any when all of `names` would be.

    >>> n = np.arange(500)
    >>> table = pa.table({"order": n + 9000, "km": n // 2, "kwh": n / 7})
    >>> list(running_numbers(table, None, table.column_names))
    ['order']
    """
    asked = [n for n in names if n not in keep and _is_enumeration(table[n])]
    places = _places(table, timestamp) if asked else None
    found = [name for name in asked if _is_running(table[name], places)]
    if len(found) == len(names):
        return {}
    return {name: _told(table[name]) for name in found}


def _told(column: Column) -> str:
    distinct, rows = pc.count_distinct(column).as_py(), len(column)
    differ = f"all {rows:,}" if distinct == rows else f"{distinct:,} of {rows:,}"
    return (
        f"looks like a running number ({differ} differ), which is always new; "
        "name it in `features` to compare it all the same"
    )


def _is_enumeration(column: Column) -> bool:
    """Whether all values are there, whole numbers by type, and hardly two the same."""
    kind = column.type
    whole = pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0)
    if not whole or len(column) < MIN_ROWS or column.null_count:
        return False
    head = column.slice(0, 10 * MIN_ROWS)
    return all(
        pc.count_distinct(some).as_py() >= (1 - REPEATED) * len(some) for some in (head, column)
    )


def _places(table: pa.Table, timestamp: str | None) -> NDArray[np.int64] | None:
    """The rows' moments; None where rows have none, and their own order counts."""
    if timestamp is None:
        return None
    try:
        return to_microseconds(table[timestamp])
    except ColumnError:  # told where the moments are needed
        return None


def _is_running(column: Column, moments: NDArray[np.int64] | None) -> bool:
    values, _ = to_floats(plain(column))
    if float(values.max() - values.min()) < DENSE * len(values):
        return True
    if moments is not None:
        values = values[np.lexsort((values, moments))]
    place = np.arange(len(values))
    rank = np.empty(len(values))
    rank[np.argsort(values, kind="stable")] = place
    return bool(abs(np.corrcoef(rank, place)[0, 1]) >= IN_ORDER)
