"""Models and what was found of their windows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

from driftline.errors import Rejected, nearest
from driftline.service.answer import detectable_answer, performance_answer, window_answer
from driftline.service.api.problems import documented
from driftline.service.power import power_of
from driftline.settings.models import ModelSettings, Settings
from driftline.stores import Store
from driftline.stores.keys import Key
from driftline.ticks import written
from driftline.windows import format_duration, iso, parse_moment

Document = dict[str, Any]
NO_MOMENT = "must be a day or moment such as 2013-04-01 or 2013-04-01T06:00:00Z"
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
Moment = Annotated[
    str | None, Query(max_length=50, description="A day or moment, ISO 8601; without zone UTC.")
]


def router(settings: Settings, store: Store) -> APIRouter:
    routes = APIRouter(tags=["results"])

    @routes.get("/v1/models")
    def models(request: Request) -> dict[str, list[Document]]:
        """The models of the settings: what they are, up to where they are judged."""
        key: Key | None = request.state.key
        shown = [m for m in settings.models if key is None or key.model in (None, m.name)]
        return {"models": [_model(model, store) for model in shown]}

    @routes.get("/v1/models/{name}/windows", responses=documented(404, 422))
    def windows(
        name: str,
        start: Annotated[Moment, Query(alias="from")] = None,
        end: Annotated[Moment, Query(alias="to")] = None,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
    ) -> dict[str, list[Document]]:
        """Windows that begin in [from, to), in order of time; of many the newest `limit`. They are
        as `driftline check --json` prints them."""
        model, until = known_model(settings, name), moment_of("to", end)
        since = moment_of("from", start) or _newest(model, store, until, limit)
        found = store.windows(name, since, until)
        return {"windows": [window_answer(result) for result in found[-limit:]]}

    @routes.get("/v1/models/{name}/performance", responses=documented(404, 422))
    def performance(
        name: str,
        start: Annotated[Moment, Query(alias="from")] = None,
        end: Annotated[Moment, Query(alias="to")] = None,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
    ) -> dict[str, list[Document]]:
        """Spans of performance that end in (from, to], each as judged last, in order of time;
        of many the newest `limit`. They are as `driftline check --json` prints them."""
        model, until = known_model(settings, name), moment_of("to", end)
        since = moment_of("from", start) or _newest(model, store, until, limit)
        found = store.performance(name, since, until)
        return {"performance": [performance_answer(result) for result in found[-limit:]]}

    return routes


def _newest(
    model: ModelSettings, store: Store, until: datetime | None, limit: int
) -> datetime | None:
    """From where on there are at least the newest `limit` windows before `until`: older ones, of
    years perhaps, need not be read."""
    state = store.model(model.name)
    if state is None:
        return None
    end = state.position if until is None else min(until, state.position)
    whole = (end - EARLIEST) // model.window
    return end - min(limit, whole) * model.window


def known_model(settings: Settings, name: str) -> ModelSettings:
    """The settings of a model; Rejected (404) with the nearest name when there is none."""
    known = {model.name: model for model in settings.models}
    if name not in known:
        raise Rejected(404, f'no model is called "{name:.100}"{nearest(name, known)}')
    return known[name]


def _model(model: ModelSettings, store: Store) -> Document:
    state = store.model(model.name)
    power = power_of(model, store)
    return {
        "name": model.name,
        "version": model.version,
        "versions": [
            {"version": one.version, "since": iso(one.since)}
            for one in (state.versions if state else ())
        ],
        "task": model.task,
        "window": format_duration(model.window),
        "every": written(model.every),
        "judged_until": iso(state.position) if state else None,
        "detectable": detectable_answer(power) if power else None,
        "open_incidents": len(store.incidents(model.name, open_only=True)),
    }


def moment_of(name: str, text: str | None) -> datetime | None:
    """The moment that a parameter stands for; Rejected (422) when it is none."""
    try:
        return parse_moment(text) if text is not None else None
    except (ValueError, OverflowError):
        raise Rejected(422, f"`{name}` {NO_MOMENT}") from None


def _sent(value: object) -> object:
    """The moment that a text in a body stands for, as in a parameter."""
    try:
        return parse_moment(value) if isinstance(value, str) else value
    except (ValueError, OverflowError):
        raise PydanticCustomError("moment", NO_MOMENT) from None


SentMoment = Annotated[AwareDatetime, BeforeValidator(_sent)]
"""A day or moment in a body, ISO 8601; without zone UTC."""
