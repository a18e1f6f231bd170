"""The journal of the log: rows that were accepted and are not in their Delta table yet.

Statements over an open connection; who calls them decides what is one transaction. A log is one
model and kind. `head` locks it: whoever has it is the only one to change that log until the
transaction ends.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Table, delete, func, or_, select, update

from driftline.stores.statements import insert_into
from driftline.stores.tables import journal, moves, requests


@dataclass(frozen=True)
class LogId:
    """One log in the journal."""

    model: str
    kind: str


@dataclass(frozen=True)
class Head:
    """What is kept of a log beside its rows.

    Attributes:
        app: who moves are by, for the Delta table: a word of this store and log alone.
        number: of the newest move.
        body: the columns as bytes; empty before the first request.
    """

    app: str
    number: int
    body: bytes


@dataclass(frozen=True)
class Answered:
    """A request that was accepted under a key."""

    key: str
    digest: str
    rows: int


def _of(table: Table, log: LogId) -> ColumnElement[bool]:
    return (table.c.model == log.model) & (table.c.kind == log.kind)


def head(connection: Connection, log: LogId) -> Head:
    """The log, locked; made when it is new."""
    found = select(moves.c.app, moves.c.number, moves.c.body).where(_of(moves, log))
    row = connection.execute(found.with_for_update()).first()
    if row is None:
        new = {"model": log.model, "kind": log.kind, "app": f"driftline-{uuid4().hex}"}
        insert = insert_into(connection, moves).on_conflict_do_nothing()
        connection.execute(insert, [{**new, "number": 0, "body": b""}])
        row = connection.execute(found.with_for_update()).one()
    return Head(*row)


def seen_head(connection: Connection, log: LogId) -> Head | None:
    """The log as it is, not locked; None when nothing was ever accepted."""
    found = select(moves.c.app, moves.c.number, moves.c.body).where(_of(moves, log))
    row = connection.execute(found).first()
    return None if row is None else Head(*row)


def put_columns(connection: Connection, log: LogId, body: bytes) -> None:
    connection.execute(update(moves).where(_of(moves, log)).values(body=body))


def answered(connection: Connection, log: LogId, keys: Collection[str]) -> dict[str, Answered]:
    """Those of the requests that were accepted before, by key."""
    if not keys:
        return {}
    kept = requests.c
    found = select(kept.key, kept.digest, kept.rows).where(_of(requests, log), kept.key.in_(keys))
    return {row.key: Answered(*row) for row in connection.execute(found)}


def add(connection: Connection, log: LogId, received: datetime, rows: int, body: bytes) -> None:
    """Rows that were accepted: how many, and as bytes."""
    row = {"model": log.model, "kind": log.kind, "received": received, "rows": rows, "body": body}
    connection.execute(journal.insert(), [row])


def answer(
    connection: Connection, log: LogId, received: datetime, accepted: Collection[Answered]
) -> None:
    """Keep the keys of requests that are accepted."""
    common = {"model": log.model, "kind": log.kind, "received": received}
    if accepted:
        connection.execute(requests.insert(), [{**common, **vars(one)} for one in accepted])


def forget_requests(connection: Connection, before: datetime) -> None:
    connection.execute(delete(requests).where(requests.c.received < before))


def pending(connection: Connection, log: LogId) -> list[tuple[int | None, bytes]]:
    """All rows in the journal, each with the number of its move when that has begun."""
    found = select(journal.c.move, journal.c.body).where(_of(journal, log))
    return [(row.move, row.body) for row in connection.execute(found.order_by(journal.c.number))]


def waiting(connection: Connection) -> int:
    """How many rows are in the journal, of all logs."""
    return int(connection.execute(select(func.coalesce(func.sum(journal.c.rows), 0))).scalar_one())


def claim(connection: Connection, log: LogId, who: str, now: datetime, until: datetime) -> bool:
    """Whether `who` may move rows of the log until `until`, as nobody else does."""
    held = moves.c
    free = or_(held.claimed_by.is_(None), held.claimed_by == who, held.claimed_until <= now)
    taken = update(moves).where(_of(moves, log), free).values(claimed_by=who, claimed_until=until)
    return connection.execute(taken).rowcount == 1


def begun(connection: Connection, log: LogId) -> int | None:
    """The number of a move that has begun and whose rows are still here."""
    found = select(func.min(journal.c.move)).where(_of(journal, log))
    return connection.execute(found).scalar()


def begin_move(connection: Connection, log: LogId, number: int, most: int) -> bool:
    """Mark rows that have come first as part of a move, about `most` of them; False: there are
    none."""
    fresh = select(journal.c.number, journal.c.rows).where(
        _of(journal, log), journal.c.move.is_(None)
    )
    last, count = None, 0
    for row in connection.execute(fresh.order_by(journal.c.number).limit(most)):
        last, count = row.number, count + row.rows
        if count >= most:
            break
    if last is None:
        return False
    part = _of(journal, log) & journal.c.move.is_(None) & (journal.c.number <= last)
    connection.execute(update(journal).where(part).values(move=number))
    connection.execute(update(moves).where(_of(moves, log)).values(number=number))
    return True


def rows_of_move(connection: Connection, log: LogId, number: int) -> list[bytes]:
    part = _of(journal, log) & (journal.c.move == number)
    found = select(journal.c.body).where(part).order_by(journal.c.number)
    return list(connection.execute(found).scalars())


def end_move(connection: Connection, log: LogId, number: int) -> None:
    """Forget rows that are in the Delta table now."""
    connection.execute(delete(journal).where(_of(journal, log), journal.c.move == number))
