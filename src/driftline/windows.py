"""Windows: half-open spans of time in UTC, aligned to the clock (weeks on Monday)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


@dataclass(frozen=True, order=True)
class Window:
    """The span [start, end); both are aware datetimes in UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    def __str__(self) -> str:
        if self.length == timedelta(days=1) and self.start.time() == time():
            return self.start.date().isoformat()
        return f"{iso(self.start)}/{iso(self.end)}"


def parse_duration(text: str) -> timedelta:
    """A length of time such as 15m, 1h, 6h, 1d or 1w.

    >>> parse_duration("6h")
    datetime.timedelta(seconds=21600)
    """
    found = re.fullmatch(r"\s*(\d+)\s*([smhdw])\s*", text)
    if not found or int(found[1]) == 0:
        raise ValueError(
            f'a length of time is a whole number and one of s, m, h, d, w ("6h"); found "{text}"'
        )
    return int(found[1]) * _UNITS[found[2]]


def format_duration(length: timedelta) -> str:
    """The shortest exact form that `parse_duration` reads.

    >>> format_duration(timedelta(hours=24))
    '1d'
    """
    for unit in ("w", "d", "h", "m"):
        if length % _UNITS[unit] == timedelta(0):
            return f"{length // _UNITS[unit]}{unit}"
    return f"{int(length.total_seconds())}s"


def parse_moment(value: str | date | datetime) -> datetime:
    """A date or ISO 8601 moment as an aware datetime; without a zone it is UTC.

    >>> parse_moment("2013-04-01").isoformat()
    '2013-04-01T00:00:00+00:00'
    """
    if isinstance(value, str):
        value = datetime.fromisoformat(value.strip())
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def iso(moment: datetime) -> str:
    """`2013-04-01T00:00:00Z`"""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _origin(length: timedelta) -> datetime:
    return MONDAY if length % timedelta(weeks=1) == timedelta(0) else EPOCH


def window_at(moment: datetime, length: timedelta) -> Window:
    """The aligned window of `length` that holds `moment`."""
    origin = _origin(length)
    start = origin + (moment - origin) // length * length
    return Window(start, start + length)


def windows_between(start: datetime, end: datetime, length: timedelta) -> list[Window]:
    """Every whole aligned window inside [start, end), in order.

    >>> day = timedelta(days=1)
    >>> [str(w) for w in windows_between(EPOCH, EPOCH + 2 * day, day)]
    ['1970-01-01', '1970-01-02']
    """
    window = window_at(start, length)
    if window.start < start:
        window = Window(window.end, window.end + length)
    found = []
    while window.end <= end:
        found.append(window)
        window = Window(window.end, window.end + length)
    return found


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (moment - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=int(micros))


def window_numbers(micros: NDArray[np.int64], first: Window, count: int) -> NDArray[np.int64]:
    """For each moment, which of the `count` windows from `first` on holds it; -1 for none."""
    length = first.length // MICROSECOND
    numbers = (micros - to_micros(first.start)) // length
    outside = (micros < to_micros(first.start)) | (numbers >= count)
    return np.where(outside, -1, numbers)
