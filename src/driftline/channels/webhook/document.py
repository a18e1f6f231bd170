"""A notice as the JSON that a webhook is sent. docs/reference/webhook.md tells every key."""

from __future__ import annotations

from typing import Any

from driftline.channels.links import incident_url
from driftline.notices import News, Notice
from driftline.records import Event, Incident
from driftline.windows import iso

VERSION = 1
"""Raised when a key goes or changes its meaning; new keys may come at any time."""


def document(notice: Notice) -> dict[str, Any]:
    return {
        "version": VERSION,
        "id": notice.id,
        "test": bool(notice.words),
        "model": notice.model,
        "title": notice.title,
        "severity": notice.severity,
        "incidents": [_incident(news, notice.url) for news in notice.news],
        "text": str(notice),
    }


def _incident(news: News, url: str) -> dict[str, Any]:
    incident = news.incident
    return {
        **_facts(incident),
        "what": news.what,
        "events": [_event(event) for event in news.events],
        "url": incident_url(url, incident.id) if url else None,
    }


def _facts(incident: Incident) -> dict[str, Any]:
    until = incident.snoozed_until
    return {
        "id": incident.id,
        "kind": incident.kind,
        "severity": incident.severity,
        "state": incident.state,
        "opened": iso(incident.opened),
        "resolved": iso(incident.resolved) if incident.resolved else None,
        "since": iso(incident.since),
        "until": iso(incident.until) if incident.until else None,
        "snoozed_until": iso(until) if until else None,
        "columns": list(incident.columns),
        "message": incident.message,
        "facts": list(incident.facts),
        "next_steps": list(incident.next_steps),
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "kind": event.kind,
        "at": iso(event.at),
        "severity": event.incident.severity,
        "by": event.by,
        "note": event.note,
    }
