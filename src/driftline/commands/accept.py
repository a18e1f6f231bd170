"""What `driftline accept` does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from driftline import terminal
from driftline.acceptance import Acceptance, enough_windows
from driftline.commands.alerts import opened, unknown, user
from driftline.errors import DataError
from driftline.service import accepting
from driftline.service.answer import acceptance_answer
from driftline.settings import ModelSettings, Settings
from driftline.windows import parse_moment
from driftline.wording import KINDS, count, listing, moment, one_line

WELL = 0


@dataclass(frozen=True)
class Asked:
    """The words of the command."""

    model: str
    since: str | None = None
    by: str = ""
    reason: str = ""
    performance: bool = False


def accept(config: Path, asked: Asked, as_json: bool) -> int:
    since = _moment(asked.since) if asked.since else None
    wish = accepting.Wish(asked.by or user(), asked.reason, since, asked.performance)
    with opened(config) as (settings, store):
        model = _known(settings, asked.model)
        done = accepting.accept(store, model, wish, datetime.now(UTC))
    one = done.acceptance
    if as_json:
        resolved = [incident.id for incident in done.resolved]
        print(json.dumps(acceptance_answer(one) | {"resolved": resolved}))
        return WELL
    for incident in done.resolved:
        told = f"{KINDS[incident.kind].lower()}: {one_line(incident.message)}"
        terminal.out.print(f"resolved {incident.id}: {told}", markup=False)
    terminal.out.print(_line(one), markup=False, soft_wrap=True)
    if one.columns:
        enough = count(enough_windows(model.window), "window")
        names = listing(one.columns, 5)
        verb = "is" if len(one.columns) == 1 else "are"
        told = f"{names} {verb} judged again when {enough} since then are known and well"
        terminal.out.print(f"  {told}", markup=False, soft_wrap=True)
    undoing = f'  undo it: driftline accept "{one_line(one.model)}" --undo'
    terminal.out.print(undoing, markup=False, soft_wrap=True)
    return WELL


def undo(config: Path, model: str, by: str, reason: str, as_json: bool) -> int:
    with opened(config) as (settings, store):
        _known(settings, model)
        undone = accepting.undo(store, model, by or user(), reason, datetime.now(UTC))
    _tell([undone], as_json)
    if not as_json:
        told = (
            "  incidents that it resolved stay so; what is still out of the ordinary opens a new "
            "one with the next window"
        )
        terminal.out.print(told, markup=False, soft_wrap=True)
    return WELL


def accepted(config: Path, model: str, as_json: bool) -> int:
    with opened(config) as (settings, store):
        _known(settings, model)
        found = store.acceptances(model)
    _tell(found, as_json)
    if not found and not as_json:
        terminal.out.print("nothing was ever accepted", markup=False)
    return WELL


def _tell(found: Sequence[Acceptance], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"acceptances": [acceptance_answer(one) for one in found]}))
        return
    for one in found:
        terminal.out.print(_line(one), markup=False, soft_wrap=True)


def _line(one: Acceptance) -> str:
    names = f" ({listing(one.columns, 5)})" if one.columns else ""
    what = " with its performance" if one.performance else ""
    why = f": {one_line(one.reason)}" if one.reason else ""
    told = (
        f"{one_line(one.model)}: what is so since {moment(one.since)}{names} is normal{what}, said "
        f"{one_line(one.by)} on {moment(one.at)}{why}"
    )
    if one.undone_at is None:
        return told
    because = f": {one_line(one.undone_reason)}" if one.undone_reason else ""
    return f"{told}; undone by {one_line(one.undone_by)} on {moment(one.undone_at)}{because}"


def _known(settings: Settings, name: str) -> ModelSettings:
    known = {model.name: model for model in settings.models}
    if name not in known:
        raise DataError(unknown("model", name, known))
    return known[name]


def _moment(text: str) -> datetime:
    try:
        return parse_moment(text)
    except ValueError:
        raise DataError(
            f'--from: "{text}" is no ISO 8601 date or moment; write 2013-04-01 or '
            "2013-04-01T06:00:00Z"
        ) from None
