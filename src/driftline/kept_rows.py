"""Kept rows: predictions that wait for their labels, and the labels, as Arrow tables and bytes.

Ids are compared as text, numbers as people write them: 1, 1.0 and "1" are one id. Other values keep
their type; values of different types in one column become text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from driftline.errors import CodecError
from driftline.profiles.columns import Column, plain, to_codes, to_floats
from driftline.profiles.frames import require_columns, to_microseconds

MOMENT = pa.timestamp("us", "UTC")
NEVER = np.iinfo(np.int64).min
"""Microseconds that stand for no moment at all: earlier than every other."""


def rows_table(
    tables: Sequence[pa.Table], key: str | None, prediction: str | None, score: str | None
) -> pa.Table:
    """Predictions as rows to keep: id (text), prediction, score (float64), label and known_at.

    The arguments name columns of `tables`, `key` the one with the ids; what is None or absent is
    null, and so are label and known_at.
    """
    parts = []
    for table in tables or [pa.table({"": []})]:
        columns = {name: table[name] for name in table.column_names}
        nulls = pa.nulls(table.num_rows)
        scores, _ = to_floats(columns.get(score or "", nulls))
        parts.append(
            {
                "id": id_names(columns.get(key or "", nulls)),
                "prediction": _simple(columns.get(prediction or "", nulls)),
                "score": pa.array(scores, from_pandas=True),
                "label": nulls,
                "known_at": nulls.cast(MOMENT),
            }
        )
    return together([pa.table(part) for part in parts])


def labels_table(
    tables: Sequence[pa.Table], key: str | None, label: str, timestamp: str | None = None
) -> pa.Table:
    """Labels as `join` takes them: id (text), label, known_at (null without `timestamp`).
    Without `key` the ids are null.

    Raises ColumnError when a table lacks a named column.
    """
    named = [name for name in (key, label, timestamp) if name is not None]
    parts = [
        pa.table(
            {"id": pa.nulls(0, pa.string()), "label": pa.nulls(0), "known_at": pa.nulls(0, MOMENT)}
        )
    ]
    for table in tables:
        require_columns(named, table, "labels")
        known = np.full(table.num_rows, NEVER)
        if timestamp is not None:
            known = to_microseconds(table[timestamp])
        ids = id_names(table[key]) if key else pa.nulls(table.num_rows, pa.string())
        columns = [ids, _simple(table[label]), moments(known)]
        parts.append(pa.table(columns, parts[0].column_names))
    return together(parts)


def together(tables: Sequence[pa.Table]) -> pa.Table:
    """Tables with the same columns as one table; values of different types become text."""
    names = tables[0].column_names
    return pa.table({name: pa.concat_arrays(alike([t[name] for t in tables])) for name in names})


def encode_rows(rows: pa.Table, compression: Literal["zstd", "lz4"] = "zstd") -> bytes:
    """A table of rows or labels as one compressed blob; "lz4" is quicker and larger."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression, use_threads=False)
    with pa.ipc.new_file(sink, rows.schema, options=options) as writer:
        writer.write_table(rows.combine_chunks())
    blob: bytes = sink.getvalue().to_pybytes()
    return blob


def decode_rows(blob: bytes, columns: Sequence[int] | None = None) -> pa.Table:
    """Undo `encode_rows`, for some columns by number if given; CodecError for damaged bytes."""
    options = pa.ipc.IpcReadOptions(included_fields=columns, use_threads=False)
    try:
        return pa.ipc.open_file(blob, options=options).read_all()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise CodecError(
            f"these kept predictions or labels are damaged ({error}); restore them, or read "
            "predictions and labels again"
        ) from error


def id_names(column: Column) -> pa.Array:
    """Ids as text, named as categories are.

    >>> id_names(pa.array([1.0, 2.0, None])).to_pylist()
    ['1', '2', None]
    """
    ids = _simple(column)
    if pa.types.is_floating(ids.type):
        whole = pc.all(pc.equal(ids, pc.floor(ids))).as_py()
        largest = pc.max(pc.abs(ids)).as_py()
        if whole and largest is not None and largest < 2**53:
            ids = ids.cast(pa.int64())
    return _as_text(ids)


def _simple(column: Column) -> pa.Array:
    """The column as null, boolean, int64, float64 or text."""
    array = in_one(plain(column))
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _simple(array.dictionary_decode())
    if pa.types.is_null(kind) or pa.types.is_boolean(kind):
        return array
    if pa.types.is_integer(kind) and not pa.types.is_uint64(kind):
        return array.cast(pa.int64())
    if pa.types.is_float32(kind) or pa.types.is_float64(kind):
        return array.cast(pa.float64())
    return _as_text(array)


def _as_text(array: pa.Array) -> pa.Array:
    kind = array.type
    if pa.types.is_null(kind) or pa.types.is_integer(kind) or pa.types.is_string(kind):
        return array.cast(pa.string())
    codes, names = to_codes(array)
    return pa.array(names, pa.string()).take(pa.array(codes, mask=codes < 0))


def alike(columns: Sequence[Column]) -> list[pa.Array]:
    """The columns in one type: their own, float64 for whole and other numbers, or else text."""
    arrays = [in_one(column) for column in columns]
    kinds = {array.type for array in arrays if not pa.types.is_null(array.type)}
    if kinds == {pa.int64(), pa.float64()}:
        kinds = {pa.float64()}
    if len(kinds) > 1:
        return [_as_text(array) for array in arrays]
    kind = kinds.pop() if kinds else pa.null()
    return [array.cast(kind) for array in arrays]


def in_one(column: Column) -> pa.Array:
    """The column in one piece."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def micros(moments: Column) -> NDArray[np.int64]:
    """Moments as microseconds since 1970; NEVER for none."""
    whole = pc.fill_null(in_one(moments).cast(pa.int64()), NEVER)
    return np.asarray(whole.to_numpy())


def moments(micros: NDArray[np.int64]) -> pa.Array:
    """Undo `micros`."""
    return pa.array(micros, mask=micros == NEVER).cast(MOMENT)
