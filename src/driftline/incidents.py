"""Incidents: opened once, kept while they last, worse when they worsen, resolved when they end.

Pure: (open incidents, findings, now) -> (incidents, events). A finding is one thing that one window
or span says; the same trouble the next day belongs to the same incident.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from driftline.notices import headline, next_steps
from driftline.records import (
    SEVERITIES,
    Event,
    EventKind,
    Incident,
    IncidentKind,
    Severity,
    WindowResult,
)
from driftline.windows import iso

QUIET: Final[Mapping[IncidentKind, int]] = {
    "data_drift": 7,
    "prediction_drift": 7,
    "performance": 3,
    "data_quality": 3,
}
"""Windows (or spans) in a row without the trouble after which an incident is resolved. Drift waits
for the longest span of evidence, which holds a change for that long."""

CAME_LATER: Final = "Its rows came later: judged again, the windows concerned are well"


@dataclass(frozen=True)
class Finding:
    """One thing wrong: with a column, or with the whole window or span (`column` None).

    Attributes:
        fact: what changed, in one line for the owner.
        since, until: start and end of the window or span.
        magnitude: how large it is; compared with other findings about the same column only.
        metric, baseline: of performance: what dropped, and from where.
        of_labels: whether the column is one of the labels, not of the predictions.
    """

    kind: IncidentKind
    severity: Severity
    column: str | None
    fact: str
    since: datetime
    magnitude: float = 0.0
    metric: str = ""
    baseline: float | None = None
    until: datetime | None = None
    of_labels: bool = False


@dataclass(frozen=True)
class Advanced:
    """What one step changed: incidents that are new or different, and the events to tell."""

    incidents: tuple[Incident, ...] = ()
    events: tuple[Event, ...] = ()


def advance(
    model: str,
    kind: IncidentKind,
    open_incidents: Sequence[Incident],
    findings: Sequence[Finding],
    now: datetime,
) -> Advanced:
    """The next state of one model's incidents of one kind after one window or span.

    `open_incidents` are the model's open incidents of that kind, `findings` what was found, most
    blamed first. A finding about a column that an open incident names continues it; the others open
    one new incident together, those about the whole window another. An incident that nothing
    continues comes closer to its end.
    """
    incidents: list[Incident] = []
    events: list[Event] = []
    left = list(findings)
    for incident in open_incidents:
        mine = [finding for finding in left if _concerns(finding, incident)]
        left = [finding for finding in left if finding not in mine]
        after = _continued(incident, mine, now) if mine else _quieter(incident, now)
        incidents.append(after)
        if after.state == "resolved":
            events.append(_event(after, "resolved", now))
        elif _rank(after.severity) > _rank(incident.severity):
            events.append(_event(after, "worsened", now))
    opened = _all_opened(model, kind, left, now)
    return Advanced((*incidents, *opened.incidents), (*events, *opened.events))


@dataclass(frozen=True)
class SecondLook:
    """What a second judgement of a window or span says.

    Attributes:
        before: what was found by the first.
        findings: what is found now.
        windows: the newest windows as they are known now, in order.
    """

    before: Sequence[Finding]
    findings: Sequence[Finding]
    windows: Sequence[WindowResult] = ()


def look_again(
    model: str,
    kind: IncidentKind,
    open_incidents: Sequence[Incident],
    look: SecondLook,
    now: datetime,
) -> Advanced:
    """The next state of a model's incidents of one kind after something was judged again.

    It was counted when it was judged first, and is not counted a second time. An incident that it
    concerns may turn out to be worse; what is found now and was not before opens one. An incident
    of which only the first judgement spoke loses that alarm, and is resolved with its last.
    """
    incidents: list[Incident] = []
    events: list[Event] = []
    left = list(look.findings)
    for incident in open_incidents:
        mine = [finding for finding in left if _concerns(finding, incident)]
        left = [finding for finding in left if finding not in mine]
        after = incident
        if mine:
            after = _at_worst(incident, mine)
        elif any(_concerns(finding, incident) for finding in look.before):
            after = _taken_back(incident, look.windows, now)
        if after != incident:
            incidents.append(after)
        if after.state == "resolved":
            events.append(_event(after, "resolved", now))
        elif _rank(after.severity) > _rank(incident.severity):
            events.append(_event(after, "worsened", now))
    known = {finding.column for finding in look.before}
    fresh = [finding for finding in left if finding.column not in known]
    opened = _all_opened(model, kind, fresh, now)
    return Advanced((*incidents, *opened.incidents), (*events, *opened.events))


def _all_opened(
    model: str, kind: IncidentKind, findings: Sequence[Finding], now: datetime
) -> Advanced:
    """An incident for the findings about the whole window, one for those about columns of the
    predictions, and one for those about the labels."""
    sorts: dict[tuple[bool, bool], list[Finding]] = {}
    for finding in findings:
        sorts.setdefault((finding.column is not None, finding.of_labels), []).append(finding)
    opened = [_opened(model, kind, sorts[sort], now) for sort in sorted(sorts)]
    return Advanced(tuple(opened), tuple(_event(each, "opened", now) for each in opened))


def _concerns(finding: Finding, incident: Incident) -> bool:
    if finding.column is None:
        return not incident.columns
    return finding.column in incident.columns


def _opened(model: str, kind: IncidentKind, findings: Sequence[Finding], now: datetime) -> Incident:
    columns = tuple(dict.fromkeys(f.column for f in findings if f.column is not None))
    first_of = {finding.column: finding for finding in reversed(findings)}
    speaking = [first_of[column] for column in columns or (None,)]
    others = dict.fromkeys(finding.fact for finding in findings if finding not in speaking)
    facts = (*(finding.fact for finding in speaking), *others)
    first = columns[0] if columns else ""
    return Incident(
        id=_digest(model, kind, iso(now), first),
        model=model,
        kind=kind,
        severity=max((finding.severity for finding in findings), key=_rank),
        state="open",
        opened=now,
        updated=now,
        resolved=None,
        since=min(finding.since for finding in findings),
        columns=columns,
        message=headline(columns, facts),
        facts=facts,
        next_steps=next_steps(kind),
        magnitudes=tuple(finding.magnitude for finding in speaking),
        metric=speaking[0].metric,
        baseline=speaking[0].baseline,
        until=_until(None, findings),
    )


def _continued(incident: Incident, findings: Sequence[Finding], now: datetime) -> Incident:
    """The incident one alarm later."""
    counted = replace(incident, updated=now, alarms=incident.alarms + 1, quiet=0)
    return _at_worst(counted, findings)


def _at_worst(incident: Incident, findings: Sequence[Finding]) -> Incident:
    """The incident with the worst of each column that was seen so far, `findings` among it."""
    severity = max((finding.severity for finding in findings), key=_rank)
    graver = _rank(severity) > _rank(incident.severity)
    facts, magnitudes = list(incident.facts), list(incident.magnitudes)
    for i, column in enumerate(incident.columns or (None,)):
        mine = [finding for finding in findings if finding.column == column]
        worst = max(mine, key=lambda f: (f.magnitude, _rank(f.severity)), default=None)
        if worst and (worst.magnitude > magnitudes[i] or (graver and not worst.magnitude)):
            facts[i], magnitudes[i] = worst.fact, worst.magnitude
    return replace(
        incident,
        severity=severity if graver else incident.severity,
        facts=tuple(facts),
        magnitudes=tuple(magnitudes),
        message=headline(incident.columns, facts),
        until=_until(incident.until, findings),
    )


def _until(known: datetime | None, findings: Sequence[Finding]) -> datetime | None:
    ends = [known, *(finding.until for finding in findings)]
    return max((end for end in ends if end is not None), default=None)


def _quieter(incident: Incident, now: datetime) -> Incident:
    after = replace(incident, quiet=incident.quiet + 1, updated=now)
    return _resolved(after, now) if after.quiet >= QUIET[after.kind] else after


def _taken_back(incident: Incident, windows: Sequence[WindowResult], now: datetime) -> Incident:
    """The incident without one of its alarms, which was none."""
    alarms = incident.alarms - 1
    quiet = max(incident.quiet, _quiet_windows(incident, windows))
    after = replace(incident, alarms=alarms, quiet=quiet, updated=now)
    if alarms > 0 and quiet < QUIET[incident.kind]:
        return after
    return _resolved(replace(after, facts=(*after.facts, CAME_LATER)), now)


def _quiet_windows(incident: Incident, windows: Sequence[WindowResult]) -> int:
    """How many of the newest windows in a row say nothing of what the incident is about."""
    quiet = 0
    for result in reversed(windows):
        named = {fault.column for fault in result.faults}
        named |= {column.name for column in result.verdict.blamed} if result.verdict else set()
        if named & set(incident.columns or (None,)):
            break
        quiet += result.status == "judged" or not incident.columns
    return quiet


def _resolved(incident: Incident, now: datetime) -> Incident:
    return replace(incident, state="resolved", resolved=now)


def _event(incident: Incident, kind: EventKind, now: datetime) -> Event:
    return Event(_digest(incident.id, kind, iso(now)), incident, kind, now)


def _rank(severity: Severity) -> int:
    return SEVERITIES.index(severity)


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()
