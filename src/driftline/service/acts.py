"""Acts: what a person does about incidents, by command or over HTTP. Each gives what is so now."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from driftline.errors import IncidentError, IncidentOver, NoSuchIncident
from driftline.mutes import Mute
from driftline.records import Event, EventKind, Incident, OutboxRow
from driftline.service.routing import outbox_row
from driftline.stores import Store
from driftline.windows import iso
from driftline.wording import one_line

ROUNDS = 5
"""How often an act is begun again because a run has changed the incident meanwhile."""

Change = Callable[[Incident], Incident]


@dataclass(frozen=True)
class _Deed:
    """What somebody does."""

    kind: EventKind
    by: str
    note: str
    now: datetime


def acknowledge(store: Store, incident_id: str, by: str, note: str, now: datetime) -> Incident:
    """Somebody has taken it on: nobody is reminded of it any more."""

    def change(incident: Incident) -> Incident:
        return replace(incident, state="acknowledged", snoozed_until=None)

    return _act(store, incident_id, change, _Deed("acknowledged", by, note, now))


def snooze(
    store: Store, incident_id: str, by: str, note: str, now: datetime, until: datetime
) -> Incident:
    """Nobody is reminded of it until a moment; then it is told again."""
    if until <= now:
        raise IncidentError(f"a snooze must end later than now ({iso(now)}); found {iso(until)}")

    def change(incident: Incident) -> Incident:
        return replace(incident, state="snoozed", snoozed_until=until)

    return _act(store, incident_id, change, _Deed("snoozed", by, note, now))


def resolve(store: Store, incident_id: str, by: str, note: str, now: datetime) -> Incident:
    """It is over. Should the trouble go on, the next window opens a new incident."""

    def change(incident: Incident) -> Incident:
        return replace(incident, state="resolved", resolved=now, snoozed_until=None)

    return _act(store, incident_id, change, _Deed("resolved", by, note, now))


def note(store: Store, incident_id: str, by: str, note: str, now: datetime) -> Incident:
    """A remark, kept with the incident; it may be over."""
    if not note.strip():
        raise IncidentError("a note needs words; found none")
    return _act(store, incident_id, lambda i: i, _Deed("noted", by, note, now))


def _act(store: Store, incident_id: str, change: Change, deed: _Deed) -> Incident:
    """Change the incident as it is now; begin again where a run was faster."""
    for _ in range(ROUNDS):
        before = store.incident(incident_id)
        if before is None:
            raise NoSuchIncident(
                f'no incident has the id "{one_line(incident_id)[:80]}"; '
                "`driftline incidents` lists them"
            )
        if not before.is_open and deed.kind != "noted":
            raise IncidentOver(f"incident {before.id} is resolved already; nothing was changed")
        after = replace(change(before), updated=max(deed.now, before.updated))
        parts = "\0".join([before.id, deed.kind, iso(deed.now), deed.by, deed.note])
        event = Event(_digest(parts), after, deed.kind, deed.now, deed.by, deed.note)
        if store.act(before, after, (event,), outbox_of(store, event)):
            return after
    raise IncidentError(f"incident {incident_id} is being changed by others; try again")


def outbox_of(store: Store, event: Event) -> tuple[OutboxRow, ...]:
    """Who heard of the incident hears that it is over; the other acts are told to nobody."""
    if event.kind != "resolved":
        return ()
    told = dict.fromkeys(row.channel for row in store.outbox.of_incident(event.incident.id))
    return tuple(outbox_row(event, channel, event.id) for channel in told)


def mute(
    store: Store, model: str | None, until: datetime, by: str, reason: str, now: datetime
) -> Mute:
    """Hold back the notices of a model, or of all (None), until a moment."""
    if until <= now:
        raise IncidentError(f"a mute must end later than now ({iso(now)}); found {iso(until)}")
    name = _digest("\0".join([model or "", iso(now), iso(until), by]))
    made = Mute(name, model, now, until, by, reason)
    store.put_mute(made)
    return made


def unmute(store: Store, model: str | None, now: datetime) -> list[Mute]:
    """End the mutes of a model, or all mutes (None); those that were ended."""
    ended = [mute for mute in store.mutes(now) if model is None or mute.model == model]
    for one in ended:
        store.put_mute(replace(one, start=min(one.start, now), end=now))
    return ended


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
