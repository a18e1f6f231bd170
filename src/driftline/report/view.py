"""From a model's values to what the page says about it: status, headline figures, empty states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from driftline import wording
from driftline.records import (
    SEVERITIES,
    Incident,
    MetricChange,
    PerformanceResult,
    WindowResult,
)
from driftline.report.page import ModelPage

Level = Literal["ok", "idle", "low", "medium", "high", "critical"]

RECENT = 30
"""Windows in the strip and the tile of recent alarms."""

NOTABLE = 6
"""Resolved incidents that are listed without a click."""

NOTICEABLE = 0.05
"""A relative change from which on it is said that it may be one, however wide its interval."""

DRAWN = 400
"""At most so many windows are drawn, the newest; a year of days fits."""


@dataclass(frozen=True)
class Status:
    """How a model is, in a word or two, and a sentence that explains."""

    level: Level
    words: str
    detail: str

    @property
    def needs_attention(self) -> bool:
        return self.level not in ("ok", "idle")


@dataclass(frozen=True)
class Tile:
    """A headline figure: what it is, the figure, and a line beneath."""

    title: str
    figure: str
    detail: str
    level: Level = "ok"


@dataclass(frozen=True)
class View:
    """One model as the page shows it; `anchor` is safe in ids and links."""

    page: ModelPage
    anchor: str
    status: Status
    windows: tuple[WindowResult, ...]
    performance: tuple[PerformanceResult, ...]
    open_incidents: tuple[Incident, ...]
    resolved: tuple[Incident, ...]

    @property
    def last(self) -> WindowResult | None:
        return self.windows[-1] if self.windows else None

    @property
    def recent(self) -> tuple[WindowResult, ...]:
        return self.windows[-RECENT:]

    @property
    def drawn(self) -> tuple[WindowResult, ...]:
        return self.windows[-DRAWN:]

    @property
    def newest(self) -> PerformanceResult | None:
        """The newest span, measured or not."""
        return self.performance[-1] if self.performance else None

    @property
    def measured(self) -> PerformanceResult | None:
        """The newest span in which something could be measured."""
        found = (r for r in reversed(self.performance) if main_change(r))
        return next(found, None)

    @property
    def decided(self) -> str:
        """How the newest verdict was reached, in its own words, as a sentence."""
        verdicts = (result.verdict for result in reversed(self.windows))
        note = next((verdict.note for verdict in verdicts if verdict and verdict.note), "")
        return _sentence(note) if note else ""

    @property
    def cautions(self) -> tuple[str, ...]:
        """What the reference cannot promise, as sentences."""
        return tuple(map(_sentence, self.page.cautions))

    @property
    def told_in_full(self) -> tuple[Incident, ...]:
        """Open incidents that are shown unfolded: the grave ones, at least one."""
        grave = sum(incident.severity in ("high", "critical") for incident in self.open_incidents)
        return self.open_incidents[: max(1, grave)]

    @property
    def notable(self) -> tuple[Incident, ...]:
        """Of the resolved incidents the few that matter most, newest first."""
        ranked = sorted(
            self.resolved,
            key=lambda i: (i.kind != "performance", -SEVERITIES.index(i.severity)),
        )
        chosen = set(ranked[:NOTABLE])
        return tuple(incident for incident in self.resolved if incident in chosen)

    @property
    def others(self) -> tuple[Incident, ...]:
        """Resolved incidents that are not notable, newest first."""
        shown = set(self.notable)
        return tuple(incident for incident in self.resolved if incident not in shown)


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:].removesuffix('.')}."


def view(page: ModelPage, number: int) -> View:
    """Order everything once, and say how the model is."""
    windows = tuple(sorted(page.windows, key=lambda result: result.window))
    newest = {r.span: r for r in sorted(page.performance, key=lambda r: r.judged_at)}
    incidents = sorted(page.incidents, key=lambda i: i.opened, reverse=True)
    open_ = [incident for incident in incidents if incident.is_open]
    open_.sort(key=lambda incident: -SEVERITIES.index(incident.severity))
    return View(
        page=page,
        anchor=f"model-{number}",
        status=status(windows, open_),
        windows=windows,
        performance=tuple(newest[span] for span in sorted(newest)),
        open_incidents=tuple(open_),
        resolved=tuple(incident for incident in incidents if not incident.is_open),
    )


def status(windows: Sequence[WindowResult], open_incidents: Sequence[Incident]) -> Status:
    """The worst of what is open now; without incidents, what the last window says."""
    if open_incidents:
        worst = max(open_incidents, key=lambda i: SEVERITIES.index(i.severity))
        words = wording.KINDS[worst.kind]
        if len(open_incidents) > 1:
            words += f" and {len(open_incidents) - 1} more"
        detail = f"{wording.count(len(open_incidents), 'open incident')}, {worst.severity}"
        return Status(worst.severity, words, detail)
    if not windows:
        return Status("idle", "Waiting for data", "no window has been checked yet")
    last = windows[-1]
    if last.status == "empty":
        return Status("medium", "No rows", "the last window was empty")
    if last.alarm:
        return Status("medium", "Alarm", "the last window differs from the reference")
    if last.faults:
        faults = wording.count(len(last.faults), "fault")
        return Status("low", "Data faults", f"{faults} in the last window's data")
    if last.status == "too_few_rows":
        return Status("idle", "Too few rows", "the last window could not be judged")
    return Status("ok", "All well", "nothing is open")


def headline(views: Sequence[View]) -> str:
    """The whole page in a sentence."""
    if not views:
        return "No models are watched yet"
    troubled = [v for v in views if v.status.needs_attention]
    if len(views) == 1:
        name = views[0].page.name
        if troubled:
            return f"{name} needs attention"
        return f"{name} is waiting" if views[0].status.level == "idle" else f"{name} is well"
    if troubled:
        verb = "needs" if len(troubled) == 1 else "need"
        return f"{len(troubled)} of {len(views)} models {verb} attention"
    if any(v.status.level == "idle" for v in views):
        return "Nothing needs attention"
    return f"All {len(views)} models are well"


def main_change(result: PerformanceResult | None) -> MetricChange | None:
    """The main metric of a span when it has a value and enough labels for one."""
    if result is not None and result.status == "too_few_labels":
        return None
    change = result.metrics.get(result.main) if result else None
    return change if change and change.current is not None else None


def change_words(change: MetricChange | None) -> str:
    """The relative change of the metric itself against its baseline, signed.

    >>> change_words(MetricChange(0.8, 0.84, 0.048, None, None, None, None, False))
    '−4.8\\u202f%'
    """
    if change is None or change.current is None or not change.baseline:
        return wording.NONE
    share = (change.current - change.baseline) / abs(change.baseline)
    return wording.percent(share, sign=True)


def verdict_words(change: MetricChange, watched: bool = False) -> str:
    """What a change without an alarm amounts to; no more is claimed than its interval allows.

    `watched`: whether the metric is the one that alarms.

    >>> verdict_words(MetricChange(0.80, 0.81, 0.012, None, None, -0.01, 0.03, False))
    'no clear change'
    >>> verdict_words(MetricChange(0.60, 0.81, 0.26, None, None, -0.01, 0.53, False))
    'perhaps worse'
    >>> verdict_words(MetricChange(0.60, 0.81, 0.26, None, None, 0.20, 0.32, False))
    'clearly worse; not watched'
    """
    if change.drop is None:
        return wording.NONE
    low = change.drop if change.drop_low is None else change.drop_low
    high = change.drop if change.drop_high is None else change.drop_high
    if low > 0:
        return "worse, too little to alarm" if watched else "clearly worse; not watched"
    if high < 0:
        return "better"
    if abs(change.drop) < NOTICEABLE:
        return "no clear change"
    return "perhaps worse" if change.drop > 0 else "perhaps better"


def tiles(model: View) -> list[Tile]:
    """The four figures at the head of a model's section."""
    return [_last_tile(model), _alarms_tile(model), _metric_tile(model), _labels_tile(model)]


def _last_tile(model: View) -> Tile:
    last = model.last
    if last is None:
        return Tile("Last window", wording.NONE, "none checked yet", "idle")
    rows = wording.count(last.rows, "row")
    where = f"{wording.span(last.window)}, {rows}"
    if last.verdict is None:
        figure = "Empty" if last.status == "empty" else "Not judged"
        return Tile("Last window", figure, where, "idle")
    p = wording.p_value(last.verdict.p_value)
    figure = "Alarm" if last.alarm else "No alarm"
    return Tile("Last window", figure, f"{where}, {p}", "high" if last.alarm else "ok")


def _alarms_tile(model: View) -> Tile:
    judged = [result for result in model.recent if result.verdict is not None]
    if not judged:
        return Tile("Recent alarms", wording.NONE, "no window judged yet", "idle")
    alarms = sum(result.alarm for result in judged)
    every = sum(result.alarm for result in model.windows)
    detail = f"{every:,} in all {wording.count(len(model.windows), 'window')}"
    title = f"Alarms, last {wording.count(len(model.recent), 'window')}"
    return Tile(title, f"{alarms} of {len(judged)}", detail, "high" if alarms else "ok")


def _metric_tile(model: View) -> Tile:
    result = model.measured
    change = main_change(result)
    if result is None or change is None:
        return Tile("Performance", wording.NONE, "not measured yet", "idle")
    detail = "no baseline yet"
    if change.baseline is not None:
        detail = f"{change_words(change)} against {wording.number(change.baseline)}"
    if change.low is not None and change.high is not None:
        detail += f"; interval {wording.number(change.low)} to {wording.number(change.high)}"
    title = f"{wording.metric_name(result.main)}, {wording.span(result.span)}"
    if model.newest is not None and result is not model.newest:
        detail = f"not known since, too few labels; {detail}"
    return Tile(title, wording.number(change.current), detail, "high" if change.alarm else "ok")


def _labels_tile(model: View) -> Tile:
    newest = model.newest
    if newest is None:
        return Tile("Labelled", wording.NONE, "no labels joined yet", "idle")
    detail = f"{newest.labelled:,} of {newest.rows:,}, {wording.span(newest.span)}"
    level: Level = "idle" if newest.status == "too_few_labels" else "ok"
    return Tile("Labelled", wording.percent(newest.coverage), detail, level)


def lasted(model: View, incident: Incident) -> str:
    """How long an incident has lasted, or did."""
    if incident.resolved:
        return f"lasted {wording.duration(incident.trouble.length)}"
    if incident.quiet and incident.until:
        return f"quiet since {wording.moment(incident.until)}"
    return f"for {wording.duration(model.page.generated_at - incident.since)}"
