"""What the page of a model shows, read from the store for the days that are chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

from driftline.charts.heatmap import most_blamed
from driftline.charts.merging import merged, thinned
from driftline.dashboard.overview import or_behind
from driftline.dashboard.shown import Shown
from driftline.notices import worst_first
from driftline.records import Incident, MetricChange, PerformanceResult, WindowResult
from driftline.report.view import Status, main_change, status
from driftline.settings.models import ModelSettings
from driftline.stores.protocol import Progress
from driftline.versions import span_of_version
from driftline.windows import Window

DRAWN = 240
"""Windows in a chart at most; of more, neighbours are drawn as one."""
SPANS = 600
"""Spans of performance in a chart at most."""
MONTH = timedelta(days=30)


@dataclass(frozen=True)
class Facts:
    """What the store holds of a model in a span. It stands for one revision of the model."""

    windows: tuple[WindowResult, ...]
    performance: tuple[PerformanceResult, ...]
    count: int
    alarms: int
    rows: int
    last: WindowResult | None


@dataclass(frozen=True)
class Card:
    """One metric: what it is now against what it was."""

    name: str
    change: MetricChange
    main: bool


@dataclass(frozen=True)
class ModelView:
    """One model over some days, which end where its judging stands."""

    model: ModelSettings
    progress: Progress
    span: Window
    facts: Facts
    status: Status
    open: tuple[Incident, ...]
    incidents: tuple[Incident, ...]

    @property
    def newest(self) -> PerformanceResult | None:
        """The newest span of performance, measured or not."""
        return self.facts.performance[-1] if self.facts.performance else None

    @property
    def measured(self) -> PerformanceResult | None:
        """The newest span in which something could be measured."""
        return next((r for r in reversed(self.facts.performance) if main_change(r)), None)

    @property
    def cards(self) -> list[Card]:
        """Metrics of the newest measured span, the main one first."""
        result = self.measured
        if result is None:
            return []
        named = sorted(result.metrics, key=lambda name: name != result.main)
        return [Card(name, result.metrics[name], name == result.main) for name in named]

    @property
    def columns(self) -> list[str]:
        """Every compared column, most blamed first."""
        return most_blamed(self.facts.windows, 100_000)

    @property
    def folded(self) -> int:
        """How many windows one cell of a chart stands for at most."""
        return fold(self.span, self.model.window)

    @property
    def mean_rows(self) -> list[WindowResult]:
        """The windows of a chart, each with the rows of one window: the mean of those it is of."""
        of = [max(1, round(r.window.length / self.model.window)) for r in self.facts.windows]
        return [
            replace(result, rows=round(result.rows / count))
            for result, count in zip(self.facts.windows, of, strict=True)
        ]


def view_of(
    shown: Shown, model: ModelSettings, days: int, version: int | None = None
) -> ModelView | None:
    """The model over the last `days` that were judged, or the last of them in which it was the
    version of that number; None when it was never begun."""
    progress = shown.store.progress().get(model.name)
    if progress is None:
        return None
    span = Window(progress.position - timedelta(days=days), progress.position)
    if version is not None and version < len(progress.versions):
        watched = span_of_version(progress.versions, version, progress.position)
        span = Window(max(watched.start, watched.end - span.length), watched.end)
    incidents = tuple(shown.store.incidents(model.name, since=span.start))
    lasting = tuple(sorted((i for i in incidents if i.is_open), key=worst_first))
    store: Any = shown.store
    facts = facts_of(store, model.name, progress, span, model.window)
    found = status([facts.last] if facts.last else [], lasting)
    found = or_behind(found, model, progress, shown.now())
    return ModelView(model, progress, span, facts, found, lasting, incidents)


def fold(span: Window, window: timedelta) -> int:
    """How many windows are drawn as one at most, that a chart of `span` has room for all."""
    return max(1, -(-(span.length // window) // DRAWN))


@lru_cache(maxsize=64)
def facts_of(store: Any, name: str, _progress: Progress, span: Window, window: timedelta) -> Facts:
    """Read month by month, so that a long span is never in memory with all that it holds."""
    rows = alarms = count = 0
    last: WindowResult | None = None
    found: list[WindowResult] = []
    size = fold(span, window)
    start = span.start
    while start < span.end:
        end = min(start + MONTH, span.end)
        windows = store.windows(name, start, end)
        rows += sum(result.rows for result in windows)
        alarms += sum(result.alarm for result in windows)
        count += len(windows)
        last = windows[-1] if windows else last
        found += merged(windows, max(1, -(-len(windows) // size)))
        start = end
    spans = store.performance(name, span.start, span.end)
    return Facts(tuple(found), tuple(thinned(spans, SPANS)), count, alarms, rows, last)
