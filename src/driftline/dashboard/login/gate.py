"""The gate before all of the dashboard: pages, files and the websocket, whatever their path.

Without a session nothing passes but the way to log in.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from driftline.dashboard.login import oidc
from driftline.dashboard.login.attempts import Attempts
from driftline.dashboard.login.form import NEXT, local_path, page, read_form
from driftline.dashboard.login.people import visitor_told
from driftline.dashboard.login.sessions import COOKIE, Session, Sessions, Visitor
from driftline.passwords import Hashed
from driftline.settings.login import LoginSettings

log = logging.getLogger(__name__)

LOGIN, LOGOUT, ELSEWHERE = "/login", "/logout", "/login/oidc"
AT_ONCE = 2
"""Passwords that are checked at the same time: each takes memory and a processor."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass
class Gate:
    """Lets those through to `pages` who have logged in. `url`: where people open the dashboard."""

    pages: Asgi
    settings: LoginSettings
    sessions: Sessions
    url: str | None
    attempts: Attempts = field(default_factory=Attempts)
    _busy: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.pages(scope, receive, send)
            return
        session = self.sessions.find(HTTPConnection(scope).cookies.get(COOKIE))
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send, session)
            return
        request = Request(scope, receive)
        answer = await self._answer(request, session)
        await (answer or self.pages)(scope, receive, _not_kept(send))

    async def _websocket(
        self, scope: Scope, receive: Receive, send: Send, session: Session | None
    ) -> None:
        """A connection ends with its session. What comes over it first after that is still let
        through: the page is told, and leads to the login."""
        if session is None:
            await send({"type": "websocket.close", "code": 1008})
            return
        cookie, told = HTTPConnection(scope).cookies.get(COOKIE), False

        async def received() -> MutableMapping[str, Any]:
            nonlocal told
            message = await receive()
            if message["type"] != "websocket.receive" or self.sessions.find(cookie) is not None:
                return message
            if told:
                await send({"type": "websocket.close", "code": 1008})
                return {"type": "websocket.disconnect", "code": 1008}
            told = True
            return message

        await self.pages(scope, received, send)

    async def _answer(self, request: Request, session: Session | None) -> Response | None:
        """What the gate itself answers; None: the request may pass."""
        path = request.url.path
        if path == LOGOUT and request.method == "POST":
            return self._log_out(request, session)
        if path == LOGIN and request.method == "POST":
            return await self._log_in(request)
        if path == LOGIN and session is None:
            return self._form(request)
        if path == LOGIN:
            return RedirectResponse(local_path(request.query_params.get("next")), 303)
        if session is not None:
            return None
        if self.settings.oidc is not None:
            if path == ELSEWHERE:
                return self._elsewhere(request)
            if path in oidc.ASKED_BY_STREAMLIT:
                return None
            if path == "/" and (told := oidc.told_by(request.cookies)):
                return self._back(request, visitor_told(self.settings.oidc, told))
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            query = f"?{request.url.query}" if request.url.query else ""
            wanted = quote(f"{path}{query}", safe="")
            return RedirectResponse(f"{LOGIN}?next={wanted}" if wanted != "%2F" else LOGIN, 303)
        return PlainTextResponse("log in first\n", 401)

    def _form(self, request: Request, error: str = "", name: str = "", code: int = 200) -> Response:
        return page(
            code,
            error=error,
            name=name,
            next=local_path(request.query_params.get("next")),
            password=bool(self.settings.password or self.settings.read_password),
            elsewhere=ELSEWHERE if self.settings.oidc else None,
        )

    async def _log_in(self, request: Request) -> Response:
        """Look at name and password that were sent."""
        caller = request.client.host if request.client else ""
        wait = self.attempts.wait(caller)
        form = await read_form(request)
        name, password = form.get("name", "").strip()[:100], form.get("password", "")
        if wait:
            minutes = int(wait // 60) + 1
            told = f"Too many wrong passwords. Try again in {minutes} min."
            answer = self._form(request, told, name, 429)
            answer.headers["Retry-After"] = str(int(wait) + 1)
            return answer
        if not name:
            told = "Say who you are: your name is kept with what you do."
            return self._form(request, told, name, 422)
        self.attempts.begin(caller)
        may_act = await self._rank(password)
        if may_act is None:
            log.warning("a wrong password from %.100s", caller)
            return self._form(request, "That is not the password.", name, 401)
        self.attempts.right(caller)
        where = local_path(request.query_params.get("next"))
        return self._begun(request, Visitor(name, may_act), where)

    async def _rank(self, password: str) -> bool | None:
        """Whether who gave the password may act; None where it is wrong."""
        kept = ((self.settings.password, True), (self.settings.read_password, False))
        async with self._busy:
            for one, may_act in kept:
                if one is None:
                    continue
                known = Hashed.read(one.get_secret_value())
                if await asyncio.to_thread(known.is_of, password):
                    return may_act
        return None

    def _begun(self, request: Request, visitor: Visitor, where: str) -> Response:
        """Send who has logged in to where they wanted to go."""
        log.info("%.100s has logged in", visitor.name)
        answer = RedirectResponse(where, 303)
        answer.set_cookie(
            COOKIE,
            self.sessions.begin(visitor),
            max_age=int(self.sessions.lasts),
            httponly=True,
            samesite="lax",
            secure=self._is_secret(request),
        )
        return answer

    def _is_secret(self, request: Request) -> bool:
        """Whether the browser talks HTTPS: with us, or with what stands before us."""
        ours = urlsplit(self.url or "")
        before = ours.scheme == "https" and request.headers.get("host") == ours.netloc
        return request.url.scheme == "https" or before

    def _log_out(self, request: Request, session: Session | None) -> Response:
        if session is not None:
            self.sessions.end(session)
        answer = RedirectResponse(LOGIN, 303)
        answer.delete_cookie(COOKIE, httponly=True, samesite="lax")
        return answer

    def _elsewhere(self, request: Request) -> Response:
        """On the way to the provider; where they wanted to go is kept meanwhile."""
        answer = RedirectResponse(oidc.address_of_provider(), 303)
        wanted = local_path(request.query_params.get("next"))
        answer.set_cookie(NEXT, quote(wanted, safe=""), max_age=600, httponly=True, samesite="lax")
        return answer

    def _back(self, request: Request, visitor: Visitor | None) -> Response:
        """Back from the provider."""
        if visitor is None:
            log.warning("somebody whom `login.oidc` does not list was refused")
            told = "This account may not see the dashboard. Ask who runs Driftline to list it."
            answer = self._form(request, told, code=403)
        else:
            where = local_path(request.cookies.get(NEXT), quoted=True)
            answer = self._begun(request, visitor, where)
        for name in (*oidc.cookies_of_streamlit(request.cookies), NEXT):
            answer.delete_cookie(name)
        return answer


def _not_kept(send: Send) -> Send:
    """No browser keeps a page, to show it again to who comes after a log-out."""

    async def sent(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if headers.get("content-type", "").startswith("text/html"):
                headers["Cache-Control"] = "no-store"
        await send(message)

    return sent
