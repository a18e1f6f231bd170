"""What Prometheus is told, and the count of requests that is part of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from sqlalchemy import Engine
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from driftline.errors import Rejected
from driftline.service.metrics.state import State
from driftline.service.metrics.tally import Tally
from driftline.settings.models import Settings
from driftline.stores import Store

if TYPE_CHECKING:
    from driftline.stores.keys import Key

FORMAT = "text/plain; version=0.0.4; charset=utf-8"
METHODS = ("GET", "POST")
ELSEWHERE = "(none)"
"""What a path is called that the API does not have: strangers must not make up labels."""


def router(settings: Settings, store: Store, engine: Engine, tally: Tally) -> APIRouter:
    routes = APIRouter(tags=["health"])
    registry = CollectorRegistry()
    registry.register(tally)
    registry.register(State(settings, store, engine))
    ProcessCollector(registry=registry)

    @routes.get("/metrics", response_class=PlainTextResponse)
    def metrics(request: Request) -> PlainTextResponse:
        """How all is, for Prometheus. A key must be for all models."""
        key: Key | None = request.state.key
        if key is not None and key.model is not None:
            raise Rejected(403, f"this key is for {key.model}; /metrics tells of all models")
        return PlainTextResponse(generate_latest(registry), media_type=FORMAT)

    return routes


class Counted:
    """Counts the requests that `app` answers, by its own paths."""

    def __init__(self, app: ASGIApp, tally: Tally) -> None:
        self._app = app
        self._tally = tally

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            path = getattr(scope.get("route"), "path", ELSEWHERE)
            method = scope["method"] if scope["method"] in METHODS else "(other)"
            seconds = time.perf_counter() - begun
            self._tally.add("driftline_http_requests_total", 1, method, path, str(status))
            self._tally.time("driftline_http_request_seconds", seconds, path)
