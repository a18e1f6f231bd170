"""What commands print for people: Rich tables and progress bars. Answers go to stdout, the rest to
stderr."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.segment import Segment, Segments
from rich.table import Table

from driftline.alarms.verdict import ColumnVerdict
from driftline.digest import Group, digest, one_by_one
from driftline.records import Incident, IncidentKind, PerformanceResult, WindowResult
from driftline.tally import Tally
from driftline.windows import Window
from driftline.wording import (
    KINDS,
    count,
    duration,
    file_names,
    listing,
    metric_name,
    moment,
    number,
    one_line,
    p_value,
    percent,
    span,
    statistic_short,
    trimmed,
)

out = Console(highlight=False, soft_wrap=False)
err = Console(stderr=True, highlight=False)

MANY = 12
"""So many incidents are told in full; of more, each has a line."""

NARROW = 100
"""Columns below which incidents are no table."""

SHORT = 34
"""Columns that severity and time take of an incident's line."""

MOST_TOLD = 12
"""Incidents of a kind that the summary of a replay names."""

COLOURS = {"low": "cyan", "medium": "yellow", "high": "dark_orange", "critical": "red"}


def warn(text: str) -> None:
    """A line on stderr about something wrong; never wrapped, so that paths stay whole."""
    err.print(f"driftline: {text}", markup=False, soft_wrap=True)


@contextmanager
def progress_bars() -> Iterator[Any]:
    """Bars on stderr: call the value with (name, done, due). Silent where stderr is no terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def step(name: str, done: int, due: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(escape(name), total=due)
            bars.update(tasks[name], completed=done, total=due)

        yield step


def comparison_table(columns: Sequence[ColumnVerdict], note: str) -> Table:
    """Every column, most blamed first."""
    alarms = sum(column.alarm for column in columns)
    table = Table(
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        title=f"{alarms} of {count(len(columns), 'column')} drifted",
        title_justify="left",
        caption=escape(note),
        caption_justify="left",
    )
    table.add_column("", no_wrap=True)
    longest = max((len(column.name) for column in columns), default=0)
    table.add_column("column", min_width=min(max(12, longest), 16), overflow="fold")
    table.add_column("statistic", max_width=10)
    for title in ("value", "p-value", "effect", "missing", "(ref.)"):
        table.add_column(title, justify="right", no_wrap=True)
    for column in columns:
        table.add_row(
            "[red]drift[/]" if column.alarm else "[green]ok[/]",
            escape(column.name),
            statistic_short(column.statistic),
            number(column.value),
            p_value(column.p_value).removeprefix("p ").removeprefix("= "),
            number(column.effect),
            percent(column.missing),
            f"({percent(column.reference_missing)})",
        )
    return table


def model_lines(
    name: str,
    windows: Sequence[WindowResult],
    performance: Sequence[PerformanceResult],
    error: str,
) -> None:
    """One model in a few lines."""
    out.print(f"[bold]{escape(name)}[/]")
    if error:
        out.print(f"  [red]not watched:[/] {escape(error)}")
    if not windows:
        out.print("  no window judged yet")
        return
    judged = [result for result in windows if result.status == "judged"]
    whole = Window(windows[0].window.start, windows[-1].window.end)
    alarms = sum(result.alarm for result in windows)
    say(f"{count(len(windows), 'window')}, {span(whole)}: {_judged(windows, judged, alarms)}")
    measured = [result for result in performance if result.status == "judged"]
    if measured:
        newest = measured[-1]
        change = newest.metrics[newest.main]
        known = "" if newest is performance[-1] else _unknown_since(newest, performance[-1])
        say(
            f"{known}{metric_name(newest.main)} {number(change.current)} over {span(newest.span)}, "
            f"{number(change.baseline)} in the {duration(newest.baseline.length)} before; "
            f"{percent(newest.coverage)} labelled"
        )
    if judged and judged[-1].verdict:
        say(f"[dim]{escape(judged[-1].verdict.note)}[/]")


def _unknown_since(judged: PerformanceResult, newest: PerformanceResult) -> str:
    labelled = f"{percent(newest.coverage)} of the predictions over {span(newest.span)} labelled"
    return f"performance is not known since {moment(judged.span.end)}, {labelled}; before it was: "


def _judged(windows: Sequence[WindowResult], judged: Sequence[WindowResult], alarms: int) -> str:
    told = "none in alarm"
    if alarms:
        told = f"{alarms} in alarm (a change is one incident, however many windows it lasts)"
    lacking = [result for result in windows if result.status == "empty"]
    unread = sum(f.code == "unreadable_source" for result in lacking for f in result.faults[:1])
    empty = len(lacking) - unread
    few = len(windows) - len(judged) - len(lacking)
    told += f", {unread:,} that could not be read" if unread else ""
    told += f", {few:,} with too few rows" if few else ""
    return f"{told}, {empty:,} without rows" if empty else told


def say(text: str) -> None:
    """A line, indented; so are the lines it wraps into."""
    show(Padding(text, (0, 0, 0, 2), expand=False))


def show(told: RenderableType) -> None:
    """Print without the blanks with which tables and paddings fill their lines."""
    for line in out.render_lines(
        out.render_str(told) if isinstance(told, str) else told, pad=False
    ):
        while line and not line[-1].text.strip():
            line.pop()
        ends = [Segment(line[-1].text.rstrip(), line[-1].style)] if line else []
        out.print(Segments([*line[:-1], *ends, Segment.line()]), end="")


def tell_incidents(incidents: Sequence[Incident], last: Collection[str] = ()) -> None:
    """Incidents in sections: open ones, then those that are over by kind. Many of them take a line
    each, those about the columns `last` after the others."""
    short = len(incidents) > MANY
    for section in one_by_one(incidents, last) if short else digest(incidents):
        out.print(f"\n[bold]{section.title}[/]")
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(min_width=8, no_wrap=True)
        table.add_column(min_width=20 if short else 22, no_wrap=True)
        table.add_column(overflow="fold")
        for group in section.shown:
            table.add_row(*(_short_cells if short else _cells)(group))
        show(Padding(table, (0, 0, 0, 2), expand=False))
        if section.folded:
            names = ", ".join(group.name for group in section.folded)
            more = count(sum(len(group.incidents) for group in section.folded), "more incident")
            say(f"[dim]{more}, told in the report: {escape(names)}[/]")


def tally_table(
    name: str, first: Tally, other: Tally | None = None, compared: str = "against"
) -> None:
    """How many alarms there would have been, and which; beside another replay's where given."""
    table = Table(
        box=box.SIMPLE_HEAD,
        padding=(0, 2, 0, 0),
        pad_edge=False,
        title=f"{escape(one_line(name))}: what you would have been told",
        title_justify="left",
    )
    table.add_column("")
    sides = [first] if other is None else [first, other]
    for title in ("as set", compared)[: len(sides)]:
        table.add_column(title, overflow="fold")
    kinds = {i.kind for side in sides for i in side.incidents}
    rows = [
        ("days replayed", [trimmed(side.days) for side in sides]),
        ("windows in alarm", [f"{side.alarms} of {side.judged}" for side in sides]),
        ("incidents", [str(len(side.incidents)) for side in sides]),
        ("incidents in 30 days", [trimmed(side.in_thirty_days, 2) for side in sides]),
        ("days in an incident", [trimmed(side.days_in_incident) for side in sides]),
        *(
            (KINDS[kind], ["\n".join(_opened(side, kind)) or "none" for side in sides])
            for kind in KINDS
            if kind in kinds
        ),
    ]
    for title, cells in rows:
        table.add_row(title, *(escape(cell) for cell in cells))
    show(table)


def _opened(found: Tally, kind: IncidentKind) -> list[str]:
    """When incidents of a kind were opened, and about which columns."""
    mine = [incident for incident in found.incidents if incident.kind == kind]
    told = [f"{moment(i.since)} {listing(i.columns, 2)}".rstrip() for i in mine[:MOST_TOLD]]
    return [*told, *([f"and {len(mine) - MOST_TOLD} more"] if len(mine) > MOST_TOLD else [])]


def list_incidents(incidents: Sequence[Incident]) -> None:
    """One line for each incident, with its id for other commands; the newest last."""
    if not incidents:
        out.print("no incident")
        return
    if out.width < NARROW:
        for one in incidents:
            since = moment(one.since)
            out.print(f"{one.id} [{COLOURS[one.severity]}]{one.severity}[/], {one.state}, {since}")
            say(escape(one_line(f"{one.model}: {KINDS[one.kind]}: {one.message}")))
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for title in ("id", "model", "severity", "state", "since"):
        table.add_column(title, no_wrap=title != "model", overflow="fold")
    table.add_column("what", overflow="fold")
    for one in incidents:
        severity = f"[{COLOURS[one.severity]}]{one.severity}[/]"
        what = escape(one_line(f"{KINDS[one.kind]}: {one.message}"))
        model, since = escape(one_line(one.model)), moment(one.since)
        table.add_row(one.id, model, severity, one.state, since, what)
    out.print(table)


def _short_cells(group: Group) -> tuple[str, str, str]:
    told = one_line(group.worst.message.split("; ")[0])
    if group.worst.kind == "performance":
        told = told.partition(" over ")[0].replace(" worse)", ")")
    told = textwrap.shorten(file_names(told), max(20, out.width - SHORT), placeholder="…")
    return f"[{COLOURS[group.severity]}]{group.severity}[/]", group.when, escape(told)


def _cells(group: Group) -> tuple[str, str, str]:
    worst = group.worst
    told = escape(worst.message)
    if worst.kind == "performance":
        short = escape(worst.message.split("; ")[0])
        told = "\n".join([short, *(f"[dim]{escape(fact)}[/]" for fact in worst.facts[1:])])
    elif len(group.incidents) > 1:
        told += f" [dim](worst of {len(group.incidents)})[/]"
    return f"[{COLOURS[group.severity]}]{group.severity}[/]", group.when, told
