"""Acceptances: which changes are normal now, and people who say so or take it back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from driftline.service.accepting import Wish, accept, undo
from driftline.service.answer import acceptance_answer
from driftline.service.api.incidents import Words
from driftline.service.api.models import SentMoment, known_model
from driftline.service.api.problems import documented
from driftline.settings.models import Settings
from driftline.stores import Store
from driftline.stores.keys import Key

Document = dict[str, Any]


class Undo(BaseModel):
    """Who takes it back, and why."""

    model_config = ConfigDict(extra="forbid")

    by: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""
    """Who; default: the name of the key."""
    reason: Words = ""
    """Why, in words."""


class Accept(Undo):
    """Who accepts a change, why, and from when on."""

    since: SentMoment | None = None
    """Windows that start then or later are judged by what is normal since then; default: the start
    of the oldest open incident of drift."""
    performance: bool = False
    """Whether performance since then is normal as well."""


def reading(settings: Settings, store: Store) -> APIRouter:
    routes = APIRouter(tags=["acceptances"])

    @routes.get("/v1/models/{name}/acceptances", responses=documented(404, 422))
    def acceptances(name: str) -> dict[str, list[Document]]:
        """What was ever accepted as normal of a model, also what was undone, oldest first."""
        known_model(settings, name)
        return {"acceptances": [acceptance_answer(one) for one in store.acceptances(name)]}

    return routes


def acting(settings: Settings, store: Store) -> APIRouter:
    routes = APIRouter(tags=["acceptances"], responses=documented(404, 422))

    def who(request: Request, given: str) -> str:
        key: Key | None = request.state.key
        return given or (key.name or key.id if key else "api")

    @routes.post("/v1/models/{name}/accept")
    def accepted(request: Request, name: str, act: Accept) -> Document:
        """Say that a change is the new normal: incidents of it end, windows since are judged by
        it."""
        model = known_model(settings, name)
        wish = Wish(who(request, act.by), act.reason, act.since, act.performance)
        done = accept(store, model, wish, datetime.now(UTC))
        return {
            **acceptance_answer(done.acceptance),
            "resolved": [incident.id for incident in done.resolved],
        }

    @routes.post("/v1/models/{name}/accept/undo")
    def undone(request: Request, name: str, act: Undo) -> Document:
        """Take back what was accepted last and still holds."""
        known_model(settings, name)
        by = who(request, act.by)
        return acceptance_answer(undo(store, name, by, act.reason, datetime.now(UTC)))

    return routes
