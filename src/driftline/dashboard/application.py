"""The ASGI application: the dashboard, and beside it the API of the service on the same port."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from driftline.dashboard.login import oidc
from driftline.dashboard.login.gate import Asgi, Gate, Receive, Scope, Send
from driftline.dashboard.login.sessions import sessions_of
from driftline.dashboard.options import log_as_we_do, set_up
from driftline.dashboard.shown import Shown, show
from driftline.service.api.access import is_here, name_in

if TYPE_CHECKING:
    from fastapi import FastAPI

log = logging.getLogger(__name__)

READING = ("GET", "HEAD", "OPTIONS")
SCRIPT = Path(__file__).with_name("main.py")


def application(shown: Shown, api: FastAPI | None = None, any_host: bool = False) -> Asgi:
    """The dashboard as an ASGI application. Paths that `api` knows, and all under /v1, are its own.

    Where the settings have a login, nobody gets at the dashboard without it; the API goes by its
    keys. Without a login it answers to addresses, localhost and the name in `url` (or, `any_host`,
    to all): a page of another site could have its own name point here. One in a process: Streamlit
    keeps its settings in the process.
    """
    login, url = shown.settings.login, shown.settings.url
    sessions = sessions_of(login) if login else None
    show(replace(shown, sessions=sessions))
    set_up(url)
    import streamlit as st

    secrets = oidc.secrets_for(shown.settings, sessions.key) if sessions else None
    pages: Asgi = st.App(SCRIPT, on_script_error=_tell, secrets=secrets)
    if login is not None and sessions is not None:
        pages = Gate(pages, login, sessions, url)
    elif not any_host:
        pages = _known_as(pages, urlsplit(url).hostname if url else None)
    log_as_we_do()
    pages = _of_this_site(pages, url)
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
    """Refuse connections and forms of a page of another site: it could read and act as its visitor.

    A browser names the page's site in `Origin`. It is ours when it is the host that was asked, or
    that of the `url` setting where something before us changes the host.
    """
    ours = urlsplit(url).netloc if url else ""

    async def checked(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" or scope.get("method", "GET") not in READING:
            headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
            origin, host = headers.get(b"origin"), headers.get(b"host", "")
            if origin is not None and urlsplit(origin).netloc not in (host, ours or host):
                log.warning("refused a page of %.100s, asked as %.100s", origin, host)
                told = "refused: it was sent by a page of another site"
                await _refuse(told, scope, receive, send)
                return
        await pages(scope, receive, send)

    return checked


def _known_as(pages: Asgi, name: str | None) -> Asgi:
    """Refuse to answer to another name than that, localhost or an address."""

    async def checked(scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        asked = name_in(headers.get(b"host", b"localhost").decode("latin-1"))
        if asked == name or is_here(asked):
            await pages(scope, receive, send)
            return
        told = (
            f"the dashboard is not known as {asked:.100}: use its address or the name in `url`, "
            "give it a `login`, or say --insecure-open"
        )
        await _refuse(told, scope, receive, send)

    return checked


async def _refuse(told: str, scope: Scope, receive: Receive, send: Send) -> None:
    from starlette.responses import PlainTextResponse

    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await PlainTextResponse(f"{told}\n", 403)(scope, receive, send)
