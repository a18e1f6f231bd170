"""What the names of files tell of a file that cannot be read: the day of its rows, where every file
that can be read holds the rows of the day in its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from driftline.sources.finding import Found
from driftline.sources.formats import Facts
from driftline.windows import to_micros

_DATE = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?!\d)")

FEWEST = 3
"""Files that have to bear out that names tell days."""

DAY = timedelta(days=1) // timedelta(microseconds=1)


def day_named(path: str) -> tuple[int, int] | None:
    """The first and the last microsecond of the last date in a path, in UTC.

    >>> day_named("logs/2026-11/part-0.parquet") is None
    True
    >>> day_named("logs/20261108.parquet") == day_named("logs/2026-11-08/part-0.parquet")
    True
    """
    for year, month, day in reversed(_DATE.findall(path)):
        try:
            start = to_micros(datetime(int(year), int(month), int(day), tzinfo=UTC))
        except ValueError:
            continue
        return start, start + DAY - 1
    return None


def names_tell_days(known: Mapping[Found, Facts]) -> bool:
    """Whether all rows of every file of which that is known are of the day in its name."""
    seen = 0
    for found, facts in known.items():
        for part in facts.parts:
            if part.low is None or part.high is None:
                continue
            day = day_named(found.path)
            if day is None or not day[0] <= part.low <= part.high <= day[1]:
                return False
            seen += 1
    return seen >= FEWEST
