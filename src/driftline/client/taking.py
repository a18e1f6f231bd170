"""Taking: the caller's rows are copied in the call, because the caller may change them after it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from driftline.errors import DataError

_PER_VALUE = 32
"""Bytes that one value of a frame or column is taken to need."""


def taken(given: object) -> tuple[Any, int, int]:
    """A copy of what was logged, its rows, and about how many bytes it needs.

    Dicts are copied one level deep, arrays and pandas frames with their values. Polars and PyArrow
    frames are not copied, they do not change. Any other frame that exports Arrow is read here.
    Raises DataError for what is not rows.

    >>> taken({"price": 9.5, "country": "de"})[:2]
    ([{'price': 9.5, 'country': 'de'}], 1)
    >>> taken({"price": [9.5, 3.0], "country": ["de", "fr"]})[1]
    2
    """
    if isinstance(given, Mapping):
        if given and all(_is_column(values) for values in given.values()):
            return _columns(given)
        row = dict(given)
        return [row], 1, _cost(row)
    if isinstance(given, list | tuple):
        rows = [_row(row, at) for at, row in enumerate(given)]
        return rows, len(rows), sum(map(_cost, rows))
    return _frame(given)


def _is_column(values: object) -> bool:
    return hasattr(values, "__len__") and not isinstance(values, str | bytes | bytearray | Mapping)


def _row(row: object, at: int) -> dict[Any, Any]:
    if not isinstance(row, Mapping):
        raise DataError(f"row {at} must be a dict; found {type(row).__name__}")
    return dict(row)


def _cost(row: dict[Any, Any]) -> int:
    return sys.getsizeof(row) + sum(map(sys.getsizeof, row.values()))


def _columns(given: Mapping[Any, Any]) -> tuple[Any, int, int]:
    columns: dict[str, Sequence[Any]] = {
        str(name): values.copy() if hasattr(values, "copy") else values
        for name, values in given.items()
    }
    lengths = {name: len(values) for name, values in columns.items()}
    rows = next(iter(lengths.values()))
    if any(length != rows for length in lengths.values()):
        raise DataError(f"columns must have the same length; found {lengths}")
    return columns, rows, rows * len(columns) * _PER_VALUE


def _frame(given: Any) -> tuple[Any, int, int]:
    library = type(given).__module__.partition(".")[0]
    if library == "pandas" and hasattr(given, "columns"):
        return given.copy(), len(given), len(given) * len(given.columns) * _PER_VALUE
    if library == "polars" and hasattr(given, "estimated_size") and hasattr(given, "height"):
        return given.clone(), given.height, int(given.estimated_size())
    if library == "pyarrow" and hasattr(given, "num_columns"):
        return given, given.num_rows, given.nbytes
    if library not in ("pandas", "polars", "pyarrow") and hasattr(given, "__arrow_c_stream__"):
        from pyarrow import RecordBatchReader

        table = RecordBatchReader.from_stream(given).read_all()
        return table, table.num_rows, table.nbytes
    raise DataError(
        f"cannot log a {type(given).__name__}; give a dict, a list of dicts, a mapping of names to "
        "arrays, or a frame that exports Arrow (pandas, Polars, PyArrow, DuckDB)"
    )
