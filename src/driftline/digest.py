"""Many incidents in few lines: grouped, the worst first, long lists folded. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from driftline.notices import ORDER
from driftline.records import SEVERITIES, Incident, Severity
from driftline.windows import Window
from driftline.wording import KINDS, count, day, span


@dataclass(frozen=True)
class Group:
    """Incidents of one kind about the same columns; the worst speaks for them."""

    incidents: tuple[Incident, ...]

    @property
    def worst(self) -> Incident:
        return max(self.incidents, key=lambda incident: SEVERITIES.index(incident.severity))

    @property
    def severity(self) -> Severity:
        return self.worst.severity

    @property
    def begins(self) -> datetime:
        return min(incident.since for incident in self.incidents)

    @property
    def when(self) -> str:
        """`since 4 May 2013`, or from the first beginning to the last end."""
        if any(incident.is_open for incident in self.incidents):
            return f"since {day(self.begins)}"
        ends = max(incident.trouble.end for incident in self.incidents)
        return span(Window(self.begins, ends)) if ends > self.begins else day(ends)

    @property
    def name(self) -> str:
        """The most blamed column, how many more, how often: `temp +6 (2 times)`."""
        columns = self.worst.columns
        more = f" +{len(columns) - 1}" if len(columns) > 1 else ""
        often = f" ({len(self.incidents)} times)" if len(self.incidents) > 1 else ""
        return f"{columns[0] if columns else KINDS[self.worst.kind].lower()}{more}{often}"


@dataclass(frozen=True)
class Section:
    """What stands under one title: the groups that are shown, and those that are only named."""

    title: str
    shown: tuple[Group, ...]
    folded: tuple[Group, ...]


def digest(incidents: Sequence[Incident], limit: int = 6) -> list[Section]:
    """Open incidents first, each by itself and the worst on top; then those that are over, by kind
    and columns, in the order in which they began. `limit` groups are shown of each kind."""
    open_ones = [Group((incident,)) for incident in incidents if incident.is_open]
    now = _section(f"Open: {count(len(open_ones), 'incident')}", open_ones, 2 * limit)
    sections = [replace(now, shown=tuple(sorted(now.shown, key=_by_severity)))]
    for kind in ORDER:
        over = [i for i in incidents if i.kind == kind and not i.is_open]
        title = f"{KINDS[kind]}, over: {count(len(over), 'incident')}"
        separately = kind == "performance"
        groups = [Group((i,)) for i in over] if separately else _by_columns(over)
        sections.append(_section(title, groups, limit))
    return [section for section in sections if section.shown]


def one_by_one(
    incidents: Sequence[Incident], last: Collection[str] = (), limit: int = 60
) -> list[Section]:
    """Every incident by itself: open ones first, then those that are over, by kind; the gravest
    first, save that drift that is over, and of which the most blamed column is one of `last`, comes
    after the others. Only what is beyond `limit` in a section is named together."""

    def need(group: Group) -> tuple[bool, int, datetime]:
        worst = group.worst
        later = worst.kind == "data_drift" and worst.columns[:1] and worst.columns[0] in last
        return not worst.is_open and bool(later), *_by_severity(group)

    sections = []
    for kind in (None, *ORDER):
        mine = [i for i in incidents if (i.is_open if kind is None else i.kind == kind)]
        groups = sorted((Group((i,)) for i in mine if kind is None or not i.is_open), key=need)
        title = f"{KINDS[kind]}, over" if kind else "Open"
        title += f": {count(len(groups), 'incident')}"
        sections.append(Section(title, tuple(groups[:limit]), tuple(groups[limit:])))
    return [section for section in sections if section.shown]


def _by_columns(incidents: Iterable[Incident]) -> list[Group]:
    groups: dict[tuple[str, ...], list[Incident]] = defaultdict(list)
    for incident in incidents:
        groups[incident.columns].append(incident)
    return [Group(tuple(group)) for group in groups.values()]


def _section(title: str, groups: Sequence[Group], limit: int) -> Section:
    ordered = sorted(groups, key=_by_severity)
    keep = limit + 1 if len(ordered) == limit + 1 else limit
    shown = sorted(ordered[:keep], key=lambda group: group.begins)
    return Section(title, tuple(shown), tuple(ordered[keep:]))


def _by_severity(group: Group) -> tuple[int, datetime]:
    return -SEVERITIES.index(group.severity), group.begins
