"""Past: the outcomes of all windows that a span to be judged can hold, for many spans at once."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from driftline.performance.spans import BLOCK
from driftline.profiles.grid import NumericGrid
from driftline.profiles.outcome_codec import decode_outcomes, decode_total, encode_outcomes
from driftline.profiles.outcomes import SCORE_GRID, Outcomes
from driftline.windows import EPOCH, Window, window_at

Parts: TypeAlias = list[tuple[Window, Outcomes]]


@dataclass
class Past:
    """Outcomes of windows of one length, kept encoded. Those of a day are kept added up, too: they
    are read and decoded one by one only where a span begins or ends within the day, or where one of
    them changes. A window that is longer takes the place of a day.

    Attributes:
        score_grid: where scores are counted.
        read: reads the encoded outcomes of the windows of a day of which the sum is kept.
        first: windows that end by then are forgotten.

    >>> from datetime import UTC, timedelta
    >>> from driftline.profiles.outcome_codec import encode_outcomes
    >>> def hour(n: int) -> Window:
    ...     start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n)
    ...     return Window(start, start + timedelta(hours=1))
    >>> past = Past()
    >>> for n in range(72):
    ...     past.put(hour(n), encode_outcomes(Outcomes("multiclass", n, n // 2)))
    >>> past.counts(Window(hour(1).start, hour(4).start))
    (6, 2)
    >>> len(past.cut_at([])), len(past.cut_at([hour(30).start]))
    (3, 26)
    """

    score_grid: NumericGrid = SCORE_GRID
    read: Callable[[Window], Mapping[Window, bytes]] = lambda day: {}
    first: datetime = EPOCH
    _order: list[Window] = field(default_factory=list)
    _encoded: dict[Window, bytes] = field(default_factory=dict)
    _windows: dict[Window, dict[Window, bytes]] = field(default_factory=dict)
    _changed: set[Window] = field(default_factory=set)
    _sums: dict[Window, Outcomes] = field(default_factory=dict)
    _apart: dict[Window, Parts] = field(default_factory=dict)
    _tallies: dict[Window, list[tuple[datetime, int, int]]] = field(default_factory=dict)

    def put_day(self, day: Window, blob: bytes) -> None:
        """Keep the encoded sum of a day, whose windows can be read."""
        insort(self._order, day)
        self._encoded[day] = blob

    def put(self, window: Window, blob: bytes) -> None:
        """Keep the encoded outcomes of a window, in place of those that were kept of it."""
        day = _day_of(window)
        place = bisect_left(self._order, day)
        if self._order[place : place + 1] != [day]:
            self._order.insert(place, day)
            self._windows[day] = {}
        self._of(day)[window] = blob
        self._encoded.pop(day, None)
        self._changed.add(day)
        self._forget(day)

    def changed(self) -> dict[Window, bytes]:
        """The encoded sums of the days in which something was put since this was asked, or whose
        sum was not kept."""
        found = {}
        for day in sorted(self._changed):
            if day.start >= self.first and day not in self._windows[day]:
                found[day] = self._encoded[day] = encode_outcomes(self._sum(day))
        self._changed.clear()
        return found

    def forget(self, moment: datetime) -> None:
        """Forget the windows that end by `moment`, and what was decoded of windows one by one."""
        self._apart.clear()
        self.first = max(self.first, moment)
        while self._order and self._order[0].start < self.first:
            day = self._order[0]
            self._forget(day)
            if any(window.end > self.first for window in self._of(day)):
                return
            del self._order[0], self._windows[day]
            self._encoded.pop(day, None)
            self._changed.discard(day)

    def counts(self, span: Window) -> tuple[int, int]:
        """How many predictions the span has, and how many of them have a label."""
        rows = labelled = 0
        for day in self._between(span):
            if span.start <= day.start and day.end <= span.end:
                whole = self._sum(day)
                rows, labelled = rows + whole.rows, labelled + whole.labelled
            else:
                for start, of_all, of_labelled in self._tallied(day):
                    if start in span:
                        rows, labelled = rows + of_all, labelled + of_labelled
        return rows, labelled

    def within(self, span: Window) -> Parts:
        """The outcomes of the span's windows, those of whole days added up."""
        edges = {window_at(moment, BLOCK).start for moment in (span.start, span.end)}
        parts = self._cut(self._between(span), edges)
        return [(w, o) for w, o in parts if span.start <= w.start and w.end <= span.end]

    def cut_at(self, moments: Collection[datetime]) -> Parts:
        """The outcomes, those of whole days added up, save of the days in which one of `moments`
        is. A span that begins and ends at some of them is the same, and sooner added up."""
        return self._cut(self._order, {window_at(moment, BLOCK).start for moment in moments})

    def having(self, what: Callable[[Outcomes], int], span: Window) -> Iterator[Window]:
        """The windows that begin in the span and of which `what`, a count that adds up, is not 0,
        newest first."""
        for day in reversed(self._between(span)):
            if what(self._sum(day)):
                for window, outcomes in reversed(self._one_by_one(day)):
                    if window.start in span and what(outcomes):
                        yield window

    def _cut(self, days: Collection[Window], cut: Collection[datetime]) -> Parts:
        """The outcomes of some days; of those that begin at one of the moments `cut` one by one."""
        found: Parts = []
        for day in days:
            if day.start in cut:
                if day not in self._apart:
                    self._apart[day] = self._one_by_one(day)
                found += self._apart[day]
            elif (whole := self._sum(day)).rows:
                found.append((day, whole))
        return found

    def _between(self, span: Window) -> list[Window]:
        """The days of which the span holds a part."""
        first = bisect_right(self._order, span.start, key=lambda day: day.end)
        return self._order[first : bisect_left(self._order, span.end, key=lambda day: day.start)]

    def _of(self, day: Window) -> dict[Window, bytes]:
        """The windows of a day."""
        if day not in self._windows:
            self._windows[day] = dict(self.read(day))
        return self._windows[day]

    def _sum(self, day: Window) -> Outcomes:
        if day not in self._sums:
            blobs = [self._encoded[day]] if day in self._encoded else []
            if not blobs or day.start < self.first:
                blobs = [blob for window, blob in self._of(day).items() if window.end > self.first]
            self._sums[day] = decode_total(blobs, self.score_grid)
        return self._sums[day]

    def _one_by_one(self, day: Window) -> Parts:
        """The windows of a day that have rows, in order."""
        each = [
            (window, decode_outcomes(blob, self.score_grid))
            for window, blob in sorted(self._of(day).items())
            if window.end > self.first
        ]
        return [(window, outcomes) for window, outcomes in each if outcomes.rows]

    def _tallied(self, day: Window) -> list[tuple[datetime, int, int]]:
        """When each window of a day begins, its predictions and those of them with a label."""
        if day not in self._tallies:
            self._tallies[day] = [(w.start, o.rows, o.labelled) for w, o in self._one_by_one(day)]
        return self._tallies[day]

    def _forget(self, day: Window) -> None:
        """Forget what was decoded of a day."""
        for decoded in (self._sums, self._apart, self._tallies):
            decoded.pop(day, None)


def _day_of(window: Window) -> Window:
    return window if window.length >= BLOCK else window_at(window.start, BLOCK)
