"""Values of JSON as Arrow arrays of what a column of the log holds. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import NoneType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from driftline.log.bodies import shown
from driftline.log.columns import EARLIEST, LATEST, MOMENT, TYPES, WORDS, Holds
from driftline.profiles.frames import to_microseconds

Tell = Callable[[int | None, str], None]
"""Called with the row of a value that cannot be taken (None: the whole column) and the reason."""

EXACT = 2**53
"""Whole numbers beyond this are not exact as float64."""

_FITS: Mapping[Holds, set[type]] = {
    "number": {int, float},
    "boolean": {bool},
    "text": {str},
    "moment": {str},
}
_OF_TYPE: Mapping[type, Holds] = {int: "number", float: "number", bool: "boolean", str: "text"}


def take_json(values: Sequence[Any], held: Holds, as_text: bool, tell: Tell) -> pa.Array:
    """The values as an array of what `held` says, or of what the first of them is when that is
    open. Those that do not fit are told, and then the array is not to be used."""
    kinds = set(map(type, values)) - {NoneType}
    if not kinds:
        return pa.nulls(len(values), TYPES[held])
    if as_text:
        return pa.array([_named(i, value, tell) for i, value in enumerate(values)], pa.string())
    if held == "open":
        first = next(value for value in values if value is not None)
        held = _OF_TYPE.get(type(first), "open")
    fits = _FITS.get(held, set())
    array = None
    if kinds <= fits:
        array = _MAKE[held](values, tell)
    else:
        told = f"must be {WORDS[held]}"
        for i, value in enumerate(values):
            if value is not None and type(value) not in fits:
                tell(i, f"{told}; found {shown(value)}")
        if held in _MAKE:  # what else is wrong is told at once
            _MAKE[held]([value if type(value) in fits else None for value in values], tell)
    return pa.nulls(len(values), TYPES[held]) if array is None else array


def _numbers(values: Sequence[Any], tell: Tell) -> pa.Array | None:
    try:
        array = pa.array(values, pa.float64())
        if not pc.any(pc.is_inf(array)).as_py():
            return array
    except (pa.ArrowInvalid, OverflowError):
        pass
    for i, value in enumerate(values):
        if isinstance(value, int) and abs(value) > EXACT:
            tell(i, f"must be at most 2^53 to be kept exactly as a number; found {shown(value)}")
        elif isinstance(value, float) and not np.isfinite(value):
            tell(i, "must be a number that float64 can hold")
    return None


def _texts(values: Sequence[Any], tell: Tell) -> pa.Array | None:
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        for i, value in enumerate(values):
            _as_unicode(i, value, tell)
        return None


def _as_unicode(row: int, value: str | None, tell: Tell) -> str | None:
    try:
        if value is not None:
            value.encode()
    except UnicodeEncodeError:
        tell(row, f"must be Unicode text; found a lone surrogate in {shown(value)}")
        return None
    return value


def _moments(values: Sequence[Any], tell: Tell) -> pa.Array | None:
    texts = _texts(values, tell)
    return None if texts is None else take_moments(texts, tell)


def take_moments(column: pa.Array, tell: Tell) -> pa.Array:
    """Timestamps, dates or ISO 8601 text as moments; those that are none are told."""
    micros = to_microseconds(column)
    given = np.asarray(column.is_valid())
    good = (micros >= EARLIEST) & (micros < LATEST)
    for row in np.flatnonzero(given & ~good):
        value = column[int(row)].as_py() if pa.types.is_string(column.type) else None
        found = f"; found {shown(value)}" if value is not None else ""
        tell(int(row), f"must be an ISO 8601 moment from 1900 to 2199{found}")
    return pa.array(micros, mask=~good).cast(MOMENT)


def _booleans(values: Sequence[Any], _tell: Tell) -> pa.Array | None:
    return pa.array(values, pa.bool_())


_MAKE: Mapping[Holds, Callable[[Sequence[Any], Tell], pa.Array | None]] = {
    "number": _numbers,
    "boolean": _booleans,
    "text": _texts,
    "moment": _moments,
}


def _named(row: int, value: Any, tell: Tell) -> str | None:
    """A value of a column of ids or categories, named as people write it."""
    if value is None or isinstance(value, str):
        return _as_unicode(row, value, tell)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and np.isfinite(value):
        return str(int(value)) if value.is_integer() else str(value)
    tell(row, f"must be text or a number; found {shown(value)}")
    return None
