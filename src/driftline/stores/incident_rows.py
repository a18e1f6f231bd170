"""Incidents, events, outbox rows, mutes and acceptances as rows of tables and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from driftline.acceptance import Acceptance
from driftline.alarms.blame import Group
from driftline.mutes import Mute
from driftline.records import Event, Incident, OutboxRow
from driftline.stores.packing import (
    Row,
    float_or_none,
    micros_or_none,
    moment_or_none,
    pack,
    unpack,
)
from driftline.windows import from_micros, to_micros


def incident_row(incident: Incident) -> Row:
    return {
        "id": incident.id,
        "model": incident.model,
        "state": incident.state,
        "opened": incident.opened,
        "since": incident.since,
        "resolved": None if incident.is_open else incident.resolved or incident.updated,
        "body": pack(_incident_document(incident)),
    }


def incident(row: Row) -> Incident:
    return _incident(unpack(row["body"]))


def _incident_document(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "model": incident.model,
        "kind": incident.kind,
        "severity": incident.severity,
        "state": incident.state,
        "opened": to_micros(incident.opened),
        "updated": to_micros(incident.updated),
        "resolved": micros_or_none(incident.resolved),
        "since": to_micros(incident.since),
        "columns": list(incident.columns),
        "message": incident.message,
        "facts": list(incident.facts),
        "next_steps": list(incident.next_steps),
        "alarms": int(incident.alarms),
        "quiet": int(incident.quiet),
        "snoozed_until": micros_or_none(incident.snoozed_until),
        "magnitudes": [float(magnitude) for magnitude in incident.magnitudes],
        "metric": incident.metric,
        "baseline": float_or_none(incident.baseline),
        "groups": [[list(g.columns), list(map(float, g.shares))] for g in incident.groups],
        "cause": incident.cause,
        "until": micros_or_none(incident.until),
    }


def _incident(document: Mapping[str, Any]) -> Incident:
    return Incident(
        id=document["id"],
        model=document["model"],
        kind=document["kind"],
        severity=document["severity"],
        state=document["state"],
        opened=from_micros(document["opened"]),
        updated=from_micros(document["updated"]),
        resolved=moment_or_none(document["resolved"]),
        since=from_micros(document["since"]),
        columns=tuple(document["columns"]),
        message=document["message"],
        facts=tuple(document["facts"]),
        next_steps=tuple(document["next_steps"]),
        alarms=document["alarms"],
        quiet=document["quiet"],
        snoozed_until=moment_or_none(document["snoozed_until"]),
        magnitudes=tuple(document.get("magnitudes", [0.0] * max(1, len(document["columns"])))),
        metric=document.get("metric", ""),
        baseline=document.get("baseline"),
        groups=tuple(Group(tuple(c), tuple(s)) for c, s in document.get("groups", [])),
        cause=document.get("cause"),
        until=moment_or_none(document.get("until")),
    )


def event_row(event: Event) -> Row:
    body = {
        "incident": _incident_document(event.incident),
        "kind": event.kind,
        "by": event.by,
        "note": event.note,
    }
    return {
        "id": event.id,
        "incident_id": event.incident.id,
        "at": event.at,
        "body": pack(body),
    }


def event(row: Row) -> Event:
    body = unpack(row["body"])
    return Event(
        id=row["id"],
        incident=_incident(body["incident"]),
        kind=body["kind"],
        at=row["at"],
        by=body["by"],
        note=body["note"],
    )


def outbox_row(row: OutboxRow) -> Row:
    return {
        "id": row.id,
        "event_id": row.event_id,
        "model": row.model,
        "channel": row.channel,
        "state": row.state,
        "due": row.due,
        "attempts": int(row.attempts),
        "batch": row.batch,
        "settled": row.settled,
        "body": pack({"error": row.error, "rest": list(row.rest)}),
    }


def outbox(row: Row) -> OutboxRow:
    body = unpack(row["body"])
    return OutboxRow(
        id=row["id"],
        event_id=row["event_id"],
        model=row["model"],
        channel=row["channel"],
        state=row["state"],
        due=row["due"],
        attempts=row["attempts"],
        error=body["error"],
        batch=row["batch"],
        rest=tuple(body.get("rest", ())),
        settled=row["settled"],
    )


def mute_row(mute: Mute) -> Row:
    return {
        "id": mute.id,
        "model": mute.model,
        "starts": mute.start,
        "ends": mute.end,
        "body": pack({"by": mute.by, "reason": mute.reason}),
    }


def mute(row: Row) -> Mute:
    return Mute(row["id"], row["model"], row["starts"], row["ends"], **unpack(row["body"]))


def acceptance_row(one: Acceptance) -> Row:
    body = {
        "by": one.by,
        "reason": one.reason,
        "columns": list(one.columns),
        "performance": one.performance,
        "undone_at": micros_or_none(one.undone_at),
        "undone_by": one.undone_by,
        "undone_reason": one.undone_reason,
        "quality": list(one.quality),
    }
    return {
        "id": one.id,
        "model": one.model,
        "since": one.since,
        "at": one.at,
        "body": pack(body),
    }


def acceptance(row: Row) -> Acceptance:
    body = unpack(row["body"])
    return Acceptance(
        id=row["id"],
        model=row["model"],
        since=row["since"],
        at=row["at"],
        by=body["by"],
        reason=body["reason"],
        columns=tuple(body["columns"]),
        performance=body["performance"],
        undone_at=moment_or_none(body["undone_at"]),
        undone_by=body["undone_by"],
        undone_reason=body["undone_reason"],
        quality=tuple(body.get("quality", ())),
    )
