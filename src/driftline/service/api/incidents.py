"""Incidents: which there are, what happened to one, and what people do about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from driftline.errors import Rejected
from driftline.records import Event, Incident
from driftline.service import acts
from driftline.service.answer import incident_answer
from driftline.service.api.models import Moment, SentMoment, known_model, moment_of
from driftline.service.api.problems import documented
from driftline.settings.models import Settings
from driftline.stores import Store
from driftline.stores.keys import Key
from driftline.windows import iso

Document = dict[str, Any]
IncidentId = Annotated[str, Path(alias="id", pattern="^[!-~]{1,200}$")]
Words = Annotated[str, Field(max_length=4000, pattern=r"^[^\x00]*$")]


class Act(BaseModel):
    """Who does it, and why."""

    model_config = ConfigDict(extra="forbid")

    by: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""
    """Who; default: the name of the key."""
    note: Words = ""
    """Why, in words."""


class Snooze(Act):
    """Who does it, why, and for how long."""

    until: SentMoment
    """The moment at which it is told again."""


class Note(Act):
    """What somebody has to say."""

    note: Annotated[str, Field(min_length=1, max_length=4000, pattern=r"^[^\x00]*$")]


def reading(settings: Settings, store: Store) -> APIRouter:
    routes = APIRouter(tags=["incidents"])

    @routes.get("/v1/incidents", responses=documented(404, 422))
    def incidents(
        request: Request,
        model: Annotated[str | None, Query(description="Only this model's.")] = None,
        open_only: Annotated[bool, Query(alias="open", description="Only what is open.")] = False,
        since: Moment = None,
    ) -> dict[str, list[Document]]:
        """Incidents in the order they were opened; with `since` those that were open then or
        later."""
        key: Key | None = request.state.key
        if model is not None:
            known_model(settings, model)
            _check(key, model)
        elif key is not None:
            model = key.model
        found = store.incidents(model, open_only, moment_of("since", since))
        return {"incidents": [_incident(incident) for incident in found]}

    @routes.get("/v1/incidents/{id}", responses=documented(404, 422))
    def incident(request: Request, incident_id: IncidentId) -> Document:
        """One incident, and everything that happened to it, in order of time."""
        found = _found(store, request, incident_id)
        events = [_event(event) for event in store.events(incident_id)]
        return {**_incident(found), "events": events}

    return routes


def acting(store: Store) -> APIRouter:
    routes = APIRouter(tags=["incidents"], responses=documented(404, 409, 422))

    def do(request: Request, incident_id: str, act: Act, deed: Callable[..., Incident]) -> Document:
        _found(store, request, incident_id)
        key: Key | None = request.state.key
        by = act.by or (key.name or key.id if key else "api")
        return _incident(deed(store, incident_id, by, act.note, datetime.now(UTC)))

    @routes.post("/v1/incidents/{id}/acknowledge")
    def acknowledge(request: Request, incident_id: IncidentId, act: Act) -> Document:
        """Say that somebody has taken it on: nobody is reminded of it any more."""
        return do(request, incident_id, act, acts.acknowledge)

    @routes.post("/v1/incidents/{id}/snooze")
    def snooze(request: Request, incident_id: IncidentId, act: Snooze) -> Document:
        """Have nobody reminded of it until a moment; then it is told again."""

        return do(request, incident_id, act, partial(acts.snooze, until=act.until))

    @routes.post("/v1/incidents/{id}/resolve")
    def resolve(request: Request, incident_id: IncidentId, act: Act) -> Document:
        """Say that it is over. Should the trouble go on, a new incident is opened."""
        return do(request, incident_id, act, acts.resolve)

    @routes.post("/v1/incidents/{id}/note")
    def note(request: Request, incident_id: IncidentId, act: Note) -> Document:
        """Keep a remark with it; it may be over."""
        return do(request, incident_id, act, acts.note)

    return routes


def _found(store: Store, request: Request, incident_id: str) -> Incident:
    found = store.incident(incident_id)
    if found is None:
        raise Rejected(404, f'no incident has the id "{incident_id}"; GET /v1/incidents lists them')
    _check(request.state.key, found.model)
    return found


def _check(key: Key | None, model: str) -> None:
    if key is not None and key.model not in (None, model):
        raise Rejected(403, f"this key is for {key.model}, not for {model:.100}")


def _incident(incident: Incident) -> Document:
    until = incident.snoozed_until
    return {
        **incident_answer(incident),
        "model": incident.model,
        "updated": iso(incident.updated),
        "snoozed_until": iso(until) if until else None,
    }


def _event(event: Event) -> Document:
    return {
        "kind": event.kind,
        "at": iso(event.at),
        "by": event.by,
        "note": event.note,
        "state": event.incident.state,
        "severity": event.incident.severity,
    }
