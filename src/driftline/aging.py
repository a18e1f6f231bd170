"""Aging: what of a model is old enough to be deleted. A plain value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from driftline.windows import Window


@dataclass(frozen=True)
class Aged:
    """Up to when what is kept of a model is old enough to be deleted; None: all of it is kept.

    Attributes:
        profiles, outcomes: those of windows that end by then.
        superseded: judgements of a span's performance that a later one has replaced since.
        results: results of windows and spans that end by then, and incidents resolved by then with
            events and notices, unless something has still to be told of them.
        shown, pictured: spans whose profiles stay, and for how long from its begin each incident's.
    """

    profiles: datetime | None = None
    outcomes: datetime | None = None
    superseded: datetime | None = None
    results: datetime | None = None
    shown: tuple[Window, ...] = ()
    pictured: timedelta = timedelta()
