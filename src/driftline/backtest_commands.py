"""What `driftline backtest` does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from driftline import terminal
from driftline.acceptance import Acceptance
from driftline.commands import moment_of, tell
from driftline.errors import DataError, StoreError
from driftline.service.all_models import Goal, run_models
from driftline.service.fitting import no_rows
from driftline.service.run import Replay
from driftline.service.steps import Watched
from driftline.settings import ReferenceSpan, Settings, load_settings
from driftline.stores import open_store
from driftline.stores.schema import is_there
from driftline.windows import MICROSECOND, iso, window_at


def backtest(config: Path, start: str | None, to: str | None, as_json: bool) -> int:
    settings = load_settings(config)
    begin = moment_of(start, "--from") if start else None
    end = moment_of(to, "--to") if to else None
    if begin and end and begin >= end:
        raise DataError(f"--from must be before --to; found {iso(begin)} and {iso(end)}")
    store = open_store("memory://")
    accepted = _accepted(settings)

    def goal(watched: Watched) -> Goal:
        until, replay = _replayed_until(watched, begin, end)
        return until, replace(replay, acceptances=accepted.get(watched.model.name, ()))

    with terminal.progress_bars() as progress:
        runs = run_models(settings, store, goal, progress)
    return tell(store, runs, as_json)


def _accepted(settings: Settings) -> Mapping[str, tuple[Acceptance, ...]]:
    """What was accepted of each model; nothing where the store does not exist yet."""
    url = settings.store.get_secret_value()
    try:
        if url.startswith("memory:") or not is_there(url):
            return {}
        store = open_store(url)
    except StoreError as error:
        terminal.warn(f"replayed without what was accepted: {error}")
        return {}
    try:
        return {model.name: tuple(store.acceptances(model.name)) for model in settings.models}
    finally:
        store.close()


def _replayed_until(
    watched: Watched, start: datetime | None, end: datetime | None
) -> tuple[datetime, Replay]:
    """A replay until `end` or, without one, of all data: until the end of the window that holds the
    last prediction, and of the labels that come later.

    Raises DataError when no prediction after the reference is between `start` and `end`.
    """
    present = watched.predictions.span()
    if present is None:
        raise no_rows(watched.predictions)
    spans = f"{watched.predictions.name} spans {iso(present[0])} to {iso(present[1])}"
    if start is not None and start > present[1]:
        raise DataError(f"--from {iso(start)}: no predictions after it; {spans}")
    reference, first = watched.model.reference, present[0]
    if isinstance(reference, ReferenceSpan) and reference.start <= present[1]:
        first = max(first, reference.end)
    if first > present[1] or (end is not None and end <= first):
        asked = f"--to {iso(end)}" if end else "nothing to replay"
        raise DataError(f"{asked}: no predictions after the reference until then; {spans}")
    if end is not None:
        return end, Replay(start)
    end = window_at(present[1], watched.model.window).end
    try:
        known = watched.labels.span() if watched.labels is not None else None
    except DataError:  # told when they are read
        known = None
    return end, Replay(start, known[1] + MICROSECOND if known else None)
