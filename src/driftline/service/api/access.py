"""Who may ask for what, and how often."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from driftline.errors import Rejected, ServiceError
from driftline.stores.keys import Key, Keys, Scope, key_of

KEYS_LAST = 5.0
"""Seconds until a key that was made or revoked counts."""
CALLERS = 10_000
"""Callers whose rates are remembered at most; those who were quiet longest are forgotten."""

BEARER = HTTPBearer(auto_error=False, description="A key made by `driftline keys create`.")


@dataclass
class Bucket:
    """Tokens that fill up again at `rate` a second, to twice that at most."""

    rate: float
    tokens: float
    at: float

    def take(self, now: float) -> float:
        """Take one; 0, or after how many seconds there will be one."""
        full = max(1.0, 2 * self.rate)
        self.tokens = min(full, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            return (1 - self.tokens) / self.rate
        self.tokens -= 1
        return 0.0


@dataclass
class Access:
    """Knows the keys and what each caller has asked for lately. Where a key was ever made, also
    one that is revoked, every request needs one.

    Attributes:
        rate: requests a second that each caller may make in the long run.
        hosts: where no key is needed, the names that the service answers to, beside addresses and
            localhost; None: any.
    """

    keys: Keys
    rate: float
    hosts: Collection[str] | None = None
    _known: dict[str, Key] = field(default_factory=dict)
    _read_at: float = 0.0
    _buckets: OrderedDict[str, Bucket] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self._read()

    def _read(self) -> None:
        self._known, self._read_at = {key.id: key for key in self.keys.all()}, time.monotonic()

    async def check(self, request: Request, word: str | None, scope: Scope | None) -> Key | None:
        """The key of a request that may be answered; None where no keys are in use.

        Raises Rejected: 401 without a good key, 403 with one that does not allow this, 429 when the
        caller asks too often.
        """
        key = await self._key(word)
        address = request.client.host if request.client else ""
        self._count(key.id if key else address)
        if not self._known:
            _refuse_other_pages(request, self.hosts)
            return None
        headers = {"WWW-Authenticate": "Bearer"}
        if word is None:
            told = "give a key: Authorization: Bearer KEY; `driftline keys create` makes one"
            raise Rejected(401, told, headers=headers)
        if key is None:
            raise Rejected(401, "this key is unknown or was revoked", headers=headers)
        model = request.path_params.get("name")
        if scope is not None and not key.allows(scope, model or key.model):
            which = f"{key.scope} of {key.model or 'all models'}"
            needed = f"{scope} of {model or key.model or 'all models'}"
            raise Rejected(403, f"this key allows {which}; needed is {needed}")
        return key

    async def _key(self, word: str | None) -> Key | None:
        if time.monotonic() - self._read_at > KEYS_LAST:
            await run_in_threadpool(self._read)
        return key_of(word, self._known) if word else None

    def _count(self, caller: str) -> None:
        now = time.monotonic()
        bucket = self._buckets.setdefault(caller, Bucket(self.rate, max(1.0, 2 * self.rate), now))
        self._buckets.move_to_end(caller)
        if len(self._buckets) > CALLERS:
            self._buckets.popitem(last=False)
        wait = bucket.take(now)
        if wait:
            told = f"more than {self.rate:g} requests a second; try again in {wait:.1f} s"
            raise Rejected(429, told, headers={"Retry-After": str(int(wait) + 1)})


def _refuse_other_pages(request: Request, hosts: Collection[str] | None) -> None:
    """Without keys a page of another site, open in a browser here, must neither write nor read. One
    that has its own name point to this address is known by that name."""
    origin, host = request.headers.get("origin"), request.headers.get("host", "")
    if origin and origin.partition("://")[2] != host:
        raise Rejected(403, f"pages of {origin:.100} may not use this service without a key")
    name = name_in(host)
    if hosts is not None and name not in hosts and not is_here(name):
        raise Rejected(
            403,
            f'without keys this service is not known as "{name:.100}": use its address or the '
            "name in `url`, make a key with `driftline keys create`, or say --insecure-open",
        )


def name_in(host: str) -> str:
    """The name in a `Host` header.

    >>> name_in("Example.com:8501"), name_in("[::1]:80"), name_in("[::1]")
    ('example.com', '[::1]', '[::1]')
    """
    return host.lower().rpartition(":")[0] if re.search(r":\d*$", host) else host.lower()


def is_here(name: str) -> bool:
    """Whether a name is localhost or an address, which no other site can have for its own."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address.

    >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0"), is_loopback("fe80::1%eth0")
    (True, False, False)
    """
    return ip_address(host.partition("%")[0]).is_loopback


def refuse_strangers(host: str, keys: Keys) -> None:
    """Raise ServiceError when others can reach the address `host` and no key was ever made."""
    if not is_loopback(host) and not keys.all():
        raise ServiceError(
            f"others can reach {host}, and no key is needed: make one with `driftline keys create "
            "--scope admin`, listen on 127.0.0.1, or say --insecure-open if something else keeps "
            "strangers out"
        )


Allowed = Callable[..., Awaitable[None]]


def allowed(access: Access, scope: Scope | None) -> Allowed:
    """A dependency of routes that need `scope` (None: any key)."""

    async def check(
        request: Request,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    ) -> None:
        word = bearer.credentials if bearer else None
        request.state.key = await access.check(request, word, scope)

    return check
