"""Taking rows in: requests that come together are written to the journal by one transaction."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyarrow as pa
from sqlalchemy import Connection, Engine

from driftline.errors import Rejected
from driftline.kept_rows import encode_rows
from driftline.log.bodies import Body
from driftline.log.columns import Columns, Rules
from driftline.log.fitting import Fitted, fit
from driftline.log.place import Place
from driftline.log.rules import logs_of
from driftline.settings.models import Settings
from driftline.stores import journal
from driftline.stores.engine import reading, writing
from driftline.stores.journal import Answered, LogId
from driftline.stores.packing import pack, unpack
from driftline.stores.schema import open_database

TOGETHER = 1000
"""Requests that one transaction writes at most."""
WAITING_BYTES = 2**28
"""Bodies that may wait to be written; with more the service says that it is busy."""


@dataclass(frozen=True)
class Receipt:
    """What the sender is told: how many rows were taken; `repeated`: they were before."""

    rows: int
    repeated: bool = False


@dataclass(frozen=True)
class Key:
    """What makes a retry harmless: the sender's word for the request, and the body's digest."""

    word: str
    digest: str


@dataclass
class _Request:
    log: LogId
    body: Body
    key: Key | None
    size: int
    received: datetime
    based_on: Columns
    fitted: Fitted
    receipt: Future[Receipt] = field(default_factory=Future)


class Log:
    """The logs of all models: `take` gives rows in. `close` when done; what was taken is kept."""

    def __init__(self, engine: Engine, places: Mapping[Place, Rules]) -> None:
        self.engine = engine
        self.places = {LogId(place.model, place.kind): place for place in places}
        self._rules = {LogId(place.model, place.kind): rules for place, rules in places.items()}
        self._columns: dict[LogId, Columns] = {}
        self._queue: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._waiting = 0
        self._lock = threading.Lock()
        self._writer = threading.Thread(target=self._write, name="driftline-journal", daemon=True)
        self._writer.start()

    def take(self, log: LogId, body: Body, key: Key | None, size: int) -> Future[Receipt]:
        """Give rows in; the receipt comes when they are durable.

        Raises Rejected when they do not fit, as the receipt may too, or StoreError.
        """
        columns, received = self._known_columns(log), datetime.now(UTC)
        fitted = fit(body, columns, self._rules[log], received)
        request = _Request(log, body, key, size, received, columns, fitted)
        with self._lock:
            if self._waiting + size > WAITING_BYTES and self._waiting:
                raise Rejected(503, "more rows come than can be written", (), {"Retry-After": "1"})
            self._waiting += size
        self._queue.put(request)
        return request.receipt

    def close(self) -> None:
        """Write what waits, and stop."""
        self._queue.put(None)
        self._writer.join()
        self.engine.dispose()

    def _known_columns(self, log: LogId) -> Columns:
        if log not in self._columns:
            with reading(self.engine) as connection:
                head = journal.seen_head(connection, log)
            self._columns[log] = columns_of(head.body if head else b"", self._rules[log])
        return self._columns[log]

    def _write(self) -> None:
        while (first := self._queue.get()) is not None:
            group, last = [first], False
            while len(group) < TOGETHER and not self._queue.empty():
                request = self._queue.get()
                if request is None:
                    last = True
                    break
                group.append(request)
            self._write_group(group)
            if last:
                return

    def _write_group(self, group: Sequence[_Request]) -> None:
        with self._lock:
            self._waiting -= sum(request.size for request in group)
        group = [one for one in group if one.receipt.set_running_or_notify_cancel()]
        try:
            with writing(self.engine) as connection:
                told = self._answers(connection, group)
        except Exception as error:  # noqa: BLE001  (whatever it is, the senders must be told)
            told = [(request, error) for request in group]
        for request, answer in told:
            if isinstance(answer, Receipt):
                request.receipt.set_result(answer)
            else:
                request.receipt.set_exception(answer)

    def _answers(
        self, connection: Connection, group: Iterable[_Request]
    ) -> list[tuple[_Request, Receipt | Exception]]:
        logs: dict[LogId, list[_Request]] = {}
        for request in group:
            logs.setdefault(request.log, []).append(request)
        told: list[tuple[_Request, Receipt | Exception]] = []
        for log in sorted(logs, key=lambda log: (log.model, log.kind)):
            told += self._answer_log(connection, log, logs[log])
        return told

    def _answer_log(
        self, connection: Connection, log: LogId, group: Sequence[_Request]
    ) -> list[tuple[_Request, Receipt | Exception]]:
        """Write the good requests of one log, all in one row of the journal."""
        head, rules = journal.head(connection, log), self._rules[log]
        columns = before = columns_of(head.body, rules)
        keys = [request.key.word for request in group if request.key]
        seen = journal.answered(connection, log, keys)
        told: list[tuple[_Request, Receipt | Exception]] = []
        tables, new = [], []
        for request in group:
            known = seen.get(request.key.word) if request.key else None
            if known is not None and request.key is not None:
                told.append((request, _repeated(known, request.key)))
                continue
            try:
                fitted = request.fitted
                if request.based_on != columns:
                    fitted = fit(request.body, columns, rules, request.received)
            except Rejected as error:
                told.append((request, error))
                continue
            columns = fitted.columns
            tables.append(fitted.table)
            told.append((request, Receipt(fitted.table.num_rows)))
            if request.key:
                accepted = Answered(request.key.word, request.key.digest, fitted.table.num_rows)
                seen[accepted.key] = accepted
                new.append(accepted)
        received = max(request.received for request in group)
        _add(connection, log, received, tables)
        journal.answer(connection, log, received, new)
        if columns != before or not head.body:
            journal.put_columns(connection, log, pack(columns.document()))
        self._columns[log] = columns
        return told


def _add(
    connection: Connection, log: LogId, received: datetime, tables: Sequence[pa.Table]
) -> None:
    rows = sum(table.num_rows for table in tables)
    if rows:
        together = pa.concat_tables(tables, promote_options="default")
        journal.add(connection, log, received, rows, encode_rows(together))


def _repeated(known: Answered, key: Key) -> Receipt | Rejected:
    if known.digest == key.digest:
        return Receipt(known.rows, repeated=True)
    return Rejected(
        422, f'the Idempotency-Key "{key.word}" was used for another body; take a new one'
    )


def columns_of(body: bytes, rules: Rules) -> Columns:
    """The columns of a log from what is kept of them; empty bytes: from the settings alone."""
    if not body:
        return Columns.first(rules)
    return Columns.of_document(unpack(body)).declared(rules)


def open_log(settings: Settings) -> Log:
    """The logs of the models that read them, in the store of the settings.

    Raises StoreError when that cannot be opened.
    """
    engine = open_database(settings.store.get_secret_value())
    return Log(engine, logs_of(settings))
