"""Uniting: tables whose columns have different types as one, so that one odd file stops nothing."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from driftline.kept_rows import id_names, moments
from driftline.profiles.columns import is_numeric, to_floats
from driftline.profiles.frames import to_microseconds


def united(tables: Sequence[pa.Table], timestamp: str | None = None) -> tuple[pa.Table, bool]:
    """All rows in one table, and whether a column's values had to be converted for it.

    A column that holds numbers in some tables and something else in others is numeric when most
    rows are in tables where it is, and text otherwise; what cannot be read as a number becomes
    null. Moments with and without a zone are UTC.
    """
    if not tables:
        return pa.table({}), False
    try:
        return pa.concat_tables(tables, promote_options="permissive"), False
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        columns = {name: None for table in tables for name in table.column_names}
        rows = {name: _column(tables, name, name == timestamp) for name in columns}
        return pa.table(rows), True


def _column(tables: Sequence[pa.Table], name: str, is_timestamp: bool) -> pa.ChunkedArray:
    found = [
        table[name] if name in table.column_names else pa.chunked_array([pa.nulls(table.num_rows)])
        for table in tables
    ]
    if is_timestamp:
        return pa.chunked_array([moments(to_microseconds(column)) for column in found])
    try:
        kind = (
            pa.unify_schemas(
                [pa.schema([(name, column.type)]) for column in found], promote_options="permissive"
            )
            .field(name)
            .type
        )
        return pa.chunked_array([chunk for c in found for chunk in c.cast(kind).chunks], kind)
    except (pa.ArrowTypeError, pa.ArrowInvalid, pa.ArrowNotImplementedError):
        numbers = sum(len(column) for column in found if is_numeric(column.type))
        others = sum(len(column) - column.null_count for column in found) - numbers
        if numbers > others:
            return pa.chunked_array([pa.array(to_floats(c)[0], from_pandas=True) for c in found])
        return pa.chunked_array([id_names(column) for column in found])
