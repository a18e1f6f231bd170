"""A store in a SQL database: SQLite, or PostgreSQL by the same statements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Select, Table, delete, func, select, update

from driftline.acceptance import Acceptance
from driftline.aging import Aged
from driftline.mutes import Mute
from driftline.records import (
    Changes,
    Event,
    Incident,
    ModelState,
    OutboxRow,
    PerformanceResult,
    WindowResult,
)
from driftline.stores import incident_rows, rows, tables
from driftline.stores.engine import reading, writing
from driftline.stores.forgetting import forget_history, forget_incidents
from driftline.stores.packing import Row
from driftline.stores.protocol import Progress
from driftline.stores.pruning import prune
from driftline.stores.schema import open_database
from driftline.stores.sql_learned import SqlLearned
from driftline.stores.sql_outbox import SqlOutbox
from driftline.stores.statements import (
    incidents_of,
    is_of,
    put,
    put_early_labels,
    put_new,
    put_results,
    span,
    stands_at,
)
from driftline.windows import Window

_OF_ONE_REFERENCE = (
    tables.windows,
    tables.profiles,
    tables.predictions,
    tables.outcomes,
    tables.outcome_days,
    tables.performance,
    tables.early_labels,
    tables.learned,
)


def open_sql_store(url: str) -> SqlStore:
    """The store at `url`, its tables made or brought up to date; see `open_store`."""
    return SqlStore(open_database(url))


class SqlStore:
    """Keeps everything in tables. See `Store` for what each method does.

    Attributes:
        recorded: is called with every step that was recorded.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.outbox = SqlOutbox(engine)
        self.learned = SqlLearned(engine)
        self.recorded: Callable[[Changes], None] = lambda changes: None

    @property
    def engine(self) -> Engine:
        """Connections to the database, for what else is kept in it."""
        return self._engine

    def model(self, name: str) -> ModelState | None:
        found = (
            select(
                tables.models,
                tables.references.c.body.label("reference"),
                tables.early_labels.c.body.label("early_labels"),
            )
            .join(tables.references)
            .outerjoin(tables.early_labels)
            .where(tables.models.c.name == name)
        )
        with reading(self._engine) as connection:
            row = connection.execute(found).mappings().first()
        return None if row is None else ModelState(**{key: row[key] for key in row if key != "id"})

    def models(self) -> list[str]:
        found = select(tables.models.c.name).join(tables.references)
        with reading(self._engine) as connection:
            return sorted(connection.execute(found).scalars())

    def progress(self) -> dict[str, Progress]:
        kept = tables.models.c
        found = select(kept.name, kept.position, kept.labels_until, kept.revision, kept.versions)
        return {row.pop("name"): Progress(**row) for row in self._rows(found.order_by(kept.name))}

    def begin(self, state: ModelState) -> ModelState:
        kept = tables.models.c
        with writing(self._engine) as connection:
            stands = select(kept.revision).where(kept.name == state.name).with_for_update()
            before = connection.execute(stands).scalar()
            if before is not None:
                state = replace(state, revision=before + 1)
            row = {
                "name": state.name,
                "reference_key": state.reference_key,
                "position": state.position,
                "labels_until": state.labels_until,
                "revision": state.revision,
                "versions": state.versions,
            }
            put(connection, tables.models, [row], by=("name",))
            model_id = connection.execute(
                select(kept.id).where(kept.name == state.name)
            ).scalar_one()
            for table in _OF_ONE_REFERENCE:
                connection.execute(delete(table).where(table.c.model_id == model_id))
            put(connection, tables.references, [{"model_id": model_id, "body": state.reference}])
            put_early_labels(connection, model_id, state.early_labels)
        return state

    def record(self, changes: Changes) -> bool:
        state = changes.state
        with writing(self._engine) as connection:
            model_id = connection.execute(stands_at(changes)).scalar()
            if model_id is None:
                return False
            connection.execute(
                update(tables.models)
                .where(tables.models.c.id == model_id)
                .values(
                    position=state.position,
                    labels_until=state.labels_until,
                    revision=state.revision,
                    versions=state.versions,
                )
            )
            put_early_labels(connection, model_id, state.early_labels)
            put_results(connection, model_id, changes)
            put(connection, tables.incidents, map(incident_rows.incident_row, changes.incidents))
            put_new(connection, tables.events, map(incident_rows.event_row, changes.events))
            put_new(connection, tables.outbox, map(incident_rows.outbox_row, changes.outbox))
            accepted = map(incident_rows.acceptance_row, changes.acceptances)
            put(connection, tables.acceptances, accepted)
        self.recorded(changes)
        return True

    def windows(
        self, model: str, start: datetime | None = None, end: datetime | None = None
    ) -> list[WindowResult]:
        found = self._rows(span(tables.windows, model, start, end))
        return [rows.window_result(row) for row in found]

    def profiles(
        self, model: str, start: datetime | None = None, end: datetime | None = None
    ) -> dict[Window, bytes]:
        return self._blobs(tables.profiles, model, start, end)

    def predictions(
        self, model: str, start: datetime | None = None, end: datetime | None = None
    ) -> dict[Window, bytes]:
        return self._blobs(tables.predictions, model, start, end)

    def outcomes(
        self, model: str, start: datetime | None = None, end: datetime | None = None
    ) -> dict[Window, bytes]:
        return self._blobs(tables.outcomes, model, start, end)

    def outcome_days(
        self, model: str, start: datetime | None = None, end: datetime | None = None
    ) -> dict[Window, bytes]:
        return self._blobs(tables.outcome_days, model, start, end)

    def performance(
        self,
        model: str,
        start: datetime | None = None,
        end: datetime | None = None,
        every_judgement: bool = False,
    ) -> list[PerformanceResult]:
        kept = tables.performance.c
        found = select(tables.performance).where(is_of(tables.performance, model))
        found = found.order_by(kept.ends, kept.judged_at)
        if start is not None:
            found = found.where(kept.ends > start)
        if end is not None:
            found = found.where(kept.ends <= end)
        if not every_judgement:
            later = tables.performance.alias().c
            newest = select(func.max(later.judged_at)).where(
                later.model_id == kept.model_id, later.ends == kept.ends
            )
            found = found.where(kept.judged_at == newest.scalar_subquery())
        return [rows.performance_result(row) for row in self._rows(found)]

    def drop_predictions(self, model: str, before: datetime) -> None:
        table = tables.predictions
        with writing(self._engine) as connection:
            connection.execute(
                delete(table).where(
                    is_of(table, model), table.c.starts < before, table.c.ends <= before
                )
            )

    def prune(self, model: str, aged: Aged, most: int = 500) -> int:
        with writing(self._engine) as connection:
            return prune(connection, model, aged, most)

    def incidents(
        self,
        model: str | None = None,
        open_only: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Incident]:
        found = incidents_of(model, since, until)
        if open_only:
            found = found.where(tables.incidents.c.state != "resolved")
        return [incident_rows.incident(row) for row in self._rows(found)]

    def events(self, incident_id: str) -> list[Event]:
        kept = tables.events.c
        found = select(tables.events).where(kept.incident_id == incident_id)
        return [
            incident_rows.event(row) for row in self._rows(found.order_by(kept.at, kept.number))
        ]

    def incident(self, incident_id: str) -> Incident | None:
        kept = tables.incidents.c
        found = self._rows(select(kept.body).where(kept.id == incident_id))
        return incident_rows.incident(found[0]) if found else None

    def act(
        self,
        before: Incident | None,
        after: Incident,
        events: Sequence[Event] = (),
        outbox: Sequence[OutboxRow] = (),
    ) -> bool:
        models, incidents = tables.models.c, tables.incidents.c
        with writing(self._engine) as connection:
            connection.execute(  # first: in the order in which `record` locks
                update(tables.models)
                .where(models.name == after.model)
                .values(revision=models.revision + 1)
            )
            found = select(incidents.body).where(incidents.id == after.id).with_for_update()
            row = connection.execute(found).mappings().first()
            if (None if row is None else incident_rows.incident(dict(row))) != before:
                connection.rollback()
                return False
            put(connection, tables.incidents, [incident_rows.incident_row(after)])
            put_new(connection, tables.events, map(incident_rows.event_row, events))
            put_new(connection, tables.outbox, map(incident_rows.outbox_row, outbox))
        return True

    def acceptances(self, model: str) -> list[Acceptance]:
        kept = tables.acceptances.c
        found = select(tables.acceptances).where(kept.model == model).order_by(kept.at, kept.id)
        return [incident_rows.acceptance(row) for row in self._rows(found)]

    def forget(self, model: str, only_incidents: bool = False) -> None:
        with writing(self._engine) as connection:
            forget_incidents(connection, model)
            if not only_incidents:
                forget_history(connection, model)

    def mutes(self, now: datetime) -> list[Mute]:
        kept = tables.mutes.c
        found = select(tables.mutes).where(kept.ends > now).order_by(kept.starts, kept.id)
        return [incident_rows.mute(row) for row in self._rows(found)]

    def put_mute(self, mute: Mute) -> None:
        with writing(self._engine) as connection:
            put(connection, tables.mutes, [incident_rows.mute_row(mute)])

    def close(self) -> None:
        self._engine.dispose()

    def _rows(self, found: Select[Any]) -> list[Row]:
        with reading(self._engine) as connection:
            return [dict(row) for row in connection.execute(found).mappings()]

    def _blobs(
        self, table: Table, model: str, start: datetime | None, end: datetime | None
    ) -> dict[Window, bytes]:
        kept = table.c
        found = span(table, model, start, end).with_only_columns(kept.starts, kept.ends, kept.body)
        with reading(self._engine) as connection:
            return {Window(starts, ends): body for starts, ends, body in connection.execute(found)}
