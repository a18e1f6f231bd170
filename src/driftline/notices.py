"""What is said of an incident: the headline, the facts, the next steps. Words only, no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from driftline.records import SEVERITIES, Event, Incident, IncidentKind
from driftline.wording import KINDS, listing, moment

_NEXT: dict[IncidentKind, tuple[str, ...]] = {
    "data_drift": (
        "Ask whether the world changed (season, campaign, new product) or the feed did.",
        "See whether performance has dropped too: drift alone does not mean worse predictions.",
        "If the change is here to stay, retrain on data that has it, or move the reference.",
    ),
    "prediction_drift": (
        "See whether an input drifted at the same time: it is the likely cause.",
        "If no input drifted, check the model's version and its preprocessing.",
        "Check what is decided with the predictions: more alarms, fewer approvals, other prices.",
    ),
    "performance": (
        "Look at the columns that drifted before the drop began.",
        "Look at the worst days, and at the labels: are they right and complete?",
        "Retrain with data since the drop began, and compare with the baseline.",
    ),
    "data_quality": (
        "Ask the owner of the feed what changed at that time.",
        "Check how the model treats what is missing or new: a default may hide it.",
        "Mend or backfill the data; `driftline backtest` judges the windows as they are then.",
    ),
}


def next_steps(kind: IncidentKind) -> tuple[str, ...]:
    return _NEXT[kind]


def headline(columns: Sequence[str], facts: Sequence[str]) -> str:
    """One sentence that says what is wrong: the first thing that changed in the most blamed column,
    and which other columns changed.

    >>> headline(["temp"], ["temp: median 74 (reference 38); 80 % of values in ..."])
    'temp: median 74 (reference 38)'
    >>> headline(["temp", "dewp", "humid"], ["temp: 99 % missing", "dewp: ...", "humid: ..."])
    'temp: 99 % missing; also dewp and humid'
    """
    if not columns:
        return facts[0]
    first = facts[0].split("; ")[0]
    return f"{first}; also {listing(columns[1:])}" if len(columns) > 1 else first


def together(facts: Sequence[str]) -> list[str]:
    """Facts that say the same of several columns, said once.

    >>> together(["temp: 99 % missing", "dewp: 99 % missing", "wind: 2 % missing", "Drift: none"])
    ['temp and dewp: 99 % missing', 'wind: 2 % missing', 'Drift: none']
    """
    columns: dict[str, list[str]] = {}
    for fact in facts:
        column, colon, rest = fact.partition(": ")
        columns.setdefault(f"{colon}{rest}" if colon else fact, []).append(column)
    return [
        f"{listing(names, 12)}{said}" if said.startswith(": ") else said
        for said, names in columns.items()
    ]


def began(incident: Incident) -> datetime:
    """When the trouble began, as far as can be told: with the first window that had it. A span of
    performance begins long before its drop; there it is the moment at which the drop was seen."""
    return incident.opened if incident.kind == "performance" else incident.since


@dataclass(frozen=True)
class Notice:
    """What is sent: the events of one model that one channel tells together."""

    model: str
    events: tuple[Event, ...]

    @property
    def title(self) -> str:
        """One line: the model, the worst of what happened, and how much more there is."""
        worst = max(self.events, key=lambda event: SEVERITIES.index(event.incident.severity))
        told = (
            f"{self.model}: {KINDS[worst.incident.kind]} {worst.kind} ({worst.incident.severity})"
        )
        return told if len(self.events) == 1 else f"{told} and {len(self.events) - 1} more"

    def __str__(self) -> str:
        lines = [self.title]
        for event in self.events:
            incident = event.incident
            when = moment(event.at)
            lines.append(f"  {when}  {KINDS[incident.kind]} {event.kind}: {incident.message}")
            if event.kind != "resolved":
                facts = [fact for fact in incident.facts if fact != incident.message]
                lines += [f"    - {fact}" for fact in together(facts)]
        return "\n".join(lines)


def notice_of(model: str, events: Sequence[Event]) -> Notice:
    return Notice(model, tuple(sorted(events, key=lambda event: event.at)))
