"""What is said of an incident: the headline, the facts, the next steps. Words only, no I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from driftline.illustrations import Illustration
from driftline.records import SEVERITIES, Event, Incident, IncidentKind, Severity
from driftline.wording import KINDS, listing, moment, one_line, span

ORDER: tuple[IncidentKind, ...] = ("performance", "data_quality", "prediction_drift", "data_drift")
"""Kinds in the order in which their owner should hear of them."""

_NEXT: dict[IncidentKind, tuple[str, ...]] = {
    "data_drift": (
        "Ask whether the world changed (season, campaign, new product) or the feed did.",
        "See whether performance has dropped too: drift alone does not mean worse predictions.",
        "If it is here to stay, accept it (driftline accept), or retrain on data that has it.",
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
        "Mend or backfill the data; driftline backtest tells how its windows are judged then.",
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


def bad_time(incident: Incident) -> str:
    """When it was bad: `21 Nov 2026`, `20 - 26 Apr 2013`; the quiet at its end is left out."""
    window = incident.trouble
    return span(window) if window.length else moment(window.start)


def worst_first(incident: Incident) -> tuple[int, float]:
    """A key to sort by: the gravest first, of them the newest."""
    return -SEVERITIES.index(incident.severity), -incident.since.timestamp()


@dataclass(frozen=True)
class News:
    """What a notice tells of one incident: its events, oldest first."""

    events: tuple[Event, ...]

    @property
    def incident(self) -> Incident:
        """The incident as it was after the last event."""
        return self.events[-1].incident

    @property
    def over(self) -> bool:
        return not self.incident.is_open

    @property
    def what(self) -> str:
        """What has become of it, in a word or two."""
        kinds = [event.kind for event in self.events]
        if self.over:
            return "came and went" if "opened" in kinds else "resolved"
        told = next((kind for kind in ("opened", "worsened") if kind in kinds), kinds[-1])
        return "still open" if told == "reminded" else told

    @property
    def facts(self) -> list[str]:
        """What changed, a line each, without what the message says already."""
        if self.over:
            return []
        found = []
        for fact in self.incident.facts:
            first, _, rest = fact.partition("; ")
            if fact != self.incident.message:
                found.append(rest if rest and first == self.incident.message else fact)
        return together(found)

    @property
    def by(self) -> str:
        """`by Ann: "feed is mended"` where a person has done it."""
        last = self.events[-1]
        note = f'"{one_line(last.note)}"' if last.note else ""
        person = "" if last.by == "driftline" else f"by {one_line(last.by)}"
        return ": ".join(part for part in (person, note) if part)


@dataclass(frozen=True)
class Notice:
    """What is sent: the events of one model that one channel tells together.

    Attributes:
        id: the same for every try to send it, so that a receiver can tell a second copy.
        url: where people open the dashboard; "" when that is not known.
        illustration: what can be drawn of it, for channels that draw.
        only_to: whom to send it to; empty: to everybody.
        words: all that a notice without events says: a test.
    """

    model: str
    events: tuple[Event, ...]
    id: str = ""
    url: str = ""
    illustration: Illustration | None = None
    only_to: tuple[str, ...] = ()
    words: str = ""

    @property
    def news(self) -> list[News]:
        """One for each incident: what lasts before what is over, the gravest first."""
        found: dict[str, list[Event]] = {}
        for event in self.events:
            found.setdefault(event.incident.id, []).append(event)
        return sorted((News(tuple(events)) for events in found.values()), key=_rank_of)

    @property
    def severity(self) -> Severity | None:
        """The worst of what lasts; None when all of it is over."""
        lasting = [news.incident.severity for news in self.news if not news.over]
        return max(lasting, key=SEVERITIES.index, default=None)

    @property
    def title(self) -> str:
        """One line: the model, the gravest thing that happened, and how much more there is."""
        if self.words:
            return self.words
        news = self.news
        kinds = dict.fromkeys(KINDS[one.incident.kind] for one in news)
        if len({one.what for one in news}) > 1:
            first, more = KINDS[news[0].incident.kind], f" and {len(news) - 1} more"
        else:
            first, more = _in_a_row(list(kinds)), ""
        severity = self.severity or max((n.incident.severity for n in news), key=SEVERITIES.index)
        return f"{one_line(self.model)}: {first} {news[0].what} ({severity}){more}"

    def __str__(self) -> str:
        lines = [self.title]
        for news in self.news:
            last, kind = news.events[-1], KINDS[news.incident.kind]
            told = f"{kind} {news.what}: {one_line(news.incident.message)}"
            lines.append(f"  {moment(last.at)}  {told}{f' ({news.by})' if news.by else ''}")
            lines += [f"    - {one_line(fact)}" for fact in news.facts]
        return "\n".join(lines)


def _rank_of(news: News) -> tuple[bool, int, int, datetime]:
    incident = news.incident
    gravity = -SEVERITIES.index(incident.severity)
    return news.over, ORDER.index(incident.kind), gravity, incident.opened


def _in_a_row(kinds: Sequence[str]) -> str:
    """
    >>> _in_a_row(["Performance drop", "Data drift"])
    'Performance drop and data drift'
    """
    return listing([kinds[0], *(kind.lower() for kind in kinds[1:])], len(KINDS))


def notice_of(model: str, events: Sequence[Event], of: str = "") -> Notice:
    """The notice of some events of a model; `of` names what they are told by, such as a channel."""
    ordered = tuple(sorted(events, key=lambda event: event.at))
    parts = "\0".join([of, *sorted(event.id for event in ordered)])
    return Notice(model, ordered, hashlib.blake2b(parts.encode(), digest_size=8).hexdigest())
