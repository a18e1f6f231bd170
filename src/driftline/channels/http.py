"""HTTP as channels need it: one POST, and what its answer means. Addresses stay out of all words,
for they hold secrets; and nothing here keeps a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from driftline.errors import Refused, TryAgain

TIMEOUT = 10.0
"""Seconds to wait for an answer."""

LONGEST = timedelta(days=1)
"""Nobody is left alone for longer than this, whatever they ask for."""

_LATER = (408, 425, 429)


@dataclass(frozen=True)
class Reply:
    """What was answered: the status, the headers by lower-case name, the first of the body."""

    status: int
    headers: Mapping[str, str]
    body: str = ""


def post(
    url: str, body: bytes, headers: Mapping[str, str], who: str, timeout: float = TIMEOUT
) -> Reply:
    """POST and give the answer, whatever its status. TryAgain when there is none."""
    request = Request(url, data=body, headers=dict(headers), method="POST")
    with reaching(who, timeout):
        try:
            with build_opener(_NoRedirects).open(request, timeout=timeout) as answer:
                return _reply(answer.status, answer.headers, answer)
        except HTTPError as error:
            with error:
                return _reply(error.code, error.headers, error)


class _NoRedirects(HTTPRedirectHandler):
    """A redirected POST would become a GET, and an answer to that says nothing."""

    def redirect_request(
        self,
        req: Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        return None


def _reply(status: int, headers: Message, body: IO[bytes]) -> Reply:
    found = {name.lower(): value for name, value in headers.items()}
    return Reply(status, found, body.read(1000).decode("utf-8", "replace"))


@contextmanager
def reaching(who: str, timeout: float = TIMEOUT) -> Iterator[None]:
    """Turn the failures of a connection into TryAgain."""
    try:
        yield
    except TimeoutError:
        raise TryAgain(f"{who} did not answer within {timeout:g} seconds") from None
    except (OSError, HTTPException) as error:
        raise TryAgain(f"{who} could not be reached: {_reason(error)}") from None


def _reason(error: BaseException) -> str:
    """Why, without words that may hold the address."""
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return type(cause).__name__ if isinstance(cause, BaseException) else "no connection"


def require_taken(reply: Reply, who: str, clock: Callable[[], float], detail: str = "") -> None:
    """Return when the answer says that the notice was taken; otherwise raise what it says."""
    if 200 <= reply.status < 300:
        return
    known = reply.status in HTTPStatus.__members__.values()
    reason = detail or (HTTPStatus(reply.status).phrase if known else "")
    told = f"{who} answered {reply.status} {reason}".rstrip()
    if reply.status in _LATER or reply.status >= 500:
        raise TryAgain(told, retry_after(reply.headers, datetime.fromtimestamp(clock(), UTC)))
    raise Refused(told)


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long the other side wants to be left alone: so many seconds, or until a moment.

    >>> retry_after({"retry-after": "30"}, datetime(2026, 1, 1, tzinfo=UTC)).total_seconds()
    30.0
    """
    told = headers.get("retry-after", "").strip()
    if told.isascii() and told.isdigit():
        wanted = timedelta(seconds=min(int(told[:9]), LONGEST.total_seconds()))
    else:
        try:
            wanted = parsedate_to_datetime(told) - now
        except (ValueError, TypeError):
            return None
    return min(max(wanted, timedelta(0)), LONGEST)
