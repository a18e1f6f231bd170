"""Reminders: what is told again, without anything new: an incident that nobody has taken on, a
snooze that is over, and what was held back while a model was muted."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from driftline.records import Event, Incident, OutboxRow
from driftline.service.outbox import is_muted
from driftline.service.routing import outbox_row, outbox_rows
from driftline.settings.channels import ChannelSettings
from driftline.settings.models import ModelSettings, Settings
from driftline.stores import Store
from driftline.windows import iso

Newest = Mapping[tuple[str, str], OutboxRow]


def remind(settings: Settings, store: Store, now: datetime) -> None:
    """Put into the outbox what has to be told again at `now`; sending is another's work."""
    mutes = store.mutes(now)
    _release(store, now)
    by_model: dict[str, list[Incident]] = defaultdict(list)
    for incident in store.incidents(open_only=True):
        by_model[incident.model].append(incident)
    newest = store.outbox.newest() if by_model else {}
    for model in settings.models:
        if is_muted(mutes, model.name, now):
            continue
        for incident in by_model[model.name]:
            _wake(store, model, incident, now)
        for channel in model.channels:
            for incident in _due(channel, by_model[model.name], newest, now):
                last = newest[incident.id, channel.name].settled
                event = _reminded(incident, now, f"{channel.name} {last}")
                row = outbox_row(event, channel.name, f"{model.name} reminded {iso(now)}")
                store.act(incident, incident, (event,), (row,))


def _wake(store: Store, model: ModelSettings, incident: Incident, now: datetime) -> None:
    """A snooze that has run out: the incident is open again, and that is told."""
    until = incident.snoozed_until
    if incident.state != "snoozed" or until is None or until > now:
        return
    awake = replace(incident, state="open", snoozed_until=None, updated=now)
    event = replace(_reminded(awake, now, iso(until)), note="the snooze is over")
    rows = outbox_rows((event,), model.channels, f"{model.name} reminded {iso(now)}")
    store.act(incident, awake, (event,), rows)


def _due(
    channel: ChannelSettings, incidents: Iterable[Incident], newest: Newest, now: datetime
) -> Sequence[Incident]:
    """The incidents to remind of; when one is due, so are those that will be before long."""
    if channel.remind is None:
        return []
    told: list[tuple[Incident, datetime]] = []
    for incident in incidents:
        row = newest.get((incident.id, channel.name))
        known = row is not None and row.state in ("sent", "failed", "dropped")
        if row is not None and known and row.settled and incident.state == "open":
            told.append((incident, row.settled))
    if not any(now - at >= channel.remind for _, at in told):
        return []
    return [incident for incident, at in told if now - at >= channel.remind / 2]


def _reminded(incident: Incident, now: datetime, of: str) -> Event:
    """An event that is the same for every process that makes it."""
    parts = "\0".join([incident.id, "reminded", of])
    name = hashlib.blake2b(parts.encode(), digest_size=8).hexdigest()
    return Event(name, incident, "reminded", now)


def _release(store: Store, now: datetime) -> None:
    """What was held back in mutes that are over: one notice for each channel and model of what is
    still open, and of what has ended that was told before; the rest is dropped."""
    mutes = store.mutes(now)
    held = [pair for pair in store.outbox.rows("held") if not is_muted(mutes, pair[0].model, now)]
    by_incident: dict[tuple[str, str], list[tuple[OutboxRow, Event]]] = defaultdict(list)
    for row, event in held:
        by_incident[row.channel, event.incident.id].append((row, event))
    for (channel, incident_id), found in by_incident.items():
        wanted = _still_news(store, channel, incident_id)
        for row, _ in found:
            batch = f"{row.model} after the mute {iso(now)}"
            back = replace(row, state="pending", due=now, batch=batch, settled=None)
            settled = back if wanted else replace(row, state="dropped", settled=now)
            store.outbox.settle([settled], was="held")


def _still_news(store: Store, channel: str, incident_id: str) -> bool:
    incident = store.incident(incident_id)
    if incident is None or incident.is_open:
        return incident is not None and incident.state == "open"
    rows = store.outbox.of_incident(incident_id)
    return any(row.state == "sent" for row in rows if row.channel == channel)
