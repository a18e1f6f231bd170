"""The HTTP API: rows come in, results go out, people act on incidents. One file a kind of route."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI

import driftline
from driftline.log.taking import Log
from driftline.service.api import acceptances, health, incidents, metrics, models, mutes, rows
from driftline.service.api.access import Access, allowed
from driftline.service.api.problems import answer_problems, documented
from driftline.service.metrics.tally import Tally
from driftline.settings.models import Settings
from driftline.stores import Store
from driftline.stores.keys import Keys

ABOUT = """Send predictions and labels; read what Driftline found; act on incidents.

Every answer that is no success is a problem document (RFC 9457). Where keys were made, every path
but /healthz and /readyz needs one: `Authorization: Bearer KEY`."""


def api(
    settings: Settings,
    store: Store,
    log: Log,
    dead: Callable[[], Sequence[str]] = list,
    tally: Tally | None = None,
    any_host: bool = True,
) -> FastAPI:
    """The API as an ASGI application. It neither opens nor closes `store` and `log`.

    Args:
        dead: names what should run beside the API and does not.
        tally: counts what happens in this process, also beside the API.
        any_host: whether it answers, where no key is needed, under any name; otherwise only to
            addresses, localhost and the name in the settings' `url`.
    """
    hosts = None if any_host else {urlsplit(settings.url or "").hostname or "localhost"}
    access = Access(Keys(log.engine), settings.api.requests_per_second, hosts)
    app = FastAPI(
        title="Driftline",
        version=driftline.__version__,
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    write, read, admin, any_key = (
        [Depends(allowed(access, scope))] for scope in ("write", "read", "admin", None)
    )
    denied = documented(401, 403, 429, 503)
    app.include_router(health.router(store, dead))
    counts = tally or Tally()
    telling = metrics.router(settings, store, log.engine, counts)
    app.include_router(telling, dependencies=read, responses=denied)
    app.include_router(rows.router(settings, log, counts), dependencies=write, responses=denied)
    app.include_router(models.router(settings, store), dependencies=read, responses=denied)
    app.include_router(incidents.reading(settings, store), dependencies=read, responses=denied)
    app.include_router(incidents.acting(store), dependencies=admin, responses=denied)
    app.include_router(mutes.router(settings, store), dependencies=admin, responses=denied)
    accepted = acceptances.reading(settings, store)
    app.include_router(accepted, dependencies=read, responses=denied)
    accepting = acceptances.acting(settings, store)
    app.include_router(accepting, dependencies=admin, responses=denied)

    @app.get("/openapi.json", dependencies=any_key, include_in_schema=False)
    def openapi() -> dict[str, object]:
        return app.openapi()

    answer_problems(app)
    app.add_middleware(metrics.Counted, tally=counts)
    return app
