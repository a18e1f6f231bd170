"""What `driftline status` prints."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from driftline import terminal
from driftline.errors import DataError
from driftline.records import SEVERITIES, Incident
from driftline.service.status import ChannelStatus, LogStatus, ModelStatus, Status, status_of
from driftline.settings import load_settings
from driftline.stores.sql import open_sql_store
from driftline.windows import iso
from driftline.wording import NONE, count, duration, moment, one_line

WELL, ALARM = 0, 1


def status(config: Path, as_json: bool) -> int:
    settings = load_settings(config)
    url = settings.store.get_secret_value()
    if url.startswith("memory:"):
        raise DataError(f"{config} keeps nothing (store: memory://), so there is no status")
    with closing(open_sql_store(url)) as store:
        found = status_of(settings, store, datetime.now(UTC))
    if as_json:
        print(json.dumps(document(found), allow_nan=False))
    else:
        tell(found)
    return WELL if found.is_well else ALARM


def document(found: Status) -> dict[str, Any]:
    """The status as JSON has it. Moments are in UTC, lengths of time in seconds."""
    return {
        "at": iso(found.at),
        "well": found.is_well,
        "store": found.store,
        "models": [_model_document(model) for model in found.models],
        "channels": [
            {
                "name": channel.name,
                "in_settings": channel.known,
                "waiting": channel.waiting,
                "held": channel.held,
                "failed": channel.failed,
                "error": channel.error or None,
            }
            for channel in found.channels
        ],
        "log": [_log_document(log) for log in found.logs],
        "mutes": [
            {"model": mute.model, "from": iso(mute.start), "to": iso(mute.end), "by": mute.by}
            for mute in found.mutes
        ],
    }


def _model_document(model: ModelStatus) -> dict[str, Any]:
    return {
        "name": model.name,
        "judged_until": _iso(model.judged_until),
        "windows_behind": model.behind,
        "looked_at": _iso(model.looked),
        "took": model.took.total_seconds() if model.took is not None else None,
        "in_hand": model.in_hand,
        "overdue": model.overdue.total_seconds(),
        "failures": model.failures,
        "failing_since": _iso(model.failing_since),
        "error": model.error or None,
        "open_incidents": [
            {"id": one.id, "kind": one.kind, "severity": one.severity, "state": one.state}
            for one in model.incidents
        ],
    }


def _log_document(log: LogStatus) -> dict[str, Any]:
    return {
        "model": log.log.model,
        "kind": log.log.kind,
        "rows": log.size.rows,
        "files": log.size.files,
        "bytes": log.size.bytes,
        "waiting_rows": log.waiting,
        "waiting_since": _iso(log.since),
        "error": log.error or None,
    }


def _iso(at: datetime | None) -> str | None:
    return iso(at) if at else None


def tell(found: Status) -> None:
    """Print it for people: a line for each model, then what is not as it should be, then queues."""
    terminal.show(_table(found))
    for model in found.models:
        if model.failures:
            since = f" since {moment(model.failing_since)}" if model.failing_since else ""
            failed = f"cannot be judged{since} ({count(model.failures, 'failure')} in a row)"
            _line(f"[red]{escape(one_line(model.name))}[/] {failed}: {escape(model.error)}")
        if model.is_late:
            told = f"has been due for {duration(model.overdue)} and nobody is at it"
            _line(f"[red]{escape(one_line(model.name))}[/] {told}: does `driftline serve` run?")
    for channel in found.channels:
        _line(_channel(channel))
    for log in found.logs:
        _line(_log(log, found.at))
    for mute in found.mutes:
        which = escape(one_line(mute.model)) if mute.model else "every model"
        _line(f"muted: {which} until {moment(mute.end)}")
    _line(f"store: {escape(found.store)}; all times are UTC")


def _line(text: str) -> None:
    terminal.out.print(text, soft_wrap=True)


def _table(found: Status) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("model", overflow="fold")
    for title in ("judged until", "behind", "looked at", "open incidents"):
        table.add_column(title, justify="right" if title == "behind" else "left")
    for model in found.models:
        table.add_row(*_cells(model, found.at))
    return table


def _cells(model: ModelStatus, now: datetime) -> tuple[str, ...]:
    looked = NONE if model.judged_until is None else "by `check` only"
    if model.in_hand:
        looked = "right now"
    elif model.looked:
        looked = _ago(now - model.looked)
    behind = f"[yellow]{model.behind}[/]" if model.behind else "0"
    return (
        escape(one_line(model.name)),
        moment(model.judged_until) if model.judged_until else NONE,
        behind if model.judged_until else NONE,
        looked,
        _incidents(model.incidents),
    )


def _incidents(found: tuple[Incident, ...]) -> str:
    if not found:
        return "[green]none[/]"
    counted = Counter(incident.severity for incident in found)
    worst_first = [severity for severity in reversed(SEVERITIES) if counted[severity]]
    told = (f"[{terminal.COLOURS[one]}]{counted[one]} {one}[/]" for one in worst_first)
    return ", ".join(told)


def _channel(channel: ChannelStatus) -> str:
    parts = [f"{channel.waiting} waiting"]
    parts += [f"{channel.held} held back by a mute"] if channel.held else []
    if channel.failed:
        parts.append(f"[red]{channel.failed} failed[/], see `driftline channels failed`")
    parts += ["" if channel.known else "[red]the settings have no such channel[/]"]
    told = ", ".join(part for part in parts if part)
    last = f"; last: {escape(one_line(channel.error))}" if channel.error else ""
    return f"channel {escape(one_line(channel.name))}: {told}{last}"


def _log(log: LogStatus, now: datetime) -> str:
    about = f"log of {escape(one_line(log.log.model))}, {log.log.kind}"
    if log.error:
        return f"{about}: [red]cannot be read[/]: {escape(one_line(log.error))}"
    rows, files = count(log.size.rows, "row"), count(log.size.files, "file")
    told = f"{about}: {rows} in {files}, {log.size.bytes / 2**20:,.1f} MB"
    if log.waiting and log.since:
        told += f"; {count(log.waiting, 'row')} on the way for {duration(now - log.since)}"
    return told


def _ago(length: timedelta) -> str:
    return f"{duration(length)} ago"
