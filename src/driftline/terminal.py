"""What commands print for people: Rich tables and progress bars. Answers go to stdout, the rest to
stderr."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from driftline.alarms.verdict import ColumnVerdict
from driftline.records import Incident, PerformanceResult, WindowResult
from driftline.wording import (
    KINDS,
    count,
    day,
    metric_name,
    number,
    p_value,
    percent,
    statistic_short,
)

out = Console(highlight=False, soft_wrap=False)
err = Console(stderr=True, highlight=False)

COLOURS = {"low": "cyan", "medium": "yellow", "high": "dark_orange", "critical": "red"}


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
    table = Table(box=box.SIMPLE_HEAD, caption=escape(note), caption_justify="left")
    for title in ("", "column", "statistic", "value", "p-value", "effect", "missing (reference)"):
        table.add_column(title, justify="left" if title in ("", "column", "statistic") else "right")
    for column in columns:
        table.add_row(
            "[red]drift[/]" if column.alarm else "[green]ok[/]",
            escape(column.name),
            statistic_short(column.statistic),
            number(column.value),
            p_value(column.p_value).removeprefix("p ").removeprefix("= "),
            number(column.effect),
            f"{percent(column.missing)} ({percent(column.reference_missing)})",
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
    alarms = sum(result.alarm for result in windows)
    judged = [result for result in windows if result.status == "judged"]
    last = windows[-1]
    first = day(windows[0].window.start)
    out.print(
        f"  {count(len(windows), 'window')} from {first} to {day(last.window.start)}, "
        f"{len(judged)} judged, {count(alarms, 'alarm')}"
    )
    measured = [result for result in performance if result.status == "judged"]
    if measured:
        newest = measured[-1]
        change = newest.metrics[newest.main]
        out.print(
            f"  {metric_name(newest.main)} {number(change.current)} over the last span, "
            f"{number(change.baseline)} before; {percent(newest.coverage)} labelled"
        )
    if judged and judged[-1].verdict:
        out.print(f"  [dim]{escape(judged[-1].verdict.note)}[/]")


def incident_table(incidents: Sequence[Incident]) -> Table:
    """Incidents in the order they were opened."""
    table = Table(box=box.SIMPLE_HEAD)
    for title in ("opened", "until", "severity", "kind", "what"):
        table.add_column(title, no_wrap=title != "what")
    for incident in incidents:
        colour = COLOURS[incident.severity]
        until = day(incident.resolved) if incident.resolved else f"[bold]{incident.state}[/]"
        table.add_row(
            day(incident.opened),
            until,
            f"[{colour}]{incident.severity}[/]",
            KINDS[incident.kind],
            escape(incident.message),
        )
    return table


def incident_details(incident: Incident) -> None:
    """One incident with its facts and next steps."""
    out.print(
        f"[bold]{KINDS[incident.kind]}[/], {incident.severity}, {incident.state}: "
        f"{escape(incident.message)}"
    )
    for fact in incident.facts:
        if fact != incident.message:
            out.print(f"  • {escape(fact)}")
    for step in incident.next_steps:
        out.print(f"  → {escape(step)}", style="dim")
