"""Cases: the open incidents of one model, and what one step changes about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from driftline.alarms.blame import Group, Movement, groups_of
from driftline.incidents import Advanced, Finding, SecondLook, advance, look_again
from driftline.performance.judge import PerformancePolicy
from driftline.records import Incident, IncidentKind, PerformanceResult
from driftline.service.findings import (
    Known,
    drift_in_words,
    groups_in_words,
    performance_findings,
    performance_in_words,
)
from driftline.settings.models import ModelSettings

DRIFT: tuple[IncidentKind, ...] = ("data_drift", "prediction_drift")

LINES = ("Performance: ", "Drift: ", "Shares: ")
"""How the facts begin that are told anew with each alarm."""


@dataclass
class Cases:
    """A model's open incidents in the order they were opened."""

    model: ModelSettings
    open: list[Incident]

    @property
    def drifting(self) -> set[str]:
        """Columns of which an incident says that they drift."""
        return {c for i in self.open if i.kind == "data_drift" for c in i.columns}

    @property
    def drop(self) -> Incident | None:
        """The open incident about performance."""
        return next((i for i in self.open if i.kind == "performance"), None)

    def advance(
        self,
        findings: Mapping[IncidentKind, Sequence[Finding]],
        now: datetime,
        judged: bool = True,
    ) -> Advanced:
        """The next state of the open incidents of each kind.

        A window that could not be judged says nothing of columns that it finds no fault with: their
        incidents wait.
        """
        advanced = Advanced()
        for kind, found in findings.items():
            named = {finding.column for finding in found}
            mine = [
                incident
                for incident in self.open
                if incident.kind == kind
                and (judged or not incident.columns or named & set(incident.columns))
            ]
            step = advance(self.model.name, kind, mine, found, now)
            advanced = both(advanced, self._keep(step))
        return advanced

    def performance(
        self,
        judged: Sequence[tuple[PerformanceResult, PerformanceResult | None]],
        policy: PerformancePolicy,
        now: datetime,
    ) -> Advanced:
        """Spans count once, when they are first judged; a later judgement counts when it alarms,
        and may show that an incident is worse than it seemed. With each result comes what was said
        of its span before."""
        advanced = Advanced()
        for result, known in judged:
            if result.status != "judged":
                continue
            first = known is None or known.status != "judged"
            findings = performance_findings(result, policy, self.drop)
            if first or (result.alarm and not (known and known.alarm)):
                step = self.advance({"performance": findings}, now)
            else:
                step = self.look_again("performance", SecondLook(findings, findings), now)
            advanced = both(advanced, step)
        return advanced

    def look_again(self, kind: IncidentKind, look: SecondLook, now: datetime) -> Advanced:
        """What a second look at something that was counted before changes."""
        mine = [incident for incident in self.open if incident.kind == kind]
        return self._keep(look_again(self.model.name, kind, mine, look, now))

    def _keep(self, step: Advanced) -> Advanced:
        known = {incident.id: incident for incident in (*self.open, *step.incidents)}
        still = [incident for incident in known.values() if incident.is_open]
        self.open = sorted(still, key=lambda incident: (incident.opened, incident.id))
        return step

    def cross_reference(self, advanced: Advanced, known: Known, movement: Movement) -> Advanced:
        """Say in each incident that alarms whether there is drift, a drop in performance, or both.

        An incident that is quiet keeps what was so when it last alarmed; a drop in performance
        what had drifted when it began. Of columns that drifted together it says which move together
        in the reference's windows, too (`movement`), and whose share is how large.
        """
        newest = sorted(self.open, key=lambda incident: incident.opened, reverse=True)
        drifted = [c for i in newest if i.kind in DRIFT and not i.quiet for c in i.columns]
        dropped = next((i for i in newest if i.kind == "performance" and not i.quiet), None)
        labelled = self.model.labels is not None
        performance = performance_in_words(known, dropped) if labelled else ""
        told: dict[str, Incident] = {}
        for incident in advanced.incidents:
            drop = incident.kind == "performance"
            if incident.quiet or (drop and any(f.startswith("Drift: ") for f in incident.facts)):
                told[incident.id] = incident
                continue
            groups: tuple[Group, ...] = ()
            if incident.kind in DRIFT and len(incident.columns) > 1:
                sizes = dict(zip(incident.columns, incident.magnitudes, strict=True))
                groups = groups_of(sizes, movement)
            line = drift_in_words(drifted) if drop else performance
            lines = [each for each in (groups_in_words(groups), line) if each]
            facts = [f for f in incident.facts if not f.startswith(LINES)]
            told[incident.id] = replace(incident, facts=(*facts, *lines), groups=groups)
        self.open = [told.get(i.id, i) for i in self.open]
        events = tuple(
            replace(event, incident=_as_told(event.incident, told[event.incident.id]))
            for event in advanced.events
        )
        return Advanced(tuple(told.values()), events)


def _as_told(incident: Incident, told: Incident) -> Incident:
    return replace(incident, facts=told.facts, groups=told.groups)


def both(first: Advanced, second: Advanced) -> Advanced:
    """Two steps as one; the later state of an incident counts."""
    incidents = {incident.id: incident for incident in (*first.incidents, *second.incidents)}
    return Advanced(tuple(incidents.values()), (*first.events, *second.events))
