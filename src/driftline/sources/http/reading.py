"""Rows of an HTTP service: asked for span by span and page by page, never all in memory."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import httpx
import pyarrow as pa

from driftline.errors import ColumnError, quoted
from driftline.sources.http import HttpSettings
from driftline.sources.http.asking import Answer, Asking
from driftline.sources.http.bodies import Body, WrongAnswer
from driftline.sources.http.tables import Gathered
from driftline.sources.moments import OPEN_END, OPEN_START, Moments
from driftline.sources.protocol import Problem, Reading
from driftline.windows import from_micros, iso

DAY = timedelta(days=1)
LOOKS = (DAY, 7 * DAY, 30 * DAY, 365 * DAY)
"""How far back is looked for rows that tell the columns, before all are asked for."""

ENOUGH = 10_000
"""Rows after which a column that none of them has is missing."""

LAST_PORT = 65535

MOST_ALIKE = 100
"""Full pages in a row that may be the same."""

Span = tuple[datetime, datetime]
OpenSpan = tuple[datetime | None, datetime | None]


@dataclass
class Turning:
    """Watches that one page differs from the next: a service that does not know the parameters
    gives the same one for ever. Full pages may be alike by chance, for a while."""

    settings: HttpSettings
    rows: int = 0
    _digest: Any = None
    _before: bytes = b""
    _alike: int = 0

    def begin(self) -> None:
        """A new page begins."""
        self._digest, self.rows = hashlib.blake2b(digest_size=16), 0

    def add(self, entry: Any) -> None:
        self.rows += 1
        if self.settings.page_by:
            self._digest.update(repr(entry).encode("utf-8", "replace"))

    def is_stuck(self) -> bool:
        """Whether the page that was read now is one too many of the same."""
        now = self._digest.digest()
        self._alike = self._alike + 1 if now == self._before else 0
        self._before = now
        return self._alike >= (MOST_ALIKE if self.rows == self.settings.page_size else 1)

    def in_words(self) -> str:
        return (
            f"pages repeat: does it know `{self.settings.number_parameter}` and "
            f"`{self.settings.size_parameter}`? (see `page_parameter`, `size_parameter`)"
        )


@dataclass
class HttpSource:
    """Rows that a service answers with."""

    settings: HttpSettings
    timestamp: str | None = None
    required: tuple[str, ...] = ()
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)

    @property
    def name(self) -> str:
        return self.settings.address

    def batches(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        columns: Collection[str] | None = None,
    ) -> Reading:
        problems: list[Problem] = []
        gathered = Gathered(columns, self.timestamp)
        found = self._tables((start, end), gathered, problems, Moments())
        tables = self._checked(found, gathered)
        begun = next(tables, None)  # what is wrong is told at once
        return Reading(tables if begun is None else chain((begun,), tables), problems)

    def span(self) -> Span | None:
        if self.timestamp is None:
            return None
        seen = Moments()
        gathered = Gathered((), self.timestamp)
        for _ in self._checked(self._tables((None, None), gathered, [], seen), gathered):
            pass
        if seen.low is None or seen.high is None:
            return None
        return from_micros(seen.low), from_micros(seen.high)

    def columns(self, start: datetime | None = None, end: datetime | None = None) -> pa.Schema:
        spans: list[OpenSpan] = [(start, end)]
        if start is None and end is None:
            spans = [*((self.now() - length, None) for length in LOOKS), (None, None)]
        for span in spans:
            gathered = Gathered(None, self.timestamp)
            with closing(self._tables(span, gathered, [], Moments())) as tables:
                first = next(tables, None)
            if first is not None:
                return pa.schema([one for one in first.schema if one.name in gathered.names])
        return pa.schema([])

    def _tables(
        self, span: OpenSpan, gathered: Gathered, problems: list[Problem], seen: Moments
    ) -> Generator[pa.Table, None, None]:
        """The rows of a span, and what is wrong with them. `seen` learns of all moments."""
        asking = Asking(self.settings, self.sleep)
        worst = Moments()
        with asking.connected():
            for piece in self._pieces(*span):
                moments = Moments.between(*piece)
                for table in gathered.tables(self._pages(asking, piece)):
                    kept = self._kept(table, moments)
                    if kept.num_rows:
                        yield kept
                seen.widen(moments)
                if moments.bad_rows > worst.bad_rows:  # each piece is answered with the same ones
                    worst = moments
        if worst.bad_rows:
            problems.append(worst.problem(self.name, self.timestamp or ""))
        if gathered.bad:
            if not gathered.rows:
                raise asking.failed(f"rows must be objects; found such as {gathered.example}")
            told = asking.without_secrets(gathered.in_words())
            problems.append(Problem("bad_lines", self.name, told, gathered.bad))

    def _kept(self, table: pa.Table, moments: Moments) -> pa.Table:
        if self.timestamp is None:
            return table
        try:
            return moments.keep(table, self.timestamp)
        except ColumnError as error:
            raise ColumnError(f'{self.name}: "{self.timestamp}": {error}') from None

    def _pieces(self, start: datetime | None, end: datetime | None) -> Iterator[Span]:
        settings = self.settings
        low, high = start or settings.since or OPEN_START, end or OPEN_END
        low = max(low, settings.since or low)
        if settings.at_once is None:
            if low < high:
                yield low, high
            return
        high = end or self.now() + DAY
        while low < high:
            yield low, min(low + settings.at_once, high)
            low += settings.at_once

    def _checked(self, tables: Iterator[pa.Table], gathered: Gathered) -> Iterator[pa.Table]:
        """The tables; ColumnError when a needed column is in none of them, or in none of the first
        ones: a value that is missing may be left out of a row."""
        held: list[pa.Table] = []
        for table in tables:
            held.append(table)
            if not self._absent(gathered):
                yield from held
                held = []
            elif gathered.rows > ENOUGH:
                break
        if absent := self._absent(gathered):
            names = list(gathered.names)
            told = quoted(absent, names)
            raise ColumnError(f"{self.name}: no column {told} (columns: {', '.join(names)})")

    def _absent(self, gathered: Gathered) -> list[str]:
        if not gathered.rows:
            return []
        needed = [name for name in (self.timestamp, *self.required) if name is not None]
        return [name for name in needed if name not in gathered.names]

    def _pages(self, asking: Asking, span: Span) -> Iterator[Any]:
        """Every entry of every page of the answer."""
        url = self._first(asking, span)
        asked, number, rows, turning = {url}, self.settings.first_page, 0, Turning(self.settings)
        while True:
            turning.begin()
            with asking.answer(url) as answer:
                body = Body(answer.body, self.settings.rows)
                try:
                    for entry in body.rows():
                        turning.add(entry)
                        yield entry
                except WrongAnswer as error:
                    raise asking.failed(str(error)) from None
                following = _next(asking, answer, body)
            number, rows = number + 1, rows + turning.rows
            if following is None and self.settings.page_by and turning.rows:
                if turning.is_stuck():
                    raise asking.failed(turning.in_words())
                following = self._numbered(url, number, rows)
            if following is None:
                return
            if following in asked:
                raise asking.failed("a page says that the next is one that was read before")
            asked.add(following)
            url = following

    def _first(self, asking: Asking, span: Span) -> httpx.URL:
        settings = self.settings
        own = {name: value.get_secret_value() for name, value in settings.parameters.items()}
        own |= {"start_time": iso(span[0]), "end_time": iso(span[1])}
        if settings.model_version is not None:
            own["model_version"] = settings.model_version
        try:
            url = httpx.URL(settings.address, params=own)
        except httpx.InvalidURL as error:
            raise asking.failed(f"is no address: {error}") from None
        if url.port is not None and url.port > LAST_PORT:
            raise asking.failed(f"is no address: there is no port {url.port}")
        return self._numbered(url, settings.first_page, 0) if settings.page_by else url

    def _numbered(self, url: httpx.URL, number: int, rows: int) -> httpx.URL:
        """The address of a page."""
        settings = self.settings
        which = number if settings.page_by == "page" else rows
        paged = {settings.number_parameter: which, settings.size_parameter: settings.page_size}
        return url.copy_merge_params(paged)


def _next(asking: Asking, answer: Answer, body: Body) -> httpx.URL | None:
    """Where the answer says that the next page is."""
    linked = answer.headers.get("link", "")
    links = httpx.Response(200, headers={"link": linked}).links if linked else {}
    following = links.get("next", {}).get("url") or body.rest.get("next")
    if following is None or following == "":
        return None
    if not isinstance(following, str):
        raise asking.failed(f'"next" must be an address or null; found {following!r:.80}')
    return asking.within(answer.url, following, "the next page leads")
