"""Acceptances: "this is the new normal", on record; and which windows a model is used to since."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from driftline.windows import Window

FEWEST = 20
"""Windows below which nothing can be learned of how much honest windows differ."""

LEARNING = timedelta(days=14)
"""And the least time: two weekends, for windows shorter than a day."""

GROWTH = 1.5
"""What a model is used to since a change is learned anew when there is half as much again of it."""

MOVES = timedelta(days=7)
"""How often a rolling reference moves on."""

REACH = 4
"""How far back a rolling reference looks for normal windows at most, in its lengths."""

REMEMBERED = 6
"""How far back results are looked at for a rolling reference, in its lengths."""


@dataclass(frozen=True)
class Acceptance:
    """A person's word that a change is here to stay.

    Attributes:
        id: stable, made of model and moment.
        since: windows that start then or later are judged by what is normal since then.
        at, by, reason: when it was said, by whom, and why.
        columns: those that had changed by then. They are not judged until enough is known of them.
        performance: whether the model's performance since then is normal as well.
        quality: of the columns those whose data quality was accepted, such as missing values; of
            the others missing values are told as ever.
        undone_at, undone_by, undone_reason: when, by whom and why it was taken back; None while it
            holds.
    """

    id: str
    model: str
    since: datetime
    at: datetime
    by: str = ""
    reason: str = ""
    columns: tuple[str, ...] = ()
    performance: bool = False
    undone_at: datetime | None = None
    undone_by: str = ""
    undone_reason: str = ""
    quality: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return self.undone_at is None


@dataclass(frozen=True)
class Seen:
    """A window that was judged, as far as it matters to what is normal.

    `troubled` are the columns in alarm, those with faults, and those of the incidents it lies in.
    """

    window: Window
    troubled: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rolling:
    """The newest windows as reference: as many as fit into `length`, the last `gap` left out."""

    length: timedelta
    gap: timedelta


@dataclass(frozen=True)
class Plan:
    """Which windows one window is compared with.

    Attributes:
        windows: the windows; None for the reference itself.
        accepted: the acceptance that they begin with, if any.
        waiting: acceptances of which too few windows are known, oldest first; their columns are
            not judged.
        known: sound windows known of the newest of these.
        enough: how many are needed.
    """

    windows: tuple[Window, ...] | None = None
    accepted: Acceptance | None = None
    waiting: tuple[Acceptance, ...] = ()
    known: int = 0
    enough: int = 0

    @property
    def set_aside(self) -> frozenset[str]:
        """Columns that are not judged yet."""
        return frozenset(name for one in self.waiting for name in one.columns)

    @property
    def still_to_have(self) -> frozenset[str]:
        """Those of them whose values must not be missing."""
        return self.set_aside.difference(*(one.quality for one in self.waiting))


def enough_windows(length: timedelta) -> int:
    """Windows of a new normal that are needed to judge by it.

    >>> enough_windows(timedelta(days=1)), enough_windows(timedelta(hours=1))
    (20, 336)
    """
    return max(FEWEST, math.ceil(LEARNING / length))


def plan_for(
    window: Window,
    acceptances: Sequence[Acceptance],
    seen: Sequence[Seen],
    most: int,
    rolling: Rolling | None = None,
) -> Plan:
    """What `window` is compared with.

    `seen` are the windows that were judged so far and, for a rolling reference, those of the
    reference, in order of time; `most` is how many windows the first reference has. A window in
    alarm, or in an incident, is no part of what is normal unless its change was accepted. After an
    acceptance the reference is made of the windows since its date: of the first `enough_windows`,
    of half as many again once there are, and so on up to `most`.
    """
    enough = enough_windows(window.length)
    holding = sorted((a for a in acceptances if a.holds), key=lambda a: (a.since, a.at))
    holding = [a for a in holding if a.since <= window.start]
    before = [one for one in seen if one.window.end <= window.start]
    usable = [one.window for one in before if _normal(one, holding)]
    accepted, waiting = None, holding
    known = 0
    for i, one in reversed(list(enumerate(holding))):
        since = _since(one, usable)
        known = known or since
        if since >= enough:
            accepted, waiting = one, holding[i + 1 :]
            break
    if accepted is not None:
        usable = [w for w in usable if w.start >= accepted.since]
    chosen = tuple(usable[: _grown(len(usable), enough, most)]) if accepted else None
    if rolling is not None:
        newest = _newest(usable, window, rolling, enough)
        chosen = newest if len(newest) >= enough else chosen
    return Plan(chosen, accepted, tuple(waiting), known if waiting else 0, enough)


def learned_since(one: Acceptance, acceptances: Sequence[Acceptance], seen: Sequence[Seen]) -> int:
    """How many of the windows since an acceptance can be learned from."""
    return _since(one, [each.window for each in seen if _normal(each, acceptances)])


def most_learned(length: timedelta, most: int) -> int:
    """Windows since an acceptance from which on more of them change nothing: later ones are not
    learned from.

    >>> most_learned(timedelta(days=1), 60)
    90
    """
    return math.ceil(GROWTH * max(most, enough_windows(length)))


def _since(one: Acceptance, usable: Sequence[Window]) -> int:
    return sum(window.start >= one.since for window in usable)


def _normal(seen: Seen, acceptances: Sequence[Acceptance]) -> bool:
    """Whether a window is part of what is normal: nothing is wrong with it but what is accepted."""
    since = [one for one in acceptances if one.since <= seen.window.start]
    accepted = {name for one in since for name in one.columns}
    return seen.troubled <= accepted


def _grown(known: int, enough: int, most: int) -> int:
    """How many of the `known` windows are learned from.

    >>> [_grown(known, 20, 60) for known in (20, 29, 30, 45, 500)]
    [20, 20, 30, 45, 60]
    """
    size = enough
    while (larger := math.ceil(size * GROWTH)) <= known and size < most:
        size = larger
    return min(size, max(most, enough))


def _newest(
    usable: Sequence[Window], window: Window, rolling: Rolling, enough: int
) -> tuple[Window, ...]:
    """The newest windows that end `gap` before the week of `window` (or itself) begins, of at most
    REACH times the length."""
    step = max(MOVES, window.length)
    behind = (window.start - datetime.min.replace(tzinfo=window.start.tzinfo)) % step
    end = window.start - behind - rolling.gap
    ended = [w for w in usable if w.end <= end and w.start >= end - REACH * rolling.length]
    return tuple(ended[-max(enough, rolling.length // window.length) :])
