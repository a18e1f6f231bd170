"""Tally: how many alarms a replay of history would have given, and when. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from driftline.records import Incident, WindowResult

DAY = timedelta(days=1)
MONTH = 30


@dataclass(frozen=True)
class Tally:
    """What a replay comes to.

    Attributes:
        days: how long the replayed time is.
        windows, judged, alarms: windows, those that could be judged, those in alarm.
        incidents: all that were opened, in order.
        days_in_incident: days of that time in which any incident was open.
    """

    days: float
    windows: int
    judged: int
    alarms: int
    incidents: tuple[Incident, ...]
    days_in_incident: float

    @property
    def in_thirty_days(self) -> float:
        """Incidents in 30 days."""
        return MONTH * len(self.incidents) / self.days if self.days else 0.0


def tally(windows: Sequence[WindowResult], incidents: Iterable[Incident]) -> Tally:
    """The tally of the windows that were replayed, in order of time."""
    opened = tuple(incidents)
    if not windows:
        return Tally(0.0, 0, 0, 0, opened, 0.0)
    start, end = windows[0].window.start, windows[-1].window.end
    spans = [(max(start, i.opened), min(end, i.resolved or end)) for i in opened]
    return Tally(
        days=(end - start) / DAY,
        windows=len(windows),
        judged=sum(result.status == "judged" for result in windows),
        alarms=sum(result.alarm for result in windows),
        incidents=opened,
        days_in_incident=_covered(spans) / DAY,
    )


def _covered(spans: Iterable[tuple[datetime, datetime]]) -> timedelta:
    """The length of the union of some spans."""
    total, until = timedelta(), None
    for start, end in sorted(spans):
        first = start if until is None else max(start, until)
        total += max(timedelta(), end - first)
        until = end if until is None else max(until, end)
    return total
