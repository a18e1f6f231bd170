"""The statements a SQL store is made of: what to select, and rows put in or replaced."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Select, Table, delete, or_, select
from sqlalchemy.dialects import sqlite

from driftline.records import Changes
from driftline.stores import rows, tables
from driftline.stores.packing import Row

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql


def is_of(table: Table, model: str) -> ColumnElement[bool]:
    """Whether a row of `table` belongs to the model of that name."""
    number = select(tables.models.c.id).where(tables.models.c.name == model)
    return table.c.model_id == number.scalar_subquery()


def span(table: Table, model: str, start: datetime | None, end: datetime | None) -> Select[Any]:
    """The model's rows whose windows start in [start, end), in order of time."""
    found = select(table).where(is_of(table, model)).order_by(table.c.starts)
    if start is not None:
        found = found.where(table.c.starts >= start)
    return found if end is None else found.where(table.c.starts < end)


def incidents_of(model: str | None, since: datetime | None, until: datetime | None) -> Select[Any]:
    """Incidents in the order they were opened; see `Store.incidents`."""
    kept = tables.incidents.c
    found = select(kept.body).order_by(kept.opened, kept.id)
    if model is not None:
        found = found.where(kept.model == model)
    if since is not None:
        found = found.where(or_(kept.resolved.is_(None), kept.resolved >= since))
    return found if until is None else found.where(kept.since < until)


def stands_at(changes: Changes) -> Select[Any]:
    """The model's id, locked, if it is as `changes` expects it to be."""
    kept = tables.models.c
    return (
        select(kept.id)
        .where(
            kept.name == changes.state.name,
            kept.reference_key == changes.state.reference_key,
            kept.revision == changes.state.revision - 1,
        )
        .with_for_update()
    )


def put_results(connection: Connection, model_id: int, changes: Changes) -> None:
    """Put in what was found of windows and spans, in place of what was kept of the same ones."""
    model = {"model_id": model_id}
    results = (model | rows.window_row(result) for result in changes.windows)
    put(connection, tables.windows, results, by=("model_id", "starts"))
    for table, blobs in (
        (tables.profiles, changes.profiles),
        (tables.predictions, changes.predictions),
        (tables.outcomes, changes.outcomes),
        (tables.outcome_days, changes.outcome_days),
    ):
        new = (
            model | {"starts": window.start, "ends": window.end, "body": blob}
            for window, blob in blobs.items()
        )
        put(connection, table, new)
    put(
        connection,
        tables.performance,
        (model | rows.performance_row(result) for result in changes.performance),
    )


def put_early_labels(connection: Connection, model_id: int, labels: bytes | None) -> None:
    table = tables.early_labels
    if labels is None:
        connection.execute(delete(table).where(table.c.model_id == model_id))
    else:
        put(connection, table, [{"model_id": model_id, "body": labels}])


def put(
    connection: Connection, table: Table, new: Iterable[Row], by: tuple[str, ...] | None = None
) -> None:
    """Insert rows; a row with the same primary key (or `by`) is replaced."""
    values = list(new)
    if values:
        keys = by or tuple(column.name for column in table.primary_key)
        insert = insert_into(connection, table)
        others = {name: insert.excluded[name] for name in values[0] if name not in keys}
        connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=others), values)


def put_new(
    connection: Connection, table: Table, new: Iterable[Row], by: tuple[str, ...] = ("id",)
) -> None:
    """Insert rows whose id (or `by`) is not known yet."""
    values = list(new)
    if values:
        insert = insert_into(connection, table)
        connection.execute(insert.on_conflict_do_nothing(index_elements=by), values)


def insert_into(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)
