"""Whether the service is alive, and whether it can work. No key is needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi import APIRouter

from driftline.errors import Rejected
from driftline.service.api.problems import documented
from driftline.stores import Store


def router(store: Store, dead: Callable[[], Sequence[str]]) -> APIRouter:
    """The routes; `dead` says what should run and does not."""
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz", responses=documented(503))
    def alive() -> dict[str, str]:
        """The process is alive, and all that should run in it does."""
        if names := dead():
            raise Rejected(503, f"{', '.join(names)} died; it is started again")
        return {"status": "alive"}

    @routes.get("/readyz", responses=documented(503))
    def ready() -> dict[str, str]:
        """The store can be reached; 503 when it cannot."""
        store.models()
        return {"status": "ready"}

    return routes
