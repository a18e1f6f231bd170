"""Sessions: who logged in, in a signed text that the browser keeps as a cookie."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from time import time

from driftline.settings.login import LoginSettings

COOKIE = "driftline_session"


@dataclass(frozen=True)
class Visitor:
    """Who looks at the dashboard. `may_act`: whether more than looking is allowed."""

    name: str
    may_act: bool


@dataclass(frozen=True)
class Session:
    """A visitor from logging in `until` a moment (seconds since 1970)."""

    id: str
    visitor: Visitor
    until: float


@dataclass
class Sessions:
    """Makes sessions and knows them again; those that were logged out of count no more.

    Attributes:
        key: what they are signed with. It follows from the settings of the login, so that a
            changed password ends every session.
        lasts: seconds that a session lasts.
    """

    key: bytes = field(repr=False)
    lasts: float
    clock: Callable[[], float] = time
    _ended: dict[str, float] = field(default_factory=dict)

    def begin(self, visitor: Visitor) -> str:
        """The cookie's text for somebody who has just logged in."""
        told = {
            "id": secrets.token_urlsafe(12),
            "name": visitor.name,
            "act": visitor.may_act,
            "until": self.clock() + self.lasts,
        }
        body = urlsafe_b64encode(json.dumps(told).encode()).decode()
        return f"{body}.{self._signature(body)}"

    def find(self, cookie: str | None) -> Session | None:
        """The session of a cookie; None where it is not ours, over, or was logged out of."""
        body, _, signature = (cookie or "").partition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(body).encode()):
            return None
        told = json.loads(urlsafe_b64decode(body))
        if told["until"] <= self.clock() or told["id"] in self._ended:
            return None
        return Session(told["id"], Visitor(told["name"], told["act"]), told["until"])

    def end(self, session: Session) -> None:
        """Log out: the cookie counts no more, whoever still has it."""
        now = self.clock()
        self._ended = {name: until for name, until in self._ended.items() if until > now}
        self._ended[session.id] = session.until

    def _signature(self, body: str) -> str:
        return hmac.new(self.key, body.encode(), hashlib.sha256).hexdigest()


def sessions_of(login: LoginSettings) -> Sessions:
    """Sessions as the settings have them."""
    own = login.secret.get_secret_value() if login.secret else secrets.token_hex(32)
    hashes = [
        one.get_secret_value() if one else "" for one in (login.password, login.read_password)
    ]
    people = [list(login.oidc.act), list(login.oidc.read)] if login.oidc else []
    about = json.dumps([hashes, people]).encode()
    key = hmac.new(own.encode(), about, hashlib.sha256).digest()
    return Sessions(key, login.lasts.total_seconds())
