"""What a store in memory keeps of one model, and what of it is old enough to be deleted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from driftline.aging import Aged
from driftline.records import Incident, ModelState, PerformanceResult, WindowResult
from driftline.stores.protocol import MOST_LEARNED
from driftline.windows import Window

K = TypeVar("K")
V = TypeVar("V")
Blobs = dict[datetime, tuple[Window, bytes]]


@dataclass
class MemoryModel:
    """Results of windows by their start, performance by its end and the moment it was judged."""

    state: ModelState
    windows: dict[datetime, WindowResult] = field(default_factory=dict)
    profiles: Blobs = field(default_factory=dict)
    predictions: Blobs = field(default_factory=dict)
    outcomes: Blobs = field(default_factory=dict)
    outcome_days: Blobs = field(default_factory=dict)
    performance: dict[tuple[datetime, datetime], PerformanceResult] = field(default_factory=dict)


@dataclass
class MemoryLearned:
    """What references teach. See `LearnedThings`."""

    _kept: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def find(self, model: str, key: str) -> bytes | None:
        return self._kept.get(model, {}).get(key)

    def put(self, model: str, key: str, body: bytes) -> None:
        others = {k: kept for k, kept in self._kept.get(model, {}).items() if k != key}
        newest = [*others.items(), (key, body)][-MOST_LEARNED:]
        self._kept[model] = dict(newest)

    def forget(self, model: str) -> None:
        self._kept.pop(model, None)


def prune_model(
    kept: MemoryModel, aged: Aged, most: int, incidents: Collection[datetime] = ()
) -> int:
    """Delete at most `most` of what is older than `aged` says; how many. `incidents`: since when
    each of them is."""
    newest = dict(sorted(kept.performance))
    shown = [*aged.shown, *(Window(since, since + aged.pictured) for since in incidents)]
    profiles = [
        start
        for start, (window, _) in kept.profiles.items()
        if _is_old(window.end, aged.profiles) and not any(start in span for span in shown)
    ]
    outcomes, days = (
        [start for start, (window, _) in blobs.items() if _is_old(window.end, aged.outcomes)]
        for blobs in (kept.outcomes, kept.outcome_days)
    )
    windows = [s for s, r in kept.windows.items() if _is_old(r.window.end, aged.results)]
    performance = [
        (end, judged_at)
        for end, judged_at in kept.performance
        if _is_old(end, aged.results)
        or (judged_at < newest[end] and _is_old(max(end, judged_at), aged.superseded))
    ]
    done = _delete(kept.profiles, profiles, most)
    done += _delete(kept.outcomes, outcomes, most - done)
    done += _delete(kept.outcome_days, days, most - done)
    done += _delete(kept.windows, windows, most - done)
    return done + _delete(kept.performance, performance, most - done)


def old_incidents(incidents: Iterable[Incident], model: str, aged: Aged) -> list[Incident]:
    """The model's incidents that were resolved by `aged.results`, in the order they were opened."""
    mine = sorted(
        (one for one in incidents if one.model == model), key=lambda one: (one.opened, one.id)
    )
    return [one for one in mine if one.resolved and _is_old(one.resolved, aged.results)]


def _is_old(end: datetime, moment: datetime | None) -> bool:
    return moment is not None and end <= moment


def _delete(rows: MutableMapping[K, V], old: Iterable[K], most: int) -> int:
    oldest = sorted(old)[:most]  # type: ignore[type-var]
    for key in oldest:
        del rows[key]
    return len(oldest)
