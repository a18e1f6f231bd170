"""Taking rows in: requests that come together are written to the journal by one transaction."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine

from driftline.errors import Rejected
from driftline.log.answering import (
    Key,
    Outcome,
    Receipt,
    Request,
    answer_together,
    columns_of,
)
from driftline.log.bodies import Body
from driftline.log.columns import Columns, Rules
from driftline.log.place import Place
from driftline.log.rules import logs_of
from driftline.settings.models import Settings
from driftline.stores import journal
from driftline.stores.engine import reading, writing
from driftline.stores.journal import LogId
from driftline.stores.schema import open_database

TOGETHER = 1000
"""Requests that one transaction writes at most."""
WAITING_BYTES = 2**28
"""Bodies that may wait to be written; with more the service says that it is busy."""


class Log:
    """The logs of all models: `take` gives rows in. `close` when done; what was taken is kept."""

    def __init__(self, engine: Engine, places: Mapping[Place, Rules]) -> None:
        self.engine = engine
        self.places = {LogId(place.model, place.kind): place for place in places}
        self._rules = {LogId(place.model, place.kind): rules for place, rules in places.items()}
        self._columns: dict[LogId, Columns] = {}
        self._queue: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._waiting = self._unanswered = 0
        self._lock = threading.Lock()
        self._writer = threading.Thread(target=self._write, name="driftline-journal", daemon=True)
        self._writer.start()

    def take(self, log: LogId, body: Body, key: Key | None, size: int) -> Future[Receipt]:
        """Give rows in; the receipt comes when they are durable.

        Raises Rejected when they do not fit, as the receipt may too, or StoreError.
        """
        columns = self._known_columns(log)
        request = Request(log, body, key, size, datetime.now(UTC), columns, None)
        if not request.is_small:
            request.fit(columns, self._rules[log])
        with self._lock:
            if self._waiting + size > WAITING_BYTES and self._waiting:
                raise Rejected(503, "more rows come than can be written", (), {"Retry-After": "1"})
            self._waiting += size
            self._unanswered += 1
        self._queue.put(request)
        return request.receipt

    @property
    def waiting(self) -> int:
        """Requests that were given in and are not answered yet."""
        return self._unanswered

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

    def _write_group(self, group: Sequence[Request]) -> None:
        count = len(group)
        with self._lock:
            self._waiting -= sum(request.size for request in group)
        group = [one for one in group if one.receipt.set_running_or_notify_cancel()]
        try:
            with writing(self.engine) as connection:
                told = self._answers(connection, group)
        except Exception as error:  # noqa: BLE001  (whatever it is, the senders must be told)
            told = [(request, error) for request in group]
        with self._lock:
            self._unanswered -= count
        for request, answer in told:
            if isinstance(answer, Receipt):
                request.receipt.set_result(answer)
            else:
                request.receipt.set_exception(answer)

    def _answers(self, connection: Connection, group: Iterable[Request]) -> list[Outcome]:
        logs: dict[LogId, list[Request]] = {}
        for request in group:
            logs.setdefault(request.log, []).append(request)
        told: list[Outcome] = []
        for log in sorted(logs, key=lambda log: (log.model, log.kind)):
            found = answer_together(connection, log, self._rules[log], logs[log])
            self._columns[log] = found.columns
            told += found.outcomes
        return told


def open_log(settings: Settings) -> Log:
    """The logs of the models that read them, in the store of the settings.

    Raises StoreError when that cannot be opened.
    """
    engine = open_database(settings.store.get_secret_value())
    return Log(engine, logs_of(settings))
