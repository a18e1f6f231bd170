"""Which rows of a table lie in a span of time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

import numpy as np
import pyarrow as pa

from driftline.profiles.frames import to_microseconds
from driftline.sources.protocol import Problem
from driftline.windows import to_micros

MISSING = np.iinfo(np.int64).min
"""What stands for a missing or unreadable moment."""

OPEN_START = datetime(1970, 1, 1, tzinfo=UTC)
OPEN_END = datetime(2200, 1, 1, tzinfo=UTC)
"""What stands for an open end where one must be given."""


@dataclass
class Moments:
    """Keeps the rows of [start, end) and remembers what it saw; all in microseconds since 1970.

    Attributes:
        low, high: first and last moment seen so far, in the span or not.
        bad_rows: rows without a readable moment so far; `example` is one that could not be read.
    """

    start: int | None = None
    end: int | None = None
    low: int | None = None
    high: int | None = None
    bad_rows: int = 0
    example: str | None = None

    @classmethod
    def between(cls, start: datetime | None, end: datetime | None) -> Self:
        return cls(to_micros(start) if start else None, to_micros(end) if end else None)

    def meets(self, low: int, high: int) -> bool:
        """Whether [low, high] and the span have a moment in common."""
        return (self.end is None or low < self.end) and (self.start is None or high >= self.start)

    def keep(self, table: pa.Table, column: str) -> pa.Table:
        """The rows of `table` in the span. Raises ColumnError when it holds no moments."""
        micros = to_microseconds(table[column])
        good = micros != MISSING
        if not good.all():
            self.bad_rows += int(np.count_nonzero(~good))
            if self.example is None:
                left = table[column].filter(pa.array(~good)).drop_null()
                self.example = str(left[0].as_py()) if len(left) else None
        if good.any():
            low = int(micros.min(where=good, initial=np.iinfo(np.int64).max))
            high = int(micros.max())
            self.low = low if self.low is None else min(self.low, low)
            self.high = high if self.high is None else max(self.high, high)
        if self.start is not None:
            good &= micros >= self.start
        if self.end is not None:
            good &= micros < self.end
        return table if good.all() else table.filter(pa.array(good))

    def widen(self, other: Moments) -> None:
        """Take over the first and the last moment that another has seen."""
        if other.low is not None:
            self.low = other.low if self.low is None else min(self.low, other.low)
        if other.high is not None:
            self.high = other.high if self.high is None else max(self.high, other.high)

    def problem(self, path: str, column: str) -> Problem:
        """What to tell about the rows without a readable moment."""
        example = f' (such as "{self.example}")' if self.example is not None else ""
        told = (
            f"{self.bad_rows:,} row{'s' if self.bad_rows != 1 else ''} left out: "
            f'"{column}" is missing or is no ISO 8601 moment{example}'
            f"{moment_hint(self.example or '')}"
        )
        return Problem("bad_timestamps", path, told, self.bad_rows)


def moment_hint(text: str) -> str:
    """What to do about text that is a moment to people, and not by ISO 8601; else nothing.

    >>> moment_hint("31/01/2024 10:00")
    '; this is written as dd/mm/yyyy: write 2024-01-31T10:00:00'
    >>> moment_hint("tomorrow")
    ''
    """
    found = re.match(r"\s*(\d{1,2})([/.-])(\d{1,2})\2(\d{4})\b", text)
    if not found:
        return ""
    first, mark, second = int(found[1]), found[2], int(found[3])
    ways = [mark.join(way) for way in (("dd", "mm", "yyyy"), ("mm", "dd", "yyyy"))]
    likely = ways[:1] if first > 12 or mark == "." else ways[1:] if second > 12 else ways
    return f"; this is written as {' or '.join(likely)}: write 2024-01-31T10:00:00"
