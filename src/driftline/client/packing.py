"""Packing: what calls have logged becomes batches, each an Arrow stream; runs in the background."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from driftline.client.columns import column, moments, sort_of, sorts_of
from driftline.client.values import MEBIBYTE, Batch, Entry, Kind, Ticket, new_ticket

MOST_ROWS = 10_000
MOST_BYTES = 4 * MEBIBYTE
_KINDS: tuple[Kind, ...] = ("predictions", "labels")

Row = dict[Any, Any]


def packed(entries: Sequence[Entry]) -> Iterator[Batch]:
    """The entries as batches: rows of the same columns and types together, in their order, at most
    10,000 and about 4 MiB in one."""
    for kind in _KINDS:
        own = [entry for entry in entries if entry.kind == kind]
        rows = [row for entry in own if isinstance(entry.held, list) for row in _stamped(entry)]
        frames = [_table(entry) for entry in own if not isinstance(entry.held, list)]
        for table in _alike([*tables_of(rows), *frames]):
            for piece in _pieces(table):
                yield new_ticket(kind, piece.num_rows), to_stream(piece)


def packed_all(entries: Sequence[Entry]) -> tuple[list[Batch], list[tuple[Entry, Exception]]]:
    """The entries as batches, and the rows that cannot be packed, each with the reason."""
    try:
        return list(packed(entries)), []
    except Exception:  # noqa: BLE001 (whatever a value does when it is read; found below)
        fine, bad = [], []
    for entry in chain.from_iterable(map(_single, entries)):
        try:
            list(packed([entry]))
        except Exception as error:  # noqa: BLE001 (as above)
            bad.append((entry, error))
        else:
            fine.append(entry)
    return list(packed(fine)), bad


def _single(entry: Entry) -> list[Entry]:
    if not isinstance(entry.held, list):
        return [entry]
    return [entry._replace(held=[row], rows=1) for row in entry.held]


def tables_of(rows: Sequence[Row]) -> list[pa.Table]:
    """Rows as tables: the columns are all that any row has. Rows whose values are of another sort
    than those of the others go into a table of their own, so that they spoil no others.

    >>> [table.num_rows for table in tables_of([{"age": 4}, {"age": "four"}, {"name": "x"}])]
    [2, 1]
    """
    if not rows:
        return []
    names = list(dict.fromkeys(chain.from_iterable(rows)))
    columns = []
    for name in names:
        values = [row.get(name) for row in rows]
        if len({sort_of(kind) for kind in set(map(type, values))} - {"missing"}) > 1:
            parts = _by_sort(rows, values)
            if len(parts) > 1:
                return [table for part in parts for table in tables_of(part)]
        columns.append(column(values))
    return [pa.Table.from_arrays(columns, names=[str(name) for name in names])]


def _by_sort(rows: Sequence[Row], values: Sequence[Any]) -> list[list[Row]]:
    sorts = sorts_of(values)
    common = Counter(sort for sort in sorts if sort != "missing").most_common()
    parts: dict[str, list[Row]] = {sort: [] for sort, _ in common}
    for row, sort in zip(rows, sorts, strict=True):
        parts[common[0][0] if sort == "missing" else sort].append(row)
    return list(parts.values())


def _stamped(entry: Entry) -> list[Row]:
    rows: list[Row] = entry.held
    if entry.timestamp is not None:
        now = dt.datetime.fromtimestamp(entry.logged_at / 1e6, dt.UTC)
        for row in rows:
            if row.get(entry.timestamp) is None:
                row[entry.timestamp] = now
    return rows


def _table(entry: Entry) -> pa.Table:
    held = entry.held
    if isinstance(held, dict):
        names = list(held)
        table = pa.Table.from_arrays([column(_listed(held[name])) for name in names], names=names)
    elif isinstance(held, pa.Table):
        table = held
    elif isinstance(held, pa.RecordBatch):
        table = pa.Table.from_batches([held])
    elif type(held).__module__.partition(".")[0] == "pandas":
        from driftline.profiles.frames import as_table

        table = as_table(held)
    else:
        table = pa.RecordBatchReader.from_stream(held).read_all()
    table = _plain(table)
    if entry.timestamp is None:
        return table
    now = moments(entry.logged_at, table.num_rows)
    if entry.timestamp not in table.column_names:
        return table.append_column(entry.timestamp, now)
    found = table[entry.timestamp]
    if found.null_count == 0 or not pa.types.is_timestamp(found.type):
        return table
    filled = pc.fill_null(found, now[0].cast(found.type))
    return table.set_column(table.column_names.index(entry.timestamp), entry.timestamp, filled)


def _listed(values: Any) -> list[Any]:
    if hasattr(values, "dtype") and getattr(values.dtype, "kind", "") == "M":
        values = values.astype("datetime64[us]")  # nanoseconds would become plain numbers
    return values.tolist() if hasattr(values, "tolist") else list(values)


def _plain(table: pa.Table) -> pa.Table:
    """Without the notes of the frame's library, and text as the text that all readers know."""
    views = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}
    fields = [pa.field(field.name, views.get(field.type, field.type)) for field in table.schema]
    return table.cast(pa.schema(fields))


def _alike(tables: Iterable[pa.Table]) -> list[pa.Table]:
    groups: dict[pa.Schema, list[pa.Table]] = {}
    for table in tables:
        groups.setdefault(table.schema, []).append(table)
    return [pa.concat_tables(group).combine_chunks() for group in groups.values()]


def _pieces(table: pa.Table) -> Iterator[pa.Table]:
    size = min(MOST_ROWS, max(1, table.num_rows * MOST_BYTES // max(1, table.nbytes)))
    for start in range(0, table.num_rows, size):
        yield table.slice(start, size)


def to_stream(table: pa.Table) -> bytes:
    """The table as an Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    stream: bytes = sink.getvalue().to_pybytes()
    return stream


def halves(ticket: Ticket, body: bytes) -> list[Batch]:
    """A batch in two."""
    table, middle = pa.ipc.open_stream(body).read_all(), ticket.rows // 2
    parts = {"first": table.slice(0, middle), "second": table.slice(middle)}
    return [_part(ticket, which, part) for which, part in parts.items()]


def parted(ticket: Ticket, body: bytes, bad: Iterable[int]) -> tuple[Batch, Batch]:
    """A batch as its good rows and its bad ones."""
    table, worse = pa.ipc.open_stream(body).read_all(), set(bad)
    good = [at for at in range(ticket.rows) if at not in worse]
    kept, rest = (table.take(column(rows)) for rows in (good, sorted(worse)))
    return _part(ticket, "good", kept), _part(ticket, "bad", rest)


def _part(ticket: Ticket, which: str, table: pa.Table) -> Batch:
    return ticket.part(which, table.num_rows), to_stream(table.combine_chunks())
