"""The queues of the channels in a SQL database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, Select, func, select, update

from driftline.records import Event, OutboxRow, RowState
from driftline.stores import incident_rows, tables
from driftline.stores.engine import reading, writing
from driftline.stores.protocol import CLAIM_LASTS

_KEPT = tables.outbox.c
_EVENT = [tables.events.c[name].label(f"event_{name}") for name in ("at", "body")]


class SqlOutbox:
    """See `Outbox` for what each method does."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim(self, channel: str, now: datetime) -> list[tuple[OutboxRow, Event]]:
        queue = _with_events().where(
            _KEPT.channel == channel, _KEPT.state.in_(("pending", "claimed"))
        )
        queue = queue.with_for_update(of=tables.outbox)
        with writing(self._engine) as connection:
            head = connection.execute(queue.limit(1)).first()
            if head is None or not _is_due(head, now):
                return []
            claimed: Sequence[Row[Any]] = [head]
            if head.batch:
                same = queue.where(_KEPT.batch == head.batch, _KEPT.attempts == head.attempts)
                claimed = connection.execute(same).all()
            connection.execute(
                update(tables.outbox)
                .where(_KEPT.number.in_([row.number for row in claimed]))
                .values(state="claimed", claimed_at=now)
            )
        return [_pair(row, state="claimed") for row in claimed]

    def settle(self, rows: Sequence[OutboxRow], was: RowState = "claimed") -> None:
        with writing(self._engine) as connection:
            for row in rows:
                change = update(tables.outbox).where(_KEPT.id == row.id)
                if row.state != "sent":
                    change = change.where(_KEPT.state == was)
                connection.execute(change.values(incident_rows.outbox_row(row)))

    def rows(self, state: RowState) -> list[tuple[OutboxRow, Event]]:
        with reading(self._engine) as connection:
            found = connection.execute(_with_events().where(_KEPT.state == state))
            return [_pair(row) for row in found]

    def of_incident(self, incident_id: str) -> list[OutboxRow]:
        found = select(tables.outbox).join(tables.events, tables.events.c.id == _KEPT.event_id)
        found = found.where(tables.events.c.incident_id == incident_id).order_by(_KEPT.number)
        with reading(self._engine) as connection:
            return [_outbox(row) for row in connection.execute(found)]

    def newest(self) -> Mapping[tuple[str, str], OutboxRow]:
        events, incidents = tables.events.c, tables.incidents.c
        last = (
            select(events.incident_id, func.max(_KEPT.number).label("number"))
            .join(tables.events, events.id == _KEPT.event_id)
            .join(tables.incidents, incidents.id == events.incident_id)
            .where(incidents.state != "resolved")
            .group_by(events.incident_id, _KEPT.channel)
            .subquery()
        )
        found = select(tables.outbox, last.c.incident_id).join(last, last.c.number == _KEPT.number)
        with reading(self._engine) as connection:
            rows = connection.execute(found).all()
        return {(row.incident_id, row.channel): _outbox(row) for row in rows}

    def counts(self) -> Mapping[str, int]:
        counted = select(_KEPT.state, func.count()).group_by(_KEPT.state)
        with reading(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(counted)}


def _with_events() -> Select[Any]:
    """Rows, each with its event, in the order they were recorded."""
    events = tables.events.c
    found = select(tables.outbox, *_EVENT).join(tables.events, events.id == _KEPT.event_id)
    return found.order_by(_KEPT.number)


def _is_due(row: Row[Any], now: datetime) -> bool:
    if row.state == "claimed":
        return bool(row.claimed_at <= now - CLAIM_LASTS)
    return bool(row.due <= now or not row.attempts)


def _outbox(row: Row[Any], **changes: Any) -> OutboxRow:
    return incident_rows.outbox({**row._mapping, **changes})


def _pair(row: Row[Any], **changes: Any) -> tuple[OutboxRow, Event]:
    told = {"id": row.event_id, "at": row.event_at, "body": row.event_body}
    return _outbox(row, **changes), incident_rows.event(told)
