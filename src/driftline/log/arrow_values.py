"""Columns of an Arrow stream as arrays of what a column of the log holds. Pure."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from driftline.kept_rows import id_names, in_one
from driftline.log.columns import TYPES, WORDS, Holds
from driftline.log.json_values import Tell, take_moments
from driftline.profiles.columns import Column, plain

DECODED_BYTES = 2**28
"""A dictionary column that is longer than this when written out is refused."""


def take_arrow(column: Column, held: Holds, as_text: bool, tell: Tell) -> pa.Array:
    """The column as an array of what `held` says, or of what its type is when that is open.
    NaN is null. What does not fit is told, and then the array is not to be used."""
    nulls = pa.nulls(len(column), TYPES[held])
    array = _written_out(in_one(plain(column)), tell)
    own = _holds(array.type)
    if own == "open" or array.null_count == len(array):
        if own == "open" and not pa.types.is_null(array.type):
            tell(None, f"must be {WORDS[held]}; columns of type {array.type} are not taken")
        return nulls
    if as_text:
        return id_names(take_moments(array, tell) if own == "moment" else array)
    if held == "open":
        held = own
    if held == "moment" and own == "text":
        return take_moments(array.cast(pa.string()), tell)
    if held != own:
        tell(None, f"must be {WORDS[held]}; found a column of type {array.type}")
        return nulls
    if held == "moment":
        return take_moments(array, tell)
    return _numbers(array, tell) if held == "number" else array.cast(TYPES[held])


def _written_out(array: pa.Array, tell: Tell) -> pa.Array:
    if not pa.types.is_dictionary(array.type):
        return array
    values = array.dictionary
    if _is_text(values.type):
        sizes = pc.fill_null(pc.binary_length(values), 0).take(array.indices)
        if (pc.sum(sizes).as_py() or 0) > DECODED_BYTES:
            tell(None, "is too large when its dictionary is written out; send fewer rows")
            return pa.nulls(len(array))
    return array.dictionary_decode()


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _holds(kind: pa.DataType) -> Holds:
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    if _is_text(kind):
        return "text"
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "moment"
    return "open"


def _numbers(array: pa.Array, tell: Tell) -> pa.Array:
    try:
        floats = array.cast(pa.float64())
    except pa.ArrowInvalid:
        for row in np.flatnonzero(np.asarray(pc.fill_null(_inexact(array), False))):
            found = array[int(row)].as_py()
            tell(int(row), f"must be at most 2^53 to be kept exactly as a number; found {found}")
        return pa.nulls(len(array), pa.float64())
    return pc.if_else(pc.is_nan(floats), pa.scalar(None, pa.float64()), floats)


def _inexact(array: pa.Array) -> pa.Array:
    beyond = pc.greater(array, pa.scalar(2**53, array.type))
    if pa.types.is_unsigned_integer(array.type):
        return beyond
    return pc.or_(beyond, pc.less(array, pa.scalar(-(2**53), array.type)))
