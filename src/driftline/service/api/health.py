"""Whether the service is alive, and whether it can work. No key is needed."""

from __future__ import annotations

from fastapi import APIRouter

from driftline.service.api.problems import documented
from driftline.stores import Store


def router(store: Store) -> APIRouter:
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz")
    def alive() -> dict[str, str]:
        """The process is alive."""
        return {"status": "alive"}

    @routes.get("/readyz", responses=documented(503))
    def ready() -> dict[str, str]:
        """The store can be reached; 503 when it cannot."""
        store.models()
        return {"status": "ready"}

    return routes
