"""What the page of an incident shows, read from the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from driftline.dashboard.shown import Shown
from driftline.illustrations import Distribution
from driftline.records import Event, Incident, MetricChange, OutboxRow, PerformanceResult
from driftline.reference import total_of
from driftline.service.pages import distribution_of
from driftline.settings.models import ModelSettings
from driftline.wording import KINDS

PICTURES = 6
"""Blamed columns that are drawn at most."""

BEFORE, AFTER = timedelta(days=45), timedelta(days=15)
"""Performance that is drawn around an incident."""


@dataclass(frozen=True)
class Told:
    """A notice about the incident on one channel, and what became of it."""

    row: OutboxRow
    kind: str


@dataclass(frozen=True)
class Measured:
    """The main performance metric before an incident began, and since.

    `since` is the newest span that lies wholly after the beginning; None while there is none.
    """

    metric: str
    before: PerformanceResult | None
    since: PerformanceResult | None

    @property
    def changes(self) -> tuple[MetricChange | None, MetricChange | None]:
        """The metric in both spans."""
        before, since = (
            result.metrics.get(self.metric) if result else None
            for result in (self.before, self.since)
        )
        return before, since


@dataclass(frozen=True)
class Case:
    """One incident with all that happened to it. `model` is None when the settings have it no
    longer."""

    incident: Incident
    model: ModelSettings | None
    events: tuple[Event, ...]
    told: tuple[Told, ...]
    spans: tuple[PerformanceResult, ...]
    measured: Measured | None

    @property
    def title(self) -> str:
        return f"{KINDS[self.incident.kind]}: {self.incident.message}"


def case_of(shown: Shown, incident_id: str) -> Case | None:
    """The incident of that id; None when there is none."""
    store = shown.store
    incident = store.incident(incident_id)
    if incident is None:
        return None
    events = tuple(store.events(incident_id))
    kinds = {event.id: event.kind for event in events}
    told = tuple(
        Told(row, kinds.get(row.event_id, "")) for row in store.outbox.of_incident(incident_id)
    )
    start = incident.since
    end = incident.resolved or shown.now()
    spans = tuple(store.performance(incident.model, start - BEFORE, end + AFTER))
    model = next((one for one in shown.settings.models if one.name == incident.model), None)
    return Case(incident, model, events, told, spans, _measured(spans, incident))


def _measured(spans: Sequence[PerformanceResult], incident: Incident) -> Measured | None:
    judged = [span for span in spans if span.status == "judged"]
    if not judged:
        return None
    start = incident.since
    before = [span for span in judged if span.span.end <= start]
    since = [
        span
        for span in judged
        if span.span.start >= start and span.span.end <= (incident.resolved or span.span.end)
    ]
    metric = incident.metric or judged[-1].main
    return Measured(metric, before[-1] if before else None, since[-1] if since else None)


def pictures_of(shown: Shown, case: Case) -> list[Distribution]:
    """The reference and the incident's first windows, of the columns most to blame."""
    state = shown.store.model(case.incident.model)
    if state is None or case.model is None:
        return []
    reference = total_of(state.reference)
    columns = [name for name in case.incident.columns if name in reference.columns][:PICTURES]
    return [
        distribution_of(case.model, shown.store, (reference, state), case.incident, column)
        for column in columns
    ]
