"""One log as it is at one moment: its Delta table, and what is in the journal and not there yet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from sqlalchemy import Engine, inspect

from driftline.errors import SourceError
from driftline.kept_rows import decode_rows
from driftline.log import tables
from driftline.log.columns import Columns
from driftline.log.place import Place
from driftline.stores import journal
from driftline.stores.engine import make_engine, reading
from driftline.stores.journal import Head, LogId
from driftline.stores.packing import unpack
from driftline.stores.tables import moves

if TYPE_CHECKING:
    from deltalake import DeltaTable

TRIES = 20


@dataclass(frozen=True)
class Snapshot:
    """Every accepted row once: those of `table` and those of `fresh`.

    `columns` is None when the store does not know the log.
    """

    table: DeltaTable | None
    fresh: tuple[pa.Table, ...]
    columns: Columns | None


def take_snapshot(place: Place) -> Snapshot:
    """The log as it is now, also while rows move.

    Rows leave the journal only after the table has them: when the table's move is the same before
    and after the journal is read, the two belong together.
    """
    table = tables.open_table(place)
    for _ in range(TRIES):
        head, rows = _journal(place)
        if head is None:
            return Snapshot(table, (), None)
        before = tables.moved(table, head.app)
        fresh = [decode_rows(body) for move, body in rows if move is None or move > before]
        if table is None:
            table = tables.open_table(place)
        else:
            table.update_incremental()
        if tables.moved(table, head.app) == before:
            columns = Columns.of_document(unpack(head.body)) if head.body else None
            return Snapshot(table, tuple(fresh), columns)
    raise SourceError(f"{place}: rows move faster than they can be read; try again")


def _journal(place: Place) -> tuple[Head | None, list[tuple[int | None, bytes]]]:
    url = place.store.get_secret_value()
    if url.startswith("memory:"):
        return None, []
    engine = make_engine(url)
    try:
        if not _there(engine):
            return None, []
        log = LogId(place.model, place.kind)
        with reading(engine) as connection:
            if not inspect(connection).has_table(moves.name):
                return None, []
            return journal.seen_head(connection, log), journal.pending(connection, log)
    finally:
        engine.dispose()


def _there(engine: Engine) -> bool:
    """Whether there is a database to read; a SQLite file would be made by looking."""
    return engine.url.get_backend_name() != "sqlite" or Path(engine.url.database or "").exists()
