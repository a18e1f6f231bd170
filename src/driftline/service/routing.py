"""Routing: which channels hear of an event."""

from __future__ import annotations

from collections.abc import Iterable

from driftline.records import Event, OutboxRow
from driftline.settings.channels import ChannelSettings


def outbox_rows(
    events: Iterable[Event], channels: Iterable[ChannelSettings], batch: str
) -> tuple[OutboxRow, ...]:
    """A row for each event and each of the model's channels that wants it."""
    wanted = list(channels)
    return tuple(
        outbox_row(event, channel.name, batch)
        for event in events
        for channel in wanted
        if channel.wants(event.incident)
    )


def outbox_row(event: Event, channel: str, batch: str) -> OutboxRow:
    return OutboxRow(
        id=f"{event.id}.{channel}",
        event_id=event.id,
        model=event.incident.model,
        channel=channel,
        state="pending",
        due=event.at,
        batch=batch,
    )
