"""From the values that database drivers give to Arrow."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

import pyarrow as pa
from sqlalchemy import types

from driftline.profiles.frames import as_table

MOMENT = pa.timestamp("us", "UTC")

_DECLARED: tuple[tuple[type[types.TypeEngine[Any]], pa.DataType], ...] = (
    (types.Boolean, pa.bool_()),
    (types.Integer, pa.int64()),
    (types.Float, pa.float64()),
    (types.Numeric, pa.float64()),
    (types.DateTime, MOMENT),
    (types.Date, pa.date32()),
    (types.Interval, pa.float64()),
    (types.String, pa.string()),
    (types.Uuid, pa.string()),
    (types.JSON, pa.string()),
    (types.ARRAY, pa.string()),
    (types.Time, pa.string()),
)


def declared(kind: types.TypeEngine[Any]) -> pa.DataType | None:
    """The Arrow type for a column that a table declares as `kind`; None when there is none."""
    return next((arrow for known, arrow in _DECLARED if isinstance(kind, known)), None)


def to_arrow(
    names: Sequence[str], rows: Sequence[Sequence[Any]], kinds: Mapping[str, pa.DataType]
) -> pa.Table:
    """Rows as a table; `kinds` are the types of columns that are known. What does not fit into its
    type (SQLite lets any value into any column) goes by its values."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    arrays = [_array(v, kinds.get(n)) for n, v in zip(names, columns, strict=True)]
    return pa.table(arrays, names=list(names))


def _array(values: Sequence[Any], kind: pa.DataType | None) -> pa.Array | pa.ChunkedArray:
    values = _plain(values)
    first = next((value for value in values if value is not None), None)
    if kind is None and isinstance(first, datetime):
        kind = MOMENT
    if kind is not None and (kind != pa.bool_() or set(values) <= {0, 1, None}):
        try:
            fitting = _truths(values) if kind == pa.bool_() else values
            return pa.array(fitting, kind, from_pandas=True)
        except (pa.ArrowException, OverflowError, TypeError, ValueError):
            pass
    return as_table({"": values})[""]


def _truths(values: Sequence[Any]) -> list[bool | None]:
    return [None if value is None else bool(value) for value in values]


def _plain(values: Sequence[Any]) -> list[Any]:
    """Values that Arrow has a type for; the others as numbers or text."""
    kinds = {type(value) for value in values} - {type(None)}
    turn: Mapping[type, Callable[[Any], Any]] = {
        kind: how for kind in kinds if (how := _how(kind)) is not None
    }
    if not turn:
        return list(values)
    return [turn[type(value)](value) if type(value) in turn else value for value in values]


def _how(kind: type) -> Callable[[Any], Any] | None:
    """What makes values of `kind` plain; None when they are."""
    if issubclass(kind, Enum):
        return lambda value: str(value.value)
    if issubclass(kind, bool | int | float | str | date):
        return None
    if issubclass(kind, Decimal):
        return float
    if issubclass(kind, timedelta):
        return timedelta.total_seconds
    if issubclass(kind, time):
        return time.isoformat
    if issubclass(kind, bytes | bytearray | memoryview):
        return lambda value: bytes(value).hex()
    if issubclass(kind, dict | list | tuple):
        return lambda value: json.dumps(value, default=str, sort_keys=True, ensure_ascii=False)
    return str
