"""The Delta Lake tables of the log: appended to exactly once, compacted, trimmed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from driftline.log.columns import DAY, RECEIVED, Columns
from driftline.log.place import Place
from driftline.log.settling import settle

if TYPE_CHECKING:
    from deltalake import DeltaTable

SMALL_FILE = 32 * 2**20
"""Files of a day are put together until they are of this size, in bytes."""
KEPT = timedelta(days=1)
"""How long files that are no part of the table any more are left for those who read them."""
CONFIGURATION: dict[str, str | None] = {
    "delta.logRetentionDuration": "interval 1 days",
    "delta.deletedFileRetentionDuration": "interval 1 days",
    "delta.checkpointInterval": "50",
}


def open_table(place: Place) -> DeltaTable | None:
    """The table as it is now; None when there is none yet."""
    from deltalake import DeltaTable
    from deltalake.exceptions import TableNotFoundError

    try:
        return DeltaTable(place.uri, storage_options=place.options or None)
    except TableNotFoundError:
        return None


def moved(table: DeltaTable | None, app: str) -> int:
    """The number of the newest move that the table holds."""
    return (table.transaction_version(app) or 0) if table is not None else 0


def append(place: Place, rows: pa.Table, columns: Columns, app: str, number: int) -> None:
    """Add the rows of move `number`, unless the table has them already.

    Also when two do this at once the rows are added once: the other one gets CommitFailedError.
    """
    from deltalake import CommitProperties, Transaction, write_deltalake

    found = open_table(place)
    table = found or _create(place, columns)
    if moved(table, app) >= number:
        _settle(place, -1)
        return
    before = table.version() if found else -1
    write_deltalake(
        table,
        _as_kept(rows, columns),
        mode="append",
        schema_mode="merge",
        commit_properties=CommitProperties(app_transactions=[Transaction(app, number)]),
    )
    _settle(place, before)


def _settle(place: Place, since: int) -> None:
    if place.folder is not None:
        settle(place.folder, since)


def _create(place: Place, columns: Columns) -> DeltaTable:
    from deltalake import DeltaTable

    if place.folder is not None:
        place.folder.mkdir(parents=True, exist_ok=True)
    return DeltaTable.create(
        place.uri,
        columns.schema(),
        partition_by=[DAY],
        name=str(place),
        configuration=CONFIGURATION,
        storage_options=place.options or None,
    )


def _as_kept(rows: pa.Table, columns: Columns) -> pa.Table:
    """The rows with the day of each; columns without any value are left out."""
    moment = columns.moment if columns.moment in rows.column_names else RECEIVED
    days = pc.coalesce(rows[moment], rows[RECEIVED]).cast(pa.date32(), safe=False)
    kept = [name for name in rows.column_names if not pa.types.is_null(rows[name].type)]
    return rows.select(kept).append_column(DAY, days)


def compact(place: Place, table: DeltaTable) -> None:
    """Put small files of one day together."""
    before = table.version()
    table.optimize.compact(target_size=SMALL_FILE)
    _settle(place, before)


def trim(place: Place, table: DeltaTable, before: date | None) -> None:
    """Forget rows of days before `before` that also came before it, and files that no reader needs
    any more."""
    version = table.version()
    if before is not None:
        day, kind = before.isoformat(), 'Timestamp(Microsecond, Some("UTC"))'
        table.delete(f"{DAY} < '{day}' AND {RECEIVED} < arrow_cast('{day}T00:00:00Z', '{kind}')")
    _settle(place, version)
    hours = int(KEPT.total_seconds() // 3600)
    table.vacuum(hours, dry_run=False, enforce_retention_duration=False, full=True)
    table.create_checkpoint()
    table.cleanup_metadata()


@dataclass(frozen=True)
class Size:
    """How large a table is: its rows, and its files that are in use with their bytes."""

    rows: int = 0
    files: int = 0
    bytes: int = 0


def size_of(place: Place) -> Size:
    """The size of the table, from its log alone; all 0 when there is none yet."""
    table = open_table(place)
    if table is None:
        return Size()
    files = pa.table(table.get_add_actions(flatten=True))
    rows, size = (pc.sum(files[name]).as_py() or 0 for name in ("num_records", "size_bytes"))
    return Size(rows, files.num_rows, size)
