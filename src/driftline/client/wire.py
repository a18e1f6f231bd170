"""The wire: one batch as one POST over a connection that is kept, and what the server answered."""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from driftline.client.values import Ticket

_MOST_READ = 1024 * 1024
_MOST_ROWS = 1_000_000
_LONGEST_WAIT = 3600.0
_TYPE = "application/vnd.apache.arrow.stream"

Outcome = Literal["sent", "too large", "refused", "later", "put off"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one attempt. `status` is 0 when no answer came."""

    status: int
    reason: str
    retry_after: float | None = None
    problem: dict[str, Any] | None = None

    @property
    def outcome(self) -> Outcome:
        """What to do with the batch.

        What is wrong with the request as a whole (no key, no such model, too many) may be put right
        while the batch waits; only what is wrong with the rows never gets better.

        >>> [Answer(status, "").outcome for status in (202, 413, 422, 401, 503, 500)]
        ['sent', 'too large', 'refused', 'later', 'later', 'put off']
        """
        if 200 <= self.status < 300:
            return "sent"
        if self.status == 413:
            return "too large"
        if self.status in (400, 415, 422):
            return "refused"
        return "put off" if self.status == 500 else "later"

    @property
    def bad_rows(self) -> set[int]:
        """The rows that the problem document names: the first and the last of each run.

        >>> sorted(Answer(422, "", problem={"rows": [[0, 2], [7, 7], "x"]}).bad_rows)
        [0, 1, 2, 7]
        """
        runs = (self.problem or {}).get("rows")
        found: set[int] = set()
        for run in runs if isinstance(runs, list) else []:
            match run:
                case [int(first), int(last)] if last - first < _MOST_ROWS:
                    found.update(range(first, last + 1))
        return found


class Wire:
    """Posts batches of one model; used by one thread at a time."""

    def __init__(self, url: str, key: str | None, model: str, timeout: float) -> None:
        split = urlsplit(url)
        self._secure = split.scheme == "https"
        self._host, self._port = split.hostname or "", split.port
        self._path = f"{split.path.rstrip('/')}/v1/models/{quote(model, safe='')}/"
        self._headers = {"Content-Type": _TYPE, "User-Agent": "driftline-client"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"
        self._timeout = timeout
        self._connection: http.client.HTTPConnection | None = None

    def post(self, ticket: Ticket, body: bytes) -> Answer:
        """Send a batch once. A kept connection that the server has closed is opened anew."""
        kept = self._connection is not None
        try:
            return self._post(ticket, body)
        except (http.client.RemoteDisconnected, ConnectionError) as error:
            self.close()
            if not kept:
                return _nothing(error)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return _nothing(error)
        try:
            return self._post(ticket, body)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return _nothing(error)

    def close(self) -> None:
        """Close the connection; the next post opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _post(self, ticket: Ticket, body: bytes) -> Answer:
        if self._connection is None:
            self._connection = self._connect()
        headers = {**self._headers, "Idempotency-Key": ticket.key}
        try:
            self._connection.request("POST", self._path + ticket.kind, body, headers)
        except (BrokenPipeError, ConnectionResetError) as error:
            # A server that refuses a body by its size may answer before all of it is sent.
            try:
                return self._read(self._connection)
            except (OSError, http.client.HTTPException):
                raise error from None
        return self._read(self._connection)

    def _read(self, connection: http.client.HTTPConnection) -> Answer:
        response = connection.getresponse()
        text = response.read(_MOST_READ)
        if response.will_close or not response.isclosed():
            self.close()
        problem = _json(text)
        return Answer(
            response.status,
            _told(problem) or response.reason or "",
            retry_after(response.headers.get("Retry-After")),
            problem,
        )

    def _connect(self) -> http.client.HTTPConnection:
        if self._secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=self._timeout, context=context
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)


def retry_after(value: str | None) -> float | None:
    """Seconds to wait by a Retry-After header, an hour at most; None when it says nothing usable.

    >>> retry_after("7"), retry_after("soon"), retry_after("Wed, 21 Oct 2015 07:28:00 GMT")
    (7.0, None, 0.0)
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            until = parsedate_to_datetime(value)
        except ValueError:
            return None
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        seconds = (until - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_WAIT)


def _nothing(error: Exception) -> Answer:
    return Answer(0, str(error) or type(error).__name__)


def _json(text: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _told(problem: dict[str, Any] | None) -> str:
    parts = [(problem or {}).get(name) for name in ("title", "detail")]
    return ": ".join(part for part in parts if isinstance(part, str))[:500]
