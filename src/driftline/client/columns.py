"""Columns: Python values as Arrow arrays.

PyArrow's own conversion of Python values imports pandas wherever that is installed, half a second
in a process that serves. Here buffers are filled from the standard library's arrays instead.
"""

from __future__ import annotations

import datetime as dt
import numbers
from array import array
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

import pyarrow as pa

Sort = Literal["missing", "truth", "number", "text", "moment", "day", "other"]
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_FIRST_DAY = dt.date(1970, 1, 1).toordinal()
_WHOLE = range(-(2**63), 2**63)


def sort_of(kind: type) -> Sort:
    """What values of a type are to Arrow; the types of NumPy and pandas by their names.

    >>> sort_of(bool), sort_of(float), sort_of(list)
    ('truth', 'number', 'other')
    """
    if kind.__name__ in ("NoneType", "NAType", "NaTType"):
        return "missing"
    if kind.__name__ in ("bool", "bool_"):
        return "truth"
    if issubclass(kind, numbers.Real | Decimal):
        return "number"
    if issubclass(kind, str):
        return "text"
    if issubclass(kind, dt.datetime) or kind.__name__ == "datetime64":
        return "moment"
    return "day" if issubclass(kind, dt.date) else "other"


def sorts_of(values: Sequence[Any]) -> list[Sort]:
    """What each value is; NaN is missing."""
    known = {kind: sort_of(kind) for kind in set(map(type, values))}
    found = [known[type(value)] for value in values]
    if not {"number", "moment"}.intersection(known.values()):
        return found
    return [
        "missing" if sort in ("number", "moment") and value != value else sort
        for sort, value in zip(found, values, strict=True)
    ]


def column(values: Sequence[Any]) -> pa.Array:
    """An Arrow array of the values, missing ones null. Values of several sorts, and such as Arrow
    has no type for, become text.

    >>> column([1, None, 2.5, float("nan")]).to_pylist()
    [1.0, None, 2.5, None]
    """
    each = sorts_of(values)
    sorts = set(each) - {"missing"}
    if not sorts:
        return pa.nulls(len(values))
    present = [sort != "missing" for sort in each]
    match sorts.pop() if len(sorts) == 1 else "other":
        case "truth":
            data = _bits([there and bool(v) for there, v in zip(present, values, strict=True)])
            return _array(pa.bool_(), present, data)
        case "number":
            return _numbers(values, present)
        case "moment":
            moments = array(
                "q", [_moment(v) if t else 0 for t, v in zip(present, values, strict=True)]
            )
            return _array(pa.timestamp("us", "UTC"), present, moments)
        case "day":
            days = [
                v.toordinal() - _FIRST_DAY if t else 0 for t, v in zip(present, values, strict=True)
            ]
            return _array(pa.date32(), present, array("i", days))
        case _:
            return _text(values, present)


def moments(microseconds: int, rows: int) -> pa.Array:
    """The same moment `rows` times."""
    stamps = array("q", [microseconds]) * rows
    return _array(pa.timestamp("us", "UTC"), [True] * rows, stamps)


def _numbers(values: Sequence[Any], present: list[bool]) -> pa.Array:
    there = [v for v, p in zip(values, present, strict=True) if p]
    if all(issubclass(kind, numbers.Integral) for kind in set(map(type, there))):
        whole = [int(v) if p else 0 for v, p in zip(values, present, strict=True)]
        if min(whole) in _WHOLE and max(whole) in _WHOLE:
            return _array(pa.int64(), present, array("q", whole))
    floats = [float(v) if p else 0.0 for v, p in zip(values, present, strict=True)]
    return _array(pa.float64(), present, array("d", floats))


def _moment(value: Any) -> int:
    if not isinstance(value, dt.datetime):  # NumPy's
        value = value.astype("datetime64[us]").item()
    if value.tzinfo is None:
        value = value.replace(tzinfo=dt.UTC)
    return int((value - _EPOCH) // _MICROSECOND)


def _text(values: Sequence[Any], present: list[bool]) -> pa.Array:
    encoded = [
        _words(value).encode("utf-8", "replace") if there else b""
        for value, there in zip(values, present, strict=True)
    ]
    offsets, end = array("i", [0]), 0
    for piece in encoded:
        end += len(piece)
        offsets.append(end)
    buffers = [_validity(present), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(values), buffers)


def _words(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _array(kind: Any, present: list[bool], data: Any) -> pa.Array:
    return pa.Array.from_buffers(kind, len(present), [_validity(present), pa.py_buffer(data)])


def _validity(present: list[bool]) -> Any:
    return None if all(present) else pa.py_buffer(_bits(present))


def _bits(flags: list[bool]) -> bytes:
    digits = "".join("1" if flag else "0" for flag in reversed(flags))
    return int(digits or "0", 2).to_bytes((len(flags) + 7) // 8, "little")
