"""Frames in: anything that exports Arrow, or a mapping of NumPy arrays, as one Arrow table.

A column that Arrow cannot hold as it is becomes text; it does not stop the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from driftline.errors import ColumnError, DataError, quoted, unsplit
from driftline.profiles.columns import Column, is_categorical, plain, to_codes

_UNREADABLE = (
    pa.ArrowInvalid,
    pa.ArrowTypeError,
    pa.ArrowNotImplementedError,
    OverflowError,
    UnicodeEncodeError,
)


def as_table(frame: object) -> pa.Table:
    """`frame` as an Arrow table: a table or batch, a mapping of arrays, or an Arrow exporter.

    Columns of pandas frames are taken one by one, so that a column of mixed types becomes text
    instead of stopping the others. Raises DataError for anything else, for columns of different
    lengths and for two columns of one name.

    >>> as_table({"x": np.array([1.0, 2.0])}).num_rows
    2
    """
    if isinstance(frame, pa.Table):
        table = frame
    elif isinstance(frame, pa.RecordBatch):
        table = pa.Table.from_batches([frame])
    elif isinstance(frame, Mapping):
        table = _table_of([(str(name), values) for name, values in frame.items()])
    elif type(frame).__module__.partition(".")[0] == "pandas" and hasattr(frame, "columns"):
        names = [str(name) for name in frame.columns]
        table = _table_of([(name, frame.iloc[:, i]) for i, name in enumerate(names)])  # type: ignore[attr-defined]
    else:
        table = _exported(frame)
    require_distinct(table)
    return table


def _exported(frame: object) -> pa.Table:
    if hasattr(frame, "__arrow_c_stream__"):
        try:
            return pa.table(frame)
        except pa.ArrowInvalid:  # a single column, such as a pandas or Polars series
            pass
    raise DataError(
        f"cannot read a {type(frame).__name__} as a table; give anything that exports Arrow "
        "(pandas, Polars, PyArrow, DuckDB) or a mapping of names to NumPy arrays"
    )


def _table_of(columns: list[tuple[str, Any]]) -> pa.Table:
    for name, values in columns:
        if isinstance(values, str) or not hasattr(values, "__len__"):
            raise DataError(f'column "{name}" must be an array or list; found {values!r:.50}')
    lengths = {name: len(values) for name, values in columns}
    if len(set(lengths.values())) > 1:
        raise DataError(f"columns must have the same length; found {lengths}")
    return pa.table([_array(values) for _, values in columns], names=[name for name, _ in columns])


def _array(values: Any) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, np.ndarray) and values.ndim > 1:
        values = list(values)
    try:
        return pa.array(values, from_pandas=True)
    except _UNREADABLE:
        return _array_of_odd(values)


def _array_of_odd(values: Any) -> pa.Array | pa.ChunkedArray:
    array = np.asarray(values)
    if array.dtype.kind in "biuf":  # pandas' sparse columns, long doubles
        return pa.array(array.astype(np.float64), from_pandas=True)
    text = [None if _is_missing(value) else str(value) for value in values]
    return pa.array([t and t.encode(errors="replace").decode() for t in text], pa.string())


def _is_missing(value: Any) -> bool:
    return not isinstance(value, str) and str(value) in {"None", "nan", "NaN", "NaT", "<NA>"}


def require_distinct(table: pa.Table) -> None:
    """Raise DataError when two columns have one name."""
    twice = sorted(name for name, count in Counter(table.column_names).items() if count > 1)
    if twice:
        raise DataError(f"column names must be distinct; found more than one of each: {twice}")


def require_columns(names: Iterable[str], table: pa.Table, what: str) -> None:
    """Raise one ColumnError that names every missing column with its nearest neighbour."""
    known = table.column_names
    absent = [name for name in names if name not in known]
    if absent:
        told = quoted(absent, known)
        there = f"(columns: {', '.join(known)}){unsplit(known)}"
        raise ColumnError(f"{what}: no column {told} {there}")


MISSING_TIME = int(np.iinfo(np.int64).min)


def to_microseconds(column: Column) -> NDArray[np.int64]:
    """Timestamps as microseconds since 1970 in UTC; zoneless ones are taken as UTC.

    Missing, unreadable and unrepresentable ones become the smallest int64. Raises ColumnError for a
    column that holds something else than timestamps, dates or ISO 8601 text.
    """
    column = plain(column)
    kind = column.type
    if pa.types.is_null(kind):
        return np.full(len(column), MISSING_TIME)
    if pa.types.is_date(kind):
        kind = pa.timestamp("s" if pa.types.is_date32(kind) else "ms")
        column = pc.cast(column, kind)
    if not pa.types.is_timestamp(kind):
        return _parsed_times(column)
    stamps = np.array(pc.fill_null(pc.cast(column, pa.int64()), MISSING_TIME))
    if kind.unit == "ns":
        return np.where(stamps == MISSING_TIME, MISSING_TIME, stamps // 1000)
    factor = {"s": 1_000_000, "ms": 1000, "us": 1}[kind.unit]
    outside = (stamps > -MISSING_TIME // factor - 1) | (stamps < MISSING_TIME // factor + 1)
    return np.where(outside, MISSING_TIME, np.where(outside, 0, stamps) * factor)


def _parsed_times(column: Column) -> NDArray[np.int64]:
    kind = column.type
    if not is_categorical(kind) or pa.types.is_boolean(kind):
        raise ColumnError(
            f"a timestamp column must hold timestamps, dates or ISO 8601 text; found {kind}"
        )
    codes, names = to_codes(column)
    parsed = np.array([_iso(name) for name in names] + [MISSING_TIME], dtype=np.int64)
    return parsed[codes]


def _iso(text: str) -> int:
    try:
        stamp = datetime.fromisoformat(text.strip())
    except ValueError:
        return MISSING_TIME
    stamp = stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)
    delta = stamp - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
