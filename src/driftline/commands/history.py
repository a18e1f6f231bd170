"""What the command about a model's history does; `driftline.cli.alerts` reads its words."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from driftline import terminal
from driftline.errors import DataError, nearest
from driftline.settings import load_settings
from driftline.stores import Store, open_store
from driftline.windows import Window
from driftline.wording import count, one_line, span

WELL, FAILED = 0, 2


def forget(config: Path, model: str, only_incidents: bool, sure: bool) -> int:
    """Delete what is stored of a model, once that is confirmed."""
    settings = load_settings(config)
    store = open_store(settings.store.get_secret_value())
    try:
        found = _stored(store, model, only_incidents)
        if not found:
            known = {*store.models(), *(incident.model for incident in store.incidents())}
            if model not in known | {one.name for one in settings.models}:
                names = ", ".join(sorted(known)) or "nothing yet"
                raise DataError(
                    f'no model is called "{model}"{nearest(model, known)}; stored is {names}'
                )
            terminal.out.print(f"{one_line(model)}: nothing is stored", markup=False)
            return WELL
        told = f"{one_line(model)}: {found}"
        if not (sure or _confirmed(told)):
            terminal.warn("nothing was deleted")
            return FAILED
        store.forget(model, only_incidents)
    finally:
        store.close()
    then = "" if only_incidents else "; the next check begins behind its reference"
    terminal.out.print(f"forgotten: {told}{then}", markup=False, soft_wrap=True)
    return WELL


def _stored(store: Store, model: str, only_incidents: bool) -> str:
    """In words, what would be deleted; empty when there is nothing."""
    told = []
    windows = [] if only_incidents else store.windows(model)
    if windows:
        reach = span(Window(windows[0].window.start, windows[-1].window.end))
        told.append(f"{count(len(windows), 'window')} ({reach})")
    elif not only_incidents and store.model(model) is not None:
        told.append("its reference")
    if incidents := store.incidents(model):
        still = sum(incident.is_open for incident in incidents)
        told.append(count(len(incidents), "incident") + (f", {still} open" if still else ""))
    return " and ".join(told)


def _confirmed(told: str) -> bool:
    """Whether somebody at a terminal says yes. Raises DataError where nobody can be asked."""
    if not sys.stdin.isatty():
        raise DataError(f"this would delete {told}; say --yes to do it. There is no way back")
    terminal.err.print(f"This deletes {told}. There is no way back.", markup=False)
    return typer.confirm("Delete it?", err=True)
