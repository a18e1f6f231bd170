"""What `driftline backtest` does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from driftline import terminal
from driftline.acceptance import Acceptance
from driftline.commands.watching import moment_of, tell
from driftline.errors import DataError, StoreError
from driftline.service.all_models import Goal, run_models
from driftline.service.answer import answer, tally_answer
from driftline.service.build import watched_of
from driftline.service.fitting import no_rows
from driftline.service.recommend import Advice, recommend
from driftline.service.run import Replay, Told
from driftline.service.steps import Watched
from driftline.settings import ReferenceSpan, Settings, load_settings
from driftline.settings.changing import changed_settings, changes_of
from driftline.stores import Store, open_store
from driftline.stores.schema import is_there
from driftline.tally import Tally, tally
from driftline.windows import MICROSECOND, iso, window_at


@dataclass(frozen=True)
class Asked:
    """The words of the command.

    Attributes:
        start, to: what is replayed.
        against: another settings file to compare with.
        changes: `key=value` of every model to compare with, such as window=6h.
        advise: whether to recommend settings and compare with them.
    """

    start: str | None = None
    to: str | None = None
    against: Path | None = None
    changes: tuple[str, ...] = ()
    advise: bool = False


@dataclass(frozen=True)
class Replayed:
    """A replay and where its results are."""

    store: Store
    runs: Mapping[str, Told]

    def tally(self, name: str) -> Tally:
        return tally(self.store.windows(name), self.store.incidents(name))

    def document(self) -> dict[str, Any]:
        found = answer(self.store, self.runs)
        for model in found["models"]:
            model["summary"] = tally_answer(self.tally(model["name"]))
        return found


def backtest(config: Path, asked: Asked, as_json: bool) -> int:
    settings = load_settings(config)
    if sum(map(bool, (asked.against, asked.changes, asked.advise))) > 1:
        raise DataError("give one of --against, --set and --recommend")
    advice = {m.name: recommend(watched_of(m)) for m in settings.models} if asked.advise else {}
    other = _other(config, asked, advice)
    first = _replay(settings, asked, "")
    compared = "recommended" if asked.advise else "against"
    second = _replay(other, asked, f" ({compared})") if other else None
    document = None
    if as_json:
        document = first.document()
        if second:
            document["against"] = second.document()
        if advice:
            document["recommended"] = {
                name: {"settings": one.settings, "reasons": list(one.reasons)}
                for name, one in advice.items()
            }
    code = tell(first.store, first.runs, as_json, document=document)
    if not as_json:
        _tell_tallies(first, second, compared, advice)
    return code


def _other(config: Path, asked: Asked, advice: Mapping[str, Advice]) -> Settings | None:
    """The settings to compare with."""
    if asked.against is not None:
        return load_settings(asked.against)
    if advice:
        return changed_settings(config, {name: one.settings for name, one in advice.items()})
    if asked.changes:
        return changed_settings(config, changes_of(asked.changes))
    return None


def _replay(settings: Settings, asked: Asked, what: str) -> Replayed:
    begin = moment_of(asked.start, "--from") if asked.start else None
    end = moment_of(asked.to, "--to") if asked.to else None
    if begin and end and begin >= end:
        raise DataError(f"--from must be before --to; found {iso(begin)} and {iso(end)}")
    store = open_store("memory://")
    accepted = _accepted(settings)

    def goal(watched: Watched) -> Goal:
        until, replay = _replayed_until(watched, begin, end, tells=not what)
        return until, replace(replay, acceptances=accepted.get(watched.model.name, ()))

    with terminal.progress_bars() as progress:
        runs = run_models(
            settings, store, goal, lambda name, done, due: progress(name + what, done, due)
        )
    return Replayed(store, runs)


def _tell_tallies(
    first: Replayed, second: Replayed | None, compared: str, advice: Mapping[str, Advice]
) -> None:
    for name in first.runs:
        for reason in advice[name].reasons if name in advice else ():
            terminal.out.print(f"recommended for {name}: {reason}", markup=False, soft_wrap=True)
        mine = first.tally(name)
        other = second.tally(name) if second and name in second.runs else None
        if mine.windows or (other and other.windows):
            terminal.tally_table(name, mine, other, compared)


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
    watched: Watched, start: datetime | None, end: datetime | None, tells: bool
) -> tuple[datetime, Replay]:
    """A replay until `end` or, without one, of all data: until the end of the window that holds the
    last prediction, and of the labels that come later. Predictions of a time that has not come are
    told and left out (where nothing else is to be replayed they are taken).

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
    end, now = window_at(present[1], watched.model.window).end, datetime.now(UTC)
    if first < now < present[1]:
        end = now
        if tells:
            told = f"{spans}; what is later than now is left out (--to takes it in)"
            terminal.warn(f"{watched.model.name}: {told}")
    try:
        known = watched.labels.span() if watched.labels is not None else None
    except DataError:  # told when they are read
        known = None
    return end, Replay(start, known[1] + MICROSECOND if known else None)
