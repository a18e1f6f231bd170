"""How notices look, whatever shows them: colours by severity, a line about each incident."""

from __future__ import annotations

from driftline.notices import News, bad_time
from driftline.records import Severity
from driftline.wording import KINDS, count, duration, file_names, listing, moment, one_line

OVER = "#2a8f55"
COLOURS: dict[Severity | None, str] = {
    None: OVER,
    "low": "#3f7fb5",
    "medium": "#c78a00",
    "high": "#d1500b",
    "critical": "#b3261e",
}
"""By the severity of the worst that lasts; None: all of it is over."""


def cut(text: str, longest: int) -> str:
    """
    >>> cut("a long name", 7)
    'a long…'
    """
    if len(text) > longest:
        text = file_names(text)
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def heading(news: News) -> str:
    """`Performance drop opened`"""
    return f"{KINDS[news.incident.kind]} {news.what}"


def fields(news: News) -> dict[str, str]:
    """What is asked first of an incident: how bad, since when, which columns."""
    incident = news.incident
    begun, last = incident.since, news.events[-1].at
    since = f"{moment(begun)} UTC"
    if last > begun:
        since += f" ({duration(last - begun)})"
    when = {"When": f"{bad_time(incident)} UTC"} if news.over else {"Since": since}
    found = {"Severity": incident.severity, **when}
    if incident.columns:
        title = "Column" if len(incident.columns) == 1 else "Columns"
        found[title] = listing([one_line(name) for name in incident.columns], 5)
    if incident.state in ("acknowledged", "snoozed"):
        found["State"] = incident.state
    if incident.alarms > 1 and not news.over:
        found["In alarm"] = count(incident.alarms, "time")
    return found


def ending(news: News) -> str:
    """Where to go on: the incident's name in commands, and when came what is told last of it; the
    notice itself may be sent later."""
    last = news.events[-1]
    told = f"Incident {news.incident.id}, {last.kind} {moment(last.at)} UTC"
    return f"{told} {news.by}" if news.by else told
