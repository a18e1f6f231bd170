"""What is kept of every run: results of windows and spans, incidents, events, outbox rows.

Plain values. Stores keep them, the run makes them, the report, dashboard and commands show them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from driftline.acceptance import Acceptance
from driftline.alarms.blame import Group
from driftline.alarms.verdict import Verdict
from driftline.versions import Versions
from driftline.windows import Window

Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")

IncidentKind = Literal["data_drift", "prediction_drift", "performance", "data_quality"]
Cause = Literal["predictions", "labels"]
IncidentState = Literal["open", "acknowledged", "snoozed", "resolved"]
EventKind = Literal[
    "opened", "worsened", "resolved", "acknowledged", "snoozed", "noted", "reminded"
]
RowState = Literal["pending", "claimed", "sent", "failed", "held", "dropped"]
WindowStatus = Literal["judged", "too_few_rows", "empty"]
SpanStatus = Literal["judged", "too_few_labels", "no_baseline"]


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a window's data, apart from drift.

    `code` is a short stable word such as missing_column; `column` is None when it is the window's.
    """

    code: str
    message: str
    severity: Severity = "medium"
    column: str | None = None


@dataclass(frozen=True)
class WindowResult:
    """What one check of one window found. `verdict` is None unless `status` is "judged"."""

    window: Window
    rows: int
    status: WindowStatus
    verdict: Verdict | None
    faults: tuple[Fault, ...]
    judged_at: datetime

    @property
    def alarm(self) -> bool:
        return self.verdict is not None and self.verdict.alarm


@dataclass(frozen=True)
class MetricChange:
    """One performance metric of the current span against the baseline span.

    Attributes:
        current, baseline: the metric over each span's pooled outcomes; None when undefined.
        drop: relative worsening, (baseline - current) / |baseline| for metrics where more is
            better and the reverse where less is; negative when it improved; None when undefined.
        low, high: interval of `current`.
        drop_low, drop_high: interval of `drop`.
        alarm: the drop is at least the set share and its interval excludes no drop.
    """

    current: float | None
    baseline: float | None
    drop: float | None
    low: float | None
    high: float | None
    drop_low: float | None
    drop_high: float | None
    alarm: bool


@dataclass(frozen=True)
class Early:
    """A drop of the watched metric that shows in the newest days (`span`, `labelled` rows) only."""

    span: Window
    labelled: int
    change: MetricChange


@dataclass(frozen=True)
class PerformanceResult:
    """Performance over the current span; `baseline` ends where it begins.

    Judged again when late labels come, every judgement is kept and the newest counts. `main` is the
    metric shown first; `early` its drop when the alarm is of the newest days only.
    """

    span: Window
    baseline: Window
    rows: int
    labelled: int
    status: SpanStatus
    metrics: Mapping[str, MetricChange]
    main: str
    alarm: bool
    severity: Severity | None
    judged_at: datetime
    early: Early | None = None

    @property
    def coverage(self) -> float:
        """Share of the span's predictions that have a label, 0 to 1."""
        return self.labelled / self.rows if self.rows else 0.0


@dataclass(frozen=True)
class Incident:
    """Something that is wrong with one model, from when it was found until it ends.

    Attributes:
        id: stable, made of model, kind and moment of opening.
        opened, updated, resolved: moments; `opened` is when the alarm came, `resolved` is None
            while it lasts, and comes after some quiet windows.
        severity: the worst so far.
        columns: most blamed first.
        message: one sentence: what is wrong.
        facts: what changed, a line each: first the worst that was seen of each column.
        next_steps: what to do, a line each.
        since: start of the window or span in which it was first seen.
        until: end of the last one that alarmed; None: not known.
        alarms: how many windows or spans have alarmed.
        quiet: how many in a row have not, most recently.
        snoozed_until: while snoozed.
        magnitudes: size of the worst that was seen of each column (of the whole, without columns):
            the effect of a drift, the relative drop of performance; 0 for what has no size.
        metric, baseline: the performance metric that dropped, and its baseline at that time.
        groups: which of several drifted columns move together, and their shares.
        cause: what cannot be read, of an incident that says that a source cannot be; else None.
    """

    id: str
    model: str
    kind: IncidentKind
    severity: Severity
    state: IncidentState
    opened: datetime
    updated: datetime
    resolved: datetime | None
    since: datetime
    columns: tuple[str, ...]
    message: str
    facts: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    alarms: int = 1
    quiet: int = 0
    snoozed_until: datetime | None = None
    magnitudes: tuple[float, ...] = ()
    metric: str = ""
    baseline: float | None = None
    groups: tuple[Group, ...] = ()
    cause: Cause | None = None
    until: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.state != "resolved"

    @property
    def trouble(self) -> Window:
        """From when to when it was bad, as far as is known: without the quiet at its end."""
        return Window(self.since, max(self.since, self.until or self.resolved or self.updated))

    @property
    def magnitude(self) -> float:
        """Size of the worst that was seen."""
        return max(self.magnitudes, default=0.0)


@dataclass(frozen=True)
class Event:
    """A change of an incident's state. The incident as it was then is in `incident`."""

    id: str
    incident: Incident
    kind: EventKind
    at: datetime
    by: str = "driftline"
    note: str = ""


@dataclass(frozen=True)
class OutboxRow:
    """An event that one channel has still to tell, or has told.

    Attributes:
        state: pending until a process claims it; then sent, pending again, failed for good, held
            (back, while its model is muted) or dropped (held back, and nothing to tell afterwards).
        due: the moment of the event; after a failure, when it may be tried again.
        error: what went wrong the last time.
        batch: rows of one batch are one notice; "" is a batch by itself.
        rest: who has still to get it, where others have; empty: everybody.
        settled: when it was last sent, or failed, or was held back.
    """

    id: str
    event_id: str
    model: str
    channel: str
    state: RowState
    due: datetime
    attempts: int = 0
    error: str = ""
    batch: str = ""
    rest: tuple[str, ...] = ()
    settled: datetime | None = None


@dataclass(frozen=True)
class ModelState:
    """How far a model has come.

    Attributes:
        name: the model.
        reference_key: digest of the settings that define the reference; another key, another
            reference.
        reference: the fitted reference as bytes (`Reference.to_bytes`).
        position: end of the last recorded window: the next window starts here.
        labels_until: labels known before this moment have been joined; None before the first.
        early_labels: labels whose predictions have not come yet (Arrow IPC bytes), or None.
        revision: how often anything of the model has been changed, by a run or by a person.
        versions: of the model, each since its first window.
    """

    name: str
    reference_key: str
    reference: bytes
    position: datetime
    labels_until: datetime | None = None
    early_labels: bytes | None = None
    revision: int = 0
    versions: Versions = ()

    def next(self, **changes: Any) -> ModelState:
        """The state one change later.

        >>> from datetime import UTC, datetime
        >>> state = ModelState("m", "key", b"", datetime(2026, 1, 1, tzinfo=UTC))
        >>> state.next(position=datetime(2026, 1, 2, tzinfo=UTC)).revision
        1
        """
        return replace(self, revision=self.revision + 1, **changes)


@dataclass(frozen=True)
class Changes:
    """Everything that one step of one model changes; recorded in one transaction or not at all.

    `state` is the state after it, one revision above the stored one, or nothing is recorded. Blobs
    are keyed by window: encoded `profiles`, `predictions` (Arrow IPC) and `outcomes`; and by day,
    where windows are shorter: `outcome_days`, the sums of all outcomes of the days that changed.
    """

    state: ModelState
    windows: tuple[WindowResult, ...] = ()
    profiles: Mapping[Window, bytes] = field(default_factory=dict)
    predictions: Mapping[Window, bytes] = field(default_factory=dict)
    outcomes: Mapping[Window, bytes] = field(default_factory=dict)
    outcome_days: Mapping[Window, bytes] = field(default_factory=dict)
    performance: tuple[PerformanceResult, ...] = ()
    incidents: tuple[Incident, ...] = ()
    events: tuple[Event, ...] = ()
    outbox: tuple[OutboxRow, ...] = ()
    acceptances: tuple[Acceptance, ...] = ()

    def then(self, later: Changes) -> Changes:
        """These changes and those of the next step as one step."""
        incidents = {incident.id: incident for incident in (*self.incidents, *later.incidents)}
        return Changes(
            replace(later.state, revision=self.state.revision),
            (*self.windows, *later.windows),
            {**self.profiles, **later.profiles},
            {**self.predictions, **later.predictions},
            {**self.outcomes, **later.outcomes},
            {**self.outcome_days, **later.outcome_days},
            (*self.performance, *later.performance),
            tuple(incidents.values()),
            (*self.events, *later.events),
            (*self.outbox, *later.outbox),
            (*self.acceptances, *later.acceptances),
        )
