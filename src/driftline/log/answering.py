"""What is written of requests that came together, and what their senders are told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import TypeAlias

import pyarrow as pa
from sqlalchemy import Connection

from driftline.errors import Rejected
from driftline.kept_rows import encode_rows
from driftline.log.bodies import Body
from driftline.log.columns import Columns, Rules
from driftline.log.fitting import Fitted, count_rows, fit
from driftline.stores import journal
from driftline.stores.journal import Answered, LogId
from driftline.stores.packing import pack, unpack

SMALL = 20
"""Requests with up to so many rows of JSON are given their types together."""


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
class Request:
    log: LogId
    body: Body
    key: Key | None
    size: int
    received: datetime
    based_on: Columns
    fitted: Fitted | None
    receipt: Future[Receipt] = field(default_factory=Future)

    @property
    def is_small(self) -> bool:
        return not isinstance(self.body, pa.Table) and len(self.body) <= SMALL

    @property
    def moments(self) -> list[datetime]:
        """The moment of receipt for each row."""
        return [self.received] * count_rows(self.body)

    def fit(self, columns: Columns, rules: Rules) -> Fitted:
        """The rows as `columns` have them; Rejected when they do not fit."""
        if self.fitted is None or self.based_on != columns:
            self.based_on = columns
            self.fitted = fit(self.body, columns, rules, self.moments)
        return self.fitted


Outcome: TypeAlias = tuple[Request, Receipt | Exception]
"""A request and what its sender is told."""


@dataclass(frozen=True)
class Answers:
    """What each sender is told, and the columns of the log from then on."""

    columns: Columns
    outcomes: list[Outcome]


def answer_together(
    connection: Connection, log: LogId, rules: Rules, group: Sequence[Request]
) -> Answers:
    """Write the good requests of one log, all in one row of the journal."""
    head = journal.head(connection, log)
    before = columns_of(head.body, rules)
    first, again = _by_key(group)
    seen = journal.answered(connection, log, [one.key.word for one in first if one.key])
    outcomes: list[Outcome] = [
        (request, _repeated(seen[request.key.word], request.key))
        for request in first
        if request.key and request.key.word in seen
    ]
    fresh = [one for one in first if one.key is None or one.key.word not in seen]
    columns, tables, told = _fitted(fresh, before, rules)
    received = max(request.received for request in group)
    _add(connection, log, received, tables)
    journal.answer(connection, log, received, _accepted(told))
    if columns != before or not head.body:
        journal.put_columns(connection, log, pack(columns.document()))
    outcomes += told
    if again:
        later = answer_together(connection, log, rules, again)
        return Answers(later.columns, outcomes + later.outcomes)
    return Answers(columns, outcomes)


def _by_key(group: Sequence[Request]) -> tuple[list[Request], list[Request]]:
    """The requests, but those whose key another of them has, which are the second list."""
    words: set[str] = set()
    first, again = [], []
    for request in group:
        if request.key is not None and request.key.word in words:
            again.append(request)
            continue
        first.append(request)
        if request.key is not None:
            words.add(request.key.word)
    return first, again


def _fitted(
    requests: Sequence[Request], columns: Columns, rules: Rules
) -> tuple[Columns, list[pa.Table], list[Outcome]]:
    """The columns with those of the requests, their rows, and what each is told.

    Small requests are fitted as one where that changes nothing for any of them.
    """
    tables: list[pa.Table] = []
    outcomes: list[Outcome] = []
    small = [request for request in requests if request.is_small]
    if len(small) > 1:
        rows = list(chain.from_iterable(request.body for request in small))
        moments = list(chain.from_iterable(request.moments for request in small))
        try:
            whole = fit(rows, columns, rules, moments)
        except Rejected:
            whole = None
        if whole is not None and whole.columns == columns:
            tables.append(whole.table)
            outcomes = [(request, Receipt(len(request.body))) for request in small]
            requests = [request for request in requests if not request.is_small]
    for request in requests:
        try:
            fitted = request.fit(columns, rules)
        except Rejected as error:
            outcomes.append((request, error))
            continue
        columns = fitted.columns
        tables.append(fitted.table)
        outcomes.append((request, Receipt(fitted.table.num_rows)))
    return columns, tables, outcomes


def _accepted(outcomes: Iterable[Outcome]) -> list[Answered]:
    return [
        Answered(request.key.word, request.key.digest, told.rows)
        for request, told in outcomes
        if request.key and isinstance(told, Receipt)
    ]


def _add(
    connection: Connection, log: LogId, received: datetime, tables: Sequence[pa.Table]
) -> None:
    rows = sum(table.num_rows for table in tables)
    if rows:
        together = pa.concat_tables(tables, promote_options="default")
        journal.add(connection, log, received, rows, encode_rows(together, "lz4"))


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
