"""Moving rows from the journal into the Delta tables, each exactly once.

A move has a number. Its rows are marked with the number, appended by a commit that carries the
number, and then deleted; whoever finds marked rows later looks at the table's number to know
whether they are there already. Delta Lake refuses a second commit of one number even to two movers
that work at once; that only one does at a time, by lease, saves work.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

import pyarrow as pa
from deltalake.exceptions import DeltaError

from driftline.errors import DriftlineError, StoreError
from driftline.kept_rows import decode_rows
from driftline.log import tables
from driftline.log.columns import Columns
from driftline.log.place import Place, cause_of
from driftline.log.taking import Log
from driftline.stores import journal
from driftline.stores.engine import reading, writing
from driftline.stores.journal import LogId
from driftline.stores.packing import unpack

LEASE = timedelta(minutes=1)
"""How long a process that has died keeps others from moving."""
MOST_ROWS = 200_000
"""Rows of one move, about."""
COMPACT_AFTER = 50
"""Moves after which the small files they made are put together."""
REMEMBERED = timedelta(days=7)
"""How long a request with an Idempotency-Key is remembered."""
UPKEEP = timedelta(days=1)
"""How often tables are trimmed."""

_log = logging.getLogger("driftline.log")


@dataclass
class Mover:
    """Moves the rows of all logs; `who` names this process in leases."""

    log: Log
    retention: timedelta | None = None
    who: str = field(default_factory=lambda: uuid4().hex)
    _trimmed: dict[LogId, datetime] = field(default_factory=dict)
    _failing: set[LogId] = field(default_factory=set)

    def move_all(self, now: datetime) -> int:
        """Move whatever waits and do the upkeep that is due; how many moves were made. A log whose
        table fails is told, once until it moves on, and does not hold up the others. StoreError
        when the store fails, which is one for all."""
        count = 0
        for log, place in self.log.places.items():
            try:
                while self._move(log, place, now):
                    count += 1
                self._keep_up(log, place, now)
            except StoreError:
                raise
            except (DriftlineError, DeltaError, pa.ArrowException, OSError) as error:
                if log not in self._failing:
                    _log.warning("%s: rows wait in the journal: %s", place, cause_of(error))
                self._failing.add(log)
            else:
                if log in self._failing:
                    _log.info("%s: rows move on", place)
                self._failing.discard(log)
        return count

    def _move(self, log: LogId, place: Place, now: datetime) -> bool:
        """Make one move; False when there is none to make or another process is at it."""
        engine = self.log.engine
        with writing(engine) as connection:
            if not journal.claim(connection, log, self.who, now, now + LEASE):
                return False
            head = journal.head(connection, log)
            number = journal.begun(connection, log)
        if number is None:
            number = self._begin(log, place, head)
            if number is None:
                return False
        with reading(engine) as connection:
            rows = [decode_rows(body) for body in journal.rows_of_move(connection, log, number)]
            head = journal.seen_head(connection, log) or head
        if not rows:  # another process, that took over a lease, has done it
            return True
        columns = Columns.of_document(unpack(head.body))
        together = pa.concat_tables(rows, promote_options="default")
        tables.append(place, together, columns, head.app, number)
        with writing(engine) as connection:
            journal.end_move(connection, log, number)
        if number % COMPACT_AFTER == 0:
            table = tables.open_table(place)
            if table is not None:
                tables.compact(place, table)
        return True

    def _begin(self, log: LogId, place: Place, head: journal.Head) -> int | None:
        """Mark rows as those of the next move. Its number is above every number of the table, also
        when the store was restored from a backup and knows less than the table."""
        number = max(head.number, tables.moved(tables.open_table(place), head.app)) + 1
        with writing(self.log.engine) as connection:
            begun = journal.begin_move(connection, log, number, MOST_ROWS)
        return number if begun else None

    def _keep_up(self, log: LogId, place: Place, now: datetime) -> None:
        last = self._trimmed.get(log)
        if last is not None and now - last < UPKEEP:
            return
        with writing(self.log.engine) as connection:
            if not journal.claim(connection, log, self.who, now, now + LEASE):
                return
            journal.forget_requests(connection, now - REMEMBERED)
        table = tables.open_table(place)
        if table is not None:
            tables.compact(place, table)
            tables.trim(place, table, (now - self.retention).date() if self.retention else None)
        self._trimmed[log] = now
