"""One request and its whole answer: time-outs, retries, a size limit, and failures in words that
hold no secret. An answer that is not whole is none."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import httpx

from driftline.channels.http import retry_after
from driftline.errors import SourceError
from driftline.sources.http import HttpSettings
from driftline.windows import format_duration
from driftline.wording import count, one_line

IN_MEMORY = 2**23
"""Bytes of an answer that are kept in memory; a larger one is in a temporary file."""
LATER = (408, 425, 429)
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 60.0
"""Seconds; who wants to be left alone for longer is asked again by a later look at the model."""
CONNECT = 10.0
HOPS = 5
SHOWN = 200

_asking = threading.local()
logging.getLogger("httpx").addFilter(lambda _: not getattr(_asking, "on", False))
"""It would log every address with its parameters, of which some are secret."""


@dataclass(frozen=True)
class Answer:
    """What was answered: the address that answered, its headers, its whole body as a file."""

    url: httpx.URL
    headers: httpx.Headers
    body: IO[bytes]


class _Later(Exception):  # noqa: N818
    """A failure that may be over soon; the other side wants to be left alone for `after`."""

    def __init__(self, message: str, after: timedelta | None = None) -> None:
        super().__init__(message)
        self.after = after


@dataclass
class Asking:
    """Asks one service.

    Attributes:
        sleep: waits so many seconds.
    """

    settings: HttpSettings
    sleep: Callable[[float], None] = time.sleep
    _client: httpx.Client | None = field(default=None, repr=False)

    @contextmanager
    def connected(self) -> Iterator[None]:
        """One connection, kept from request to request."""
        seconds = self.settings.timeout.total_seconds()
        limits = httpx.Timeout(seconds, connect=min(CONNECT, seconds))
        headers = {name: value.get_secret_value() for name, value in self.settings.headers.items()}
        base = {"Accept": "application/json", "User-Agent": "driftline"}
        with httpx.Client(timeout=limits, headers=base | headers) as self._client:
            yield

    @contextmanager
    def answer(self, url: httpx.URL) -> Iterator[Answer]:
        """The answer to a GET; SourceError when there is none, whatever the reason."""
        began, tried = time.monotonic(), 0
        with SpooledTemporaryFile(IN_MEMORY) as body:
            while True:
                tried += 1
                try:
                    final, headers = self._get(url, body)
                    break
                except _Later as failure:
                    pause = _pause(failure, tried)
                    if tried > self.settings.retries or pause > LONGEST_PAUSE:
                        told = f"{failure}{_tried(tried, began, failure)}"
                        raise self.failed(told, failure.after) from None
                    self.sleep(pause)
                except OSError as error:
                    raise self.failed(f"no room for the answer: {error.strerror}") from None
            body.seek(0)
            yield Answer(final, headers, body)

    def failed(self, told: str, after: timedelta | None = None) -> SourceError:
        return SourceError(f"{self.settings.address}: {self.without_secrets(told)}", after)

    def without_secrets(self, text: str) -> str:
        kept = (*self.settings.headers.values(), *self.settings.parameters.values())
        whole = [secret.get_secret_value() for secret in kept]
        parts = {part for secret in whole for part in (secret, *secret.split()) if len(part) > 3}
        for part in sorted(parts, key=len, reverse=True):
            text = text.replace(part, "***")
        return text

    def _get(self, url: httpx.URL, body: Any) -> tuple[httpx.URL, httpx.Headers]:
        """GET `url` into `body`, following redirects to the same service."""
        assert self._client is not None
        deadline = time.monotonic() + self.settings.timeout.total_seconds()
        _asking.on = True
        try:
            for _ in range(HOPS):
                with self._client.stream("GET", url) as response:
                    if not response.has_redirect_location:
                        self._take(response, body, deadline)
                        return url, response.headers
                    url = self.within(url, response.headers["location"], "redirects")
            raise self.failed(f"redirects more than {HOPS} times")
        except httpx.HTTPError as error:
            raise self._told(error) from None
        finally:
            _asking.on = False

    def within(self, url: httpx.URL, to: str, verb: str) -> httpx.URL:
        """Where `to` leads from `url`. SourceError when that is another service, which is none of
        those that the headers are for."""
        try:
            target = url.join(to)
        except (httpx.InvalidURL, ValueError):
            raise self.failed(f'{verb} to "{to[:SHOWN]}", which is no address') from None
        same_host = target.host == url.host
        secured = same_host and (url.scheme, target.scheme) == ("http", "https")
        if not same_host or (not secured and _origin(target) != _origin(url)):
            shown = f"{target.scheme}://{target.netloc.decode()}{target.path}"
            raise self.failed(
                f"{verb} to another service, {shown}, which is not asked: the headers are not "
                "meant for it; if it is right, make it the `url`"
            )
        return target

    def _take(self, response: httpx.Response, body: Any, deadline: float) -> None:
        if response.status_code != 200:
            raise self._refusal(response)
        limit = int(self.settings.max_mb * 1e6)
        if int(response.headers.get("content-length", "0") or 0) > limit:
            raise self._too_large()
        body.seek(0)
        body.truncate()
        for chunk in response.iter_bytes():
            if body.tell() + len(chunk) > limit:
                raise self._too_large()
            if time.monotonic() > deadline:
                raise self._overdue()
            body.write(chunk)

    def _too_large(self) -> SourceError:
        return self.failed(
            f"the answer is larger than {self.settings.max_mb:g} MB; ask for pages (`page_by`) or "
            "shorter spans (`at_once`), or raise `max_mb`"
        )

    def _overdue(self) -> _Later:
        return _Later(f"no whole answer within {format_duration(self.settings.timeout)}")

    def _told(self, error: httpx.HTTPError) -> Exception:
        """What a failure of httpx means, in words of our own where its could hold a secret."""
        if isinstance(error, httpx.TimeoutException):
            return self._overdue()
        if isinstance(error, httpx.ConnectError):
            return _Later(f"cannot be reached: {one_line(str(error))}")
        if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
            return _Later("the answer was cut off, or is no HTTP")
        if isinstance(error, httpx.DecodingError):
            return _Later("the compressed answer is damaged")
        if isinstance(error, httpx.TransportError):
            return _Later(f"the connection failed ({type(error).__name__})")
        return self.failed(f"cannot be asked ({type(error).__name__})")

    def _refusal(self, response: httpx.Response) -> Exception:
        """What an answer other than 200 means."""
        status = response.status_code
        known = status in HTTPStatus.__members__.values()
        told = f"answered {status} {HTTPStatus(status).phrase if known else ''}".rstrip()
        told += _detail(response)
        if status in LATER or status >= 500:
            headers = {name.lower(): value for name, value in response.headers.items()}
            return _Later(told, retry_after(headers, datetime.now(UTC)))
        return self.failed(f"{told}{self._advice(status)}")

    def _advice(self, status: int) -> str:
        match status:
            case 401 | 403:
                given = ", ".join(self.settings.headers) or "none"
                return f"; give what it asks for in `headers` (given: {given})"
            case 404 | 405 | 410:
                return "; are `url` and `endpoint` right?"
            case 204 | 205:
                return '; a span without rows is an empty list: {"features": []}'
        return ""


def _detail(response: httpx.Response) -> str:
    """The beginning of what a refusal says, if it is in words."""
    said = b""
    for chunk in response.iter_bytes():
        said += chunk
        if len(said) > 2000:
            break
    text = said.decode("utf-8", "replace").strip()
    if not text or "html" in response.headers.get("content-type", "") or text.startswith("<"):
        return ""
    try:
        found = json.loads(text)
    except ValueError:
        found = text
    if isinstance(found, Mapping):
        named = [found[name] for name in ("detail", "message", "error", "title") if name in found]
        found = named[0] if named else found
    words = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    return f': "{one_line(words)[:SHOWN]}"'


def html_title(text: str) -> str:
    """The title of a page, in quotes; nothing without one."""
    found = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    return f' ("{one_line(found[1])[:SHOWN]}")' if found else ""


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    port = url.port or {"http": 80, "https": 443}.get(url.scheme)
    return url.scheme, url.host, port


def _pause(failure: _Later, tried: int) -> float:
    if failure.after is not None:
        return failure.after.total_seconds()
    return float(FIRST_PAUSE * 2 ** (tried - 1))


def _tried(tried: int, began: float, failure: _Later) -> str:
    wait = failure.after
    told = f"; wants to be left alone for {wait.total_seconds():.0f} s" if wait else ""
    if tried == 1:
        return told
    return f"; {count(tried, 'try', 'tries')} in {time.monotonic() - began:.0f} s{told}"
