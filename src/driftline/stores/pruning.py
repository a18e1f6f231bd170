"""Pruning: what is no longer needed is deleted, a few rows in each transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    delete,
    func,
    select,
)

from driftline.aging import Aged
from driftline.stores import tables
from driftline.stores.protocol import UNSETTLED
from driftline.stores.statements import is_of
from driftline.windows import MICROSECOND

Step = Callable[[Connection, str, Aged, int], int]
"""Deletes some rows of a model, at most so many; how many it were."""


def prune(connection: Connection, model: str, aged: Aged, most: int) -> int:
    """Delete at most about `most` rows of the model that are older than `aged` says; how many."""
    steps: Sequence[Step] = (_profiles, _outcomes, _windows, _performance, _superseded, _incidents)
    done = 0
    for step in steps:
        if done < most:
            done += step(connection, model, aged, most - done)
    return done


def _profiles(connection: Connection, model: str, aged: Aged, most: int) -> int:
    """Those between the spans that are shown, and of them those that no incident is shown with."""
    starts, done, since = tables.profiles.c.starts, 0, datetime.min.replace(tzinfo=UTC)
    incidents = tables.incidents.c
    pictured = select(incidents.id).where(
        incidents.model == model,
        incidents.since <= starts,
        incidents.since > starts - bindparam("pictured", aged.pictured // MICROSECOND, BigInteger),
    )
    for span in sorted(aged.shown):
        between = and_(starts >= since, starts < span.start, ~pictured.exists())
        of = model, aged.profiles
        done += _ended(connection, tables.profiles, of, most - done, between)
        since = max(since, span.end)
    behind = and_(starts >= since, ~pictured.exists())
    return done + _ended(connection, tables.profiles, (model, aged.profiles), most - done, behind)


def _outcomes(connection: Connection, model: str, aged: Aged, most: int) -> int:
    of = model, aged.outcomes
    done = _ended(connection, tables.outcomes, of, most)
    return done + _ended(connection, tables.outcome_days, of, most - done)


def _windows(connection: Connection, model: str, aged: Aged, most: int) -> int:
    return _ended(connection, tables.windows, (model, aged.results), most)


def _performance(connection: Connection, model: str, aged: Aged, most: int) -> int:
    return _ended(connection, tables.performance, (model, aged.results), most)


def _ended(
    connection: Connection,
    table: Table,
    of: tuple[str, datetime | None],
    most: int,
    among: ColumnElement[bool] | None = None,
) -> int:
    """Delete the model's oldest rows that end by a moment."""
    model, moment = of
    if moment is None or most <= 0:
        return 0
    oldest = table.c.ends if table is tables.performance else table.c.starts
    # what starts later than that has not ended either: the index on `starts` is enough
    old = and_(is_of(table, model), oldest <= moment, table.c.ends <= moment)
    return _delete(connection, table, old if among is None else and_(old, among), oldest, most)


def _superseded(connection: Connection, model: str, aged: Aged, most: int) -> int:
    """Judgements of a span that a later one has replaced, made before a moment."""
    if aged.superseded is None:
        return 0
    table, kept, later = tables.performance, tables.performance.c, tables.performance.alias().c
    newest = (
        select(func.max(later.judged_at))
        .where(later.model_id == kept.model_id, later.ends == kept.ends)
        .scalar_subquery()
    )
    old = and_(is_of(table, model), kept.ends <= aged.superseded, kept.judged_at <= aged.superseded)
    return _delete(connection, table, and_(old, kept.judged_at < newest), kept.ends, most)


def _delete(
    connection: Connection,
    table: Table,
    which: ColumnElement[bool],
    order: ColumnElement[Any],
    most: int,
) -> int:
    keys = list(table.primary_key.columns)
    found = connection.execute(select(*keys).where(which).order_by(order).limit(most)).all()
    if found:
        same = and_(*(key == bindparam(f"old_{key.name}", type_=key.type) for key in keys))
        rows = [
            {f"old_{key.name}": value for key, value in zip(keys, row, strict=True)}
            for row in found
        ]
        connection.execute(delete(table).where(same), rows)
    return len(found)


def _incidents(connection: Connection, model: str, aged: Aged, most: int) -> int:
    """Incidents that were resolved before a moment, with their events and what was told of them;
    not those of which something has still to be told."""
    if aged.results is None:
        return 0
    incidents, events, outbox = tables.incidents.c, tables.events.c, tables.outbox.c
    waiting = (
        select(events.incident_id)
        .join(tables.outbox, outbox.event_id == events.id)
        .where(outbox.state.in_(UNSETTLED), events.incident_id == incidents.id)
    )
    ended = and_(
        incidents.model == model,
        incidents.resolved <= aged.results,
        ~waiting.exists(),
    )
    found = connection.execute(
        select(incidents.id).where(ended).order_by(incidents.opened).limit(most)
    )
    old = list(found.scalars())
    if old:
        theirs = select(events.id).where(events.incident_id.in_(old))
        connection.execute(delete(tables.outbox).where(outbox.event_id.in_(theirs)))
        connection.execute(delete(tables.events).where(events.incident_id.in_(old)))
        connection.execute(delete(tables.incidents).where(incidents.id.in_(old)))
    return len(old)
