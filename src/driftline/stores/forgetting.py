"""Forgetting a model: all that a SQL store keeps of its windows, or only of its incidents."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, update

from driftline.stores import tables


def forget_incidents(connection: Connection, model: str) -> None:
    """Delete the model's incidents with their events and notices. What runs at present notices."""
    models, incidents, events = tables.models.c, tables.incidents.c, tables.events.c
    connection.execute(  # first: in the order in which `record` locks
        update(tables.models).where(models.name == model).values(revision=models.revision + 1)
    )
    of_model = select(incidents.id).where(incidents.model == model)
    told = select(events.id).where(events.incident_id.in_(of_model))
    connection.execute(delete(tables.outbox).where(tables.outbox.c.event_id.in_(told)))
    connection.execute(delete(tables.events).where(events.incident_id.in_(of_model)))
    connection.execute(delete(tables.incidents).where(incidents.model == model))


def forget_history(connection: Connection, model: str) -> None:
    """Delete the reference, every window, what was accepted and what else hangs on the model. Its
    name and revision stay, so that a run which began before it cannot go on behind it."""
    number = select(tables.models.c.id).where(tables.models.c.name == model).scalar_subquery()
    connection.execute(delete(tables.acceptances).where(tables.acceptances.c.model == model))
    for table in tables.metadata.sorted_tables:
        if "model_id" in table.c:
            connection.execute(delete(table).where(table.c.model_id == number))
