"""The two readings of a column that counting needs: as floats, and as category codes.

A value that cannot be read (text in a numeric column) is counted, never dropped and never an error:
one bad value does not stop the rest.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from driftline.profiles.grid import Floats

Column: TypeAlias = pa.ChunkedArray | pa.Array


def is_numeric(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def is_categorical(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_boolean(kind)
        or pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_dictionary(kind)
    )


def to_floats(column: Column) -> tuple[Floats, NDArray[np.bool_] | None]:
    """Values as float64, NaN for missing ones, and which rows had a value that could not be read
    as a number (None: no row had).

    >>> to_floats(pa.array(["1.5", "high", None]))
    (array([1.5, nan, nan]), array([False,  True, False]))
    """
    column = plain(column)
    if pa.types.is_dictionary(column.type):
        column = pc.cast(column, column.type.value_type)
    if pa.types.is_boolean(column.type):
        column = pc.cast(column, pa.int8())
    if is_numeric(column.type):
        if not pa.types.is_float64(column.type):
            column = pc.cast(column, pa.float64(), safe=False)
        return np.asarray(_one(column).to_numpy(zero_copy_only=False)), None
    if is_categorical(column.type):
        codes, names = to_codes(column)
        values: Floats = np.array([_number(name) for name in names] + [np.nan])[codes]
        unreadable = np.isnan(values) & (codes >= 0)
    else:
        values = np.full(len(column), np.nan)
        unreadable = ~np.asarray(_one(column.is_null()).to_numpy(zero_copy_only=False))
    return values, unreadable if unreadable.any() else None


def _number(text: str) -> float:
    try:
        return np.nan if "_" in text else float(text)
    except ValueError:
        return np.nan


def to_codes(column: Column) -> tuple[NDArray[np.int64], list[str]]:
    """A code per row (-1 for missing) and the category name of each code.

    Numbers are named as people write them, whatever their type: 3.0 is "3", the decimal 1.50 is
    "1.5"; booleans are "true" and "false". Different codes may have the same name.

    >>> to_codes(pa.array([3.0, None, 3.0]))
    (array([ 0, -1,  0]), ['3'])
    """
    array = _encoded(plain(column))
    names = [_name(value) for value in _values(array.dictionary)]
    codes = np.asarray(pc.fill_null(array.indices.cast(pa.int64()), -1))
    if None in names:
        valid = np.array([name is not None for name in names] + [False])
        codes = np.where(valid[codes], codes, -1)
    return codes, [name or "" for name in names]


def plain(column: Column) -> Column:
    """The column without run-end encoding."""
    if pa.types.is_run_end_encoded(column.type):
        return pc.run_end_decode(column)
    return column


def _encoded(column: Column) -> pa.DictionaryArray:
    if pa.types.is_dictionary(column.type):
        try:
            return _one(column)
        except pa.ArrowInvalid:  # the chunks' dictionaries together need wider codes
            wide = pa.dictionary(pa.int64(), column.type.value_type)
            chunks = [_one(chunk.cast(wide)) for chunk in column.chunks]
            return _one(pa.chunked_array(chunks, wide))
    try:
        return _one(pc.dictionary_encode(column))
    except pa.ArrowNotImplementedError:  # lists, structs, extension types
        text = [None if value is None else str(value) for value in column.to_pylist()]
        return pa.array(text, pa.string()).dictionary_encode()


def _values(dictionary: pa.Array) -> list[Any]:
    kind = dictionary.type
    if pa.types.is_float16(kind) or pa.types.is_float32(kind):  # 0.1, not 0.10000000149011612
        return [float(str(value)) for value in dictionary.to_numpy(zero_copy_only=False)]
    try:
        values: list[Any] = dictionary.to_pylist()
    except UnicodeDecodeError:
        raw = dictionary.cast(pa.binary()).to_pylist()
        values = [None if value is None else value.decode(errors="replace") for value in raw]
    return values


def _name(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, Decimal):
        whole = value == value.to_integral_value()
        return str(int(value)) if whole else format(value.normalize(), "f")
    return str(value)


def _one(column: Column) -> pa.Array:
    if not isinstance(column, pa.ChunkedArray):
        return column
    if column.num_chunks == 1:
        return column.chunk(0)
    return column.unify_dictionaries().combine_chunks()
