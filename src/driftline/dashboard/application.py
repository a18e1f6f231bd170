"""The ASGI application: the dashboard, and beside it the API of the service on the same port."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from driftline.dashboard.options import log_as_we_do, set_up
from driftline.dashboard.shown import Shown, show

if TYPE_CHECKING:
    from fastapi import FastAPI

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

SCRIPT = Path(__file__).with_name("main.py")


def application(shown: Shown, api: FastAPI | None = None) -> Asgi:
    """The dashboard as an ASGI application. Paths that `api` knows, and all under /v1, are its own.

    One in a process: Streamlit keeps its settings in the process.
    """
    show(shown)
    set_up(shown.settings.url)
    import streamlit as st

    pages = _of_this_site(st.App(SCRIPT, on_script_error=_tell), shown.settings.url)
    log_as_we_do()
    return pages if api is None else _beside(api, pages)


def _tell(error: Exception) -> bool:
    """A page that fails says so, and the log says why."""
    import streamlit as st

    log.error("a page of the dashboard failed", exc_info=error)
    st.error("This page could not be drawn. The log of the service says why.", icon="⚠️")
    return True


def _beside(api: FastAPI, pages: Asgi) -> Asgi:
    """Each request to whom it belongs."""
    from starlette.routing import Match

    async def both(scope: Scope, receive: Receive, send: Send) -> None:
        ours = scope["type"] == "http" and (
            scope["path"].startswith("/v1/")
            or any(route.matches(scope)[0] is not Match.NONE for route in api.routes)
        )
        await (api if ours else pages)(scope, receive, send)

    return both


def _of_this_site(pages: Asgi, url: str | None) -> Asgi:
    """Refuse connections that a page of another site opens: it could read and act as its visitor.

    A browser names the page's site in `Origin`. It is ours when it is the host that was asked, or
    that of the `url` setting where something before us changes the host.
    """
    ours = urlsplit(url).netloc if url else ""

    async def checked(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
            origin, host = headers.get(b"origin"), headers.get(b"host", "")
            if origin is not None and urlsplit(origin).netloc not in (host, ours or host):
                log.warning("refused a page of %.100s, asked as %.100s", origin, host)
                await send({"type": "websocket.close", "code": 1008})
                return
        await pages(scope, receive, send)

    return checked
