"""Past: the outcomes of all windows that a span to be judged can hold, for many spans at once."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import accumulate

from driftline.performance.spans import BLOCK
from driftline.profiles.outcomes import Outcomes
from driftline.windows import Window, window_at


@dataclass(frozen=True)
class Past:
    """Outcomes of windows of one length, in order of time.

    >>> from datetime import UTC, timedelta
    >>> def hour(n: int) -> tuple[Window, Outcomes]:
    ...     start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n)
    ...     return Window(start, start + timedelta(hours=1)), Outcomes("multiclass", n, n // 2)
    >>> past = Past(tuple(map(hour, range(72))))
    >>> past.counts(Window(hour(1)[0].start, hour(4)[0].start))
    (6, 2)
    >>> len(past.cut_at([])), len(past.cut_at([hour(30)[0].start]))
    (3, 26)
    """

    windows: tuple[tuple[Window, Outcomes], ...]

    def counts(self, span: Window) -> tuple[int, int]:
        """How many predictions the span has, and how many of them have a label."""
        first, last = (bisect_left(self._starts, moment) for moment in (span.start, span.end))
        rows, labelled = self._counts
        return rows[last] - rows[first], labelled[last] - labelled[first]

    def cut_at(self, moments: Collection[datetime]) -> list[tuple[Window, Outcomes]]:
        """The outcomes, those of whole days added up, save of the days in which one of `moments`
        is. A span that begins and ends at some of them is the same, and sooner added up."""
        if not self.windows or self.windows[0][0].length >= BLOCK:
            return list(self.windows)
        cut = {window_at(moment, BLOCK) for moment in moments}
        found: list[tuple[Window, Outcomes]] = []
        for day, windows in self._days.items():
            if day in cut:
                found += windows
            else:
                if day not in self._sums:
                    self._sums[day] = _sum(windows)
                found.append((day, self._sums[day]))
        return found

    @cached_property
    def _starts(self) -> list[datetime]:
        return [window.start for window, _ in self.windows]

    @cached_property
    def _counts(self) -> tuple[list[int], list[int]]:
        rows = accumulate((outcomes.rows for _, outcomes in self.windows), initial=0)
        labelled = accumulate((outcomes.labelled for _, outcomes in self.windows), initial=0)
        return list(rows), list(labelled)

    @cached_property
    def _days(self) -> dict[Window, list[tuple[Window, Outcomes]]]:
        days: dict[Window, list[tuple[Window, Outcomes]]] = {}
        for window, outcomes in self.windows:
            days.setdefault(window_at(window.start, BLOCK), []).append((window, outcomes))
        return days

    @cached_property
    def _sums(self) -> dict[Window, Outcomes]:
        return {}


def _sum(windows: list[tuple[Window, Outcomes]]) -> Outcomes:
    total = windows[0][1]
    for _, outcomes in windows[1:]:
        total = total + outcomes
    return total
