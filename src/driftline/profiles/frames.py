"""Frames in: anything that exports Arrow, or a mapping of NumPy arrays, as one Arrow table.

Also the two readings of a column that counting needs: as floats, and as category codes. A value that
cannot be read (text in a numeric column) is counted, never dropped and never an error: one bad value
does not stop the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from driftline.errors import ColumnError, DataError, nearest
from driftline.profiles.grid import Floats


def as_table(frame: object) -> pa.Table:
    """`frame` as an Arrow table: a table or batch, a mapping of arrays, or an Arrow exporter.

    Columns of pandas frames are taken one by one, so that a column of mixed types becomes text
    instead of stopping the others.

    >>> as_table({"x": np.array([1.0, 2.0])}).num_rows
    2
    """
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    if isinstance(frame, Mapping):
        return _table_of({str(name): _array(values) for name, values in frame.items()})
    if type(frame).__module__.partition(".")[0] == "pandas" and hasattr(frame, "columns"):
        names = list(frame.columns)
        columns = {str(n): _array(frame.iloc[:, i]) for i, n in enumerate(names)}  # type: ignore[attr-defined]
        if len(columns) < len(names):
            raise DataError(f"column names must be distinct; found {[str(n) for n in names]}")
        return _table_of(columns)
    if hasattr(frame, "__arrow_c_stream__"):
        return pa.table(frame)
    raise DataError(
        f"cannot read a {type(frame).__name__} as a table; give anything that exports Arrow "
        "(pandas, Polars, PyArrow, DuckDB) or a mapping of names to NumPy arrays"
    )


def _table_of(columns: Mapping[str, pa.Array]) -> pa.Table:
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"columns must have the same length; found {lengths}")
    return pa.table(dict(columns))


def _array(values: Any) -> pa.Array | pa.ChunkedArray:
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return pa.array([None if _is_missing(v) else str(v) for v in values], pa.string())


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value) or str(value) == "<NA>"


def require_columns(names: Iterable[str], table: pa.Table, what: str) -> None:
    """Raise one ColumnError that names every missing column with its nearest neighbour."""
    known = table.column_names
    absent = [name for name in names if name not in known]
    if absent:
        told = ", ".join(f'"{name}"{nearest(name, known)}' for name in absent)
        raise ColumnError(f"{what}: no column {told} (columns: {', '.join(known)})")


def is_numeric(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def is_categorical(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_boolean(kind)
        or pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_dictionary(kind)
    )


def to_floats(column: pa.ChunkedArray | pa.Array) -> tuple[Floats, int]:
    """Values as float64 with NaN for missing, and how many non-null values could not be read."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = pc.cast(column, kind.value_type), kind.value_type
    if pa.types.is_boolean(kind):
        column, kind = pc.cast(column, pa.int8()), pa.int8()
    if is_numeric(kind):
        if not pa.types.is_float64(kind):
            column = pc.cast(column, pa.float64(), safe=False)
        return np.asarray(_one(column).to_numpy(zero_copy_only=False)), 0
    if is_categorical(kind):
        return _parse(column)
    present = len(column) - column.null_count
    return np.full(len(column), np.nan), present


def _parse(column: pa.ChunkedArray | pa.Array) -> tuple[Floats, int]:
    codes, names = to_codes(column)
    parsed = np.array([_float_or_nan(name) for name in names] + [np.nan])
    values: Floats = parsed[codes]
    unreadable = np.isnan(values) & (codes >= 0)
    return values, int(np.count_nonzero(unreadable))


def _float_or_nan(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def to_codes(column: pa.ChunkedArray | pa.Array) -> tuple[NDArray[np.int64], list[str]]:
    """A code per row (-1 for missing) and the category name of each code.

    Numbers are named as people write them: 3.0 is "3"; booleans are "true" and "false".

    >>> to_codes(pa.array([3.0, None, 3.0]))[1]
    ['3']
    """
    if pa.types.is_nested(column.type):
        column = pa.array([None if v is None else str(v) for v in column.to_pylist()], pa.string())
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column)
    array = _one(column)
    names = [_name(value) for value in array.dictionary.to_pylist()]
    codes = np.asarray(pc.fill_null(array.indices, -1).to_numpy(zero_copy_only=False))
    codes = codes.astype(np.int64, copy=False)
    if None in names:
        valid = np.array([name is not None for name in names] + [False])
        codes = np.where(valid[codes], codes, -1)
    return codes, [name or "" for name in names]


def _name(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _one(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    if not isinstance(column, pa.ChunkedArray):
        return column
    if column.num_chunks == 1:
        return column.chunk(0)
    return column.unify_dictionaries().combine_chunks()


def to_microseconds(column: pa.ChunkedArray | pa.Array) -> NDArray[np.int64]:
    """Timestamps as microseconds since 1970 in UTC; zoneless ones are taken as UTC.

    Missing or unreadable ones become the smallest int64.
    """
    missing = np.iinfo(np.int64).min
    if not pa.types.is_timestamp(column.type):
        column = _as_timestamps(column)
    if column.type.unit != "us":
        column = pc.cast(column, pa.timestamp("us", column.type.tz), safe=False)
    stamps = pc.fill_null(pc.cast(column, pa.int64()), missing)
    return np.asarray(_one(stamps).to_numpy(zero_copy_only=False), dtype=np.int64)


def _as_timestamps(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    kind = column.type
    if pa.types.is_date(kind):
        return pc.cast(column, pa.timestamp("us"))
    if not is_categorical(kind) or pa.types.is_boolean(kind):
        raise ColumnError(
            f"a timestamp column must hold timestamps, dates or ISO 8601 text; found {kind}"
        )
    codes, names = to_codes(column)
    parsed = np.array([_iso(name) for name in names] + [np.iinfo(np.int64).min], dtype=np.int64)
    return pa.array(parsed[codes], mask=parsed[codes] == np.iinfo(np.int64).min).cast(
        pa.timestamp("us")
    )


def _iso(text: str) -> int:
    try:
        stamp = datetime.fromisoformat(text.strip())
    except ValueError:
        return int(np.iinfo(np.int64).min)
    stamp = stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)
    delta = stamp - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
