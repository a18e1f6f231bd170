"""What the overview shows of each model, read from the store and put in order of need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Any, Literal

from driftline.dashboard.shown import Shown
from driftline.notices import worst_first
from driftline.records import Incident, PerformanceResult, WindowResult
from driftline.report.view import Level, Status, main_change, status
from driftline.settings.models import ModelSettings
from driftline.stores.protocol import Progress
from driftline.wording import duration

RECENT = 60
"""Windows in the sparklines."""

GRAVITY: Sequence[Level] = ("critical", "high", "medium", "low", "idle", "ok")

Group = Literal["attention", "waiting", "well"]


@dataclass(frozen=True)
class Point:
    """One window in a sparkline: the effect of the column most to blame."""

    effect: float | None
    alarm: bool


@dataclass(frozen=True)
class Brief:
    """A model's newest windows and spans. It holds for one revision of the model."""

    points: tuple[Point, ...]
    last: WindowResult | None
    metric: tuple[float | None, ...]
    dropped: tuple[bool, ...]
    measured: PerformanceResult | None
    newest: PerformanceResult | None


@dataclass(frozen=True)
class Row:
    """One model of the overview."""

    model: ModelSettings
    status: Status
    brief: Brief
    incidents: tuple[Incident, ...]
    progress: Progress | None
    group: Group

    @property
    def label_delay(self) -> timedelta | None:
        """How far the newest span that could be measured lies behind the newest window."""
        if self.progress is None or self.brief.measured is None:
            return None
        return self.progress.position - self.brief.measured.span.end


def rows_of(shown: Shown) -> list[Row]:
    """Every model of the settings, those first that need attention most."""
    progress, now = shown.store.progress(), shown.now()
    found = sorted(shown.store.incidents(open_only=True), key=attrgetter("model"))
    incidents = {
        name: tuple(sorted(of, key=worst_first))
        for name, of in groupby(found, key=attrgetter("model"))
    }
    rows = [
        _row(shown.store, model, progress.get(model.name), incidents.get(model.name, ()), now)
        for model in shown.settings.models
    ]
    return sorted(rows, key=_need)


def _row(
    store: Any,
    model: ModelSettings,
    progress: Progress | None,
    incidents: tuple[Incident, ...],
    now: datetime,
) -> Row:
    brief = _NOTHING
    if progress is not None:
        brief = brief_of(store, model.name, progress, RECENT * model.window)
    found = status([brief.last] if brief.last else [], incidents)
    if progress is not None:
        found = or_behind(found, model, progress, now)
    group: Group = "attention" if found.needs_attention else "well"
    return Row(
        model, found, brief, incidents, progress, "waiting" if found.level == "idle" else group
    )


def or_behind(found: Status, model: ModelSettings, progress: Progress, now: datetime) -> Status:
    """`found`, unless nothing is wrong but that windows have stopped coming."""
    late = now - progress.position
    if found.level in ("ok", "idle") and late > 3 * model.window + model.late_predictions:
        return Status("medium", "Behind", f"no window for {duration(late)}")
    return found


def _need(row: Row) -> tuple[int, int, str]:
    return GRAVITY.index(row.status.level), -len(row.incidents), row.model.name.lower()


@lru_cache(maxsize=2000)
def brief_of(store: Any, name: str, progress: Progress, length: timedelta) -> Brief:
    """The windows and spans of the `length` of time before the model's position."""
    since = progress.position - length
    windows = store.windows(name, since)
    spans = store.performance(name, since)
    measured = [span for span in spans if main_change(span)]
    main = measured[-1].main if measured else ""
    changes = [span.metrics.get(main) for span in spans] if measured else []
    return Brief(
        points=tuple(_point(result) for result in windows),
        last=windows[-1] if windows else None,
        metric=tuple(change.current if change else None for change in changes),
        dropped=tuple(bool(change and change.alarm) for change in changes),
        measured=measured[-1] if measured else None,
        newest=spans[-1] if spans else None,
    )


def _point(result: WindowResult) -> Point:
    columns = result.verdict.columns if result.verdict else ()
    return Point(max((c.effect for c in columns), default=None), result.alarm)


_NOTHING = Brief((), None, (), (), None, None)
