"""Notices as signed JSON, for systems of your own."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from driftline.channels.http import TIMEOUT, post, require_taken
from driftline.channels.protocol import ChannelKind
from driftline.channels.webhook.document import document
from driftline.notices import Notice
from driftline.settings.fields import CONFIG, Duration, SecretUrl
from driftline.windows import format_duration

LONGEST = timedelta(minutes=1)

OWN = ("content-type", "content-length", "host", "user-agent")
"""Headers that are not to be set; those that begin with x-driftline- are not either."""


def _headers(headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
    for name, value in headers.items():
        if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_|~-]{1,100}", name):
            raise ValueError(f'"{name[:40]}" is no name of a header; write one such as X-Team')
        if name.lower() in OWN or name.lower().startswith("x-driftline-"):
            raise ValueError(f"{name} is set by Driftline itself; leave it out")
        if not re.fullmatch(r"[\t -~]*", value.get_secret_value()):
            raise ValueError(f"the value of {name} must be printable ASCII on one line")
    return headers


def _short(length: timedelta) -> timedelta:
    if length > LONGEST:
        raise ValueError(f'must be at most {format_duration(LONGEST)}; found "{length}"')
    return length


class WebhookSettings(BaseModel):
    """Where JSON is posted, and what it is signed with."""

    model_config = CONFIG

    url: SecretUrl
    """The address that gets the JSON by POST. Redirects are not followed."""
    secret: SecretStr | None = Field(default=None, min_length=16)
    """What the JSON is signed with, at least 16 characters; without it nothing is signed."""
    headers: Annotated[dict[str, SecretStr], AfterValidator(_headers)] = {}
    """More headers, such as `Authorization`."""
    timeout: Annotated[Duration, AfterValidator(_short)] = timedelta(seconds=TIMEOUT)
    """How long to wait for the answer."""


class WebhookChannel:
    """Posts each notice as one JSON document."""

    def __init__(self, settings: WebhookSettings, clock: Callable[[], float] = time.time):
        self._settings = settings
        self._clock = clock

    def send(self, notice: Notice) -> None:
        body = json.dumps(document(notice), ensure_ascii=False).encode()
        url, timeout = self._settings.url.get_secret_value(), self._settings.timeout
        headers = self._headers(notice, body)
        reply = post(url, body, headers, "the webhook", timeout.total_seconds())
        require_taken(reply, "the webhook", self._clock)

    def _headers(self, notice: Notice, body: bytes) -> dict[str, str]:
        own = {name: value.get_secret_value() for name, value in self._settings.headers.items()}
        stamp = str(int(self._clock()))
        headers = {
            **own,
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "driftline",
            "X-Driftline-Id": notice.id,
            "X-Driftline-Timestamp": stamp,
        }
        if self._settings.secret is not None:
            secret = self._settings.secret.get_secret_value()
            headers["X-Driftline-Signature"] = signature(secret, stamp, body)
        return headers


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over the timestamp, a full stop and the body as it was sent.

    >>> signature("a secret of ours", "1767225600", b"{}")[:20]
    'sha256=ba21a226360a6'
    """
    signed = timestamp.encode() + b"." + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


webhook = ChannelKind("webhook", WebhookSettings, WebhookChannel, "Signed JSON to an address.")
