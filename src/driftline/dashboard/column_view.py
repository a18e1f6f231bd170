"""What the page of a column shows: verdicts, and distributions added up from stored profiles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from driftline.charts.column import ColumnPoint
from driftline.dashboard.shown import Shown
from driftline.profiles.codec import decode_profile
from driftline.profiles.profile import Profile
from driftline.profiles.summary import Summary
from driftline.records import Incident
from driftline.reference import total_of
from driftline.settings.models import ModelSettings
from driftline.stores.protocol import Progress
from driftline.windows import Window

POINTS = 600
"""Windows in a chart at most; of more, neighbours are one: the largest effect of them."""
SLOTS = 90
"""Distributions through time at most."""
MONTH = timedelta(days=30)


@dataclass(frozen=True)
class ColumnView:
    """One column of a model over some days, which end where its judging stands."""

    model: ModelSettings
    column: str
    progress: Progress
    span: Window
    reference: Summary | None
    points: tuple[ColumnPoint, ...]
    incidents: tuple[Incident, ...]

    @property
    def last(self) -> ColumnPoint | None:
        return self.points[-1] if self.points else None

    @property
    def alarms(self) -> int:
        return sum(point.column.alarm for point in self.points)


def column_view(shown: Shown, model: ModelSettings, column: str, days: int) -> ColumnView | None:
    """The column over the last `days` that were judged; None when the model was never begun."""
    store: Any = shown.store
    progress = store.progress().get(model.name)
    if progress is None:
        return None
    span = Window(progress.position - timedelta(days=days), progress.position)
    reference = reference_of(store, model.name, progress)
    known = reference.columns.get(column) if reference else None
    points = _points(store, model.name, column, progress, span)
    incidents = tuple(
        incident
        for incident in store.incidents(model.name, since=span.start)
        if column in incident.columns
    )
    return ColumnView(model, column, progress, span, known, points, incidents)


@lru_cache(maxsize=16)
def reference_of(store: Any, name: str, _progress: Progress) -> Profile | None:
    state = store.model(name)
    return total_of(state.reference) if state else None


@lru_cache(maxsize=64)
def _points(
    store: Any, name: str, column: str, _progress: Progress, span: Window
) -> tuple[ColumnPoint, ...]:
    found: list[ColumnPoint] = []
    start = span.start
    while start < span.end:
        end = min(start + MONTH, span.end)
        for result in store.windows(name, start, end):
            told = result.verdict
            mine = next((c for c in told.columns if c.name == column), None) if told else None
            if told is not None and mine is not None:
                found.append(ColumnPoint(result.window, mine, told.p_value, told.method))
        start = end
    size = -(-len(found) // POINTS)
    groups = [found[at : at + size] for at in range(0, len(found), size or 1)]
    return tuple(max(group, key=lambda p: (p.column.alarm, p.column.effect)) for group in groups)


def side_of(shown: Shown, view: ColumnView, span: Window) -> Summary | None:
    """The column's counts in a span, added up; None when the reference does not know it."""
    store: Any = shown.store
    return _pooled(store, view.model.name, view.column, view.progress, span)


@lru_cache(maxsize=256)
def _pooled(store: Any, name: str, column: str, progress: Progress, span: Window) -> Summary | None:
    reference = reference_of(store, name, progress)
    if reference is None or column not in reference.grids:
        return None
    total = Profile.empty(reference.grids).columns[column]
    for blob in store.profiles(name, span.start, span.end).values():
        total = total + decode_profile(blob, reference.grids).columns[column]
    return total


def slots_of(shown: Shown, view: ColumnView) -> tuple[tuple[Window, Summary], ...]:
    """The column's counts through time, neighbours of many windows added up."""
    store: Any = shown.store
    return _slots(store, view.model.name, view.column, view.progress, view.span)


@lru_cache(maxsize=32)
def _slots(
    store: Any, name: str, column: str, progress: Progress, span: Window
) -> tuple[tuple[Window, Summary], ...]:
    reference = reference_of(store, name, progress)
    if reference is None or column not in reference.grids:
        return ()
    kept = sorted(store.profiles(name, span.start, span.end).items())
    size = -(-len(kept) // SLOTS) or 1
    found = []
    for at in range(0, len(kept), size):
        group = kept[at : at + size]
        total = Profile.empty(reference.grids).columns[column]
        for _, blob in group:
            total = total + decode_profile(blob, reference.grids).columns[column]
        found.append((Window(group[0][0].start, group[-1][0].end), total))
    return tuple(found)
