"""Mutes: a pipeline that deploys a model holds its notices back meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from driftline.errors import Rejected
from driftline.mutes import Mute
from driftline.service import acts
from driftline.service.api.models import known_model
from driftline.service.api.problems import documented
from driftline.settings.models import Settings
from driftline.stores import Store
from driftline.stores.keys import Key
from driftline.windows import iso, parse_duration

Words = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]


class Muting(BaseModel):
    """For how long, who does it, and why."""

    model_config = ConfigDict(extra="forbid")

    length: Annotated[str, Field(alias="for", max_length=20, examples=["2h"])]
    """For how long: 30m, 2h, 1d."""
    by: Words = ""
    """Who; default: the name of the key."""
    reason: Words = ""
    """Why: a deployment, say."""


class Muted(BaseModel):
    """A mute: until when no notice of the model is sent."""

    model: str | None
    until: str
    by: str
    reason: str


class Mutes(BaseModel):
    """Some mutes."""

    mutes: list[Muted]


def router(settings: Settings, store: Store) -> APIRouter:
    routes = APIRouter(tags=["mutes"], responses=documented(404, 422))

    @routes.post("/v1/models/{name}/mute")
    def mute(name: str, request: Request, body: Muting) -> Muted:
        """Hold the model's notices back for a while, as during a deployment. Its windows are judged
        all the same; what is still open afterwards is told then, in one notice."""
        known_model(settings, name)
        try:
            lasting, now = parse_duration(body.length), datetime.now(UTC)
            until = now + lasting
        except (ValueError, OverflowError) as error:
            raise Rejected(422, f"`for`: {error}") from None
        key: Key | None = request.state.key
        by = body.by or (key.name or key.id if key else "api")
        return _told(acts.mute(store, name, until, by, body.reason, now))

    @routes.post("/v1/models/{name}/unmute")
    def unmute(name: str) -> Mutes:
        """End the mutes of the model; those that were ended."""
        known_model(settings, name)
        ended = acts.unmute(store, name, datetime.now(UTC))
        return Mutes(mutes=[_told(one) for one in ended])

    return routes


def _told(mute: Mute) -> Muted:
    return Muted(model=mute.model, until=iso(mute.end), by=mute.by, reason=mute.reason)
