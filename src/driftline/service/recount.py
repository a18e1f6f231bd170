"""Recount: while predictions may still come, windows that were judged already are counted again.

Those of which there is more now are judged again; and so are windows of which a part could not be
read, however long it takes until it can be.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from driftline.profiles.codec import decode_profile
from driftline.records import Changes, WindowResult
from driftline.service.basis import memory
from driftline.service.intake import Intake, count_rows, take_in
from driftline.service.watch import Judged, Watch
from driftline.settings.models import ModelSettings
from driftline.sources import Source
from driftline.sources.protocol import CANNOT
from driftline.stores import Store
from driftline.windows import MICROSECOND, Window, windows_between

UNREADABLE = "unreadable_source"

LOOK_BACK = timedelta(days=90)
"""How long a file that could not be read is looked at again."""

MOST = 16
"""Different faults whose windows are looked at again in one run, the newest of them."""


def recount(
    model: ModelSettings, source: Source, store: Store, watch: Watch, now: datetime
) -> Iterator[Changes]:
    """What is new in the windows whose predictions are still waited for, oldest first.

    Reads the timestamp column of those windows; all of a window that has grown, or of which a part
    could not be read when it was judged.
    """
    position = watch.state.position
    since = position - model.late_predictions - model.window + MICROSECOND
    judged = {result.window: result for result in store.windows(model.name, since, position)}
    if not judged:
        return
    windows = windows_between(min(judged).start, position, model.window)
    counts, _ = count_rows(model, source, windows)
    grown = [w for w, r in judged.items() if counts[w] > r.rows or _was_unreadable(r)]
    known = _known(store, watch, min(grown)) if grown else {}
    for window in grown:
        intake = take_in(model, source, watch.reference.grids, [window])
        if _says_more(judged[window], intake, window):
            changes = watch.judge_again(window, intake, known, now)
            known[window] = changes.windows[0], intake.profiles[window]
            yield changes


def read_again(
    model: ModelSettings, source: Source, store: Store, watch: Watch, now: datetime
) -> Iterator[Changes]:
    """What is new in older windows of which a part could not be read when they were judged.

    Which these are is told by the incidents about it, also those that are over. Of the windows that
    one fault concerns the oldest is read; the others as soon as that one can be.
    """
    waited = watch.state.position - model.late_predictions - model.window + MICROSECOND
    for group in list(_unread(model, store, watch, waited).values())[-MOST:]:
        if not _says_more(group[0], _take(model, source, watch, group[0]), group[0].window):
            continue
        known = _known(store, watch, group[0].window)
        for before in group:
            intake = _take(model, source, watch, before)
            if _says_more(before, intake, before.window):
                changes = watch.judge_again(before.window, intake, known, now)
                known[before.window] = changes.windows[0], intake.profiles[before.window]
                yield changes


def _unread(
    model: ModelSettings, store: Store, watch: Watch, before: datetime
) -> dict[tuple[str, ...], list[WindowResult]]:
    """The windows before a moment of which a part could not be read, in order, by what was so."""
    since = watch.state.position - LOOK_BACK
    found: dict[Window, WindowResult] = {}
    for incident in store.incidents(model.name, since=since):
        if any(CANNOT in fact for fact in incident.facts):
            span = max(since, incident.since), min(before, incident.updated)
            found |= {result.window: result for result in store.windows(model.name, *span)}
    groups: dict[tuple[str, ...], list[WindowResult]] = {}
    for _, result in sorted(found.items()):
        faults = tuple(fault.message for fault in result.faults if fault.code == UNREADABLE)
        if faults and result.window.start < before:
            groups.setdefault(faults, []).append(result)
    return groups


def _take(model: ModelSettings, source: Source, watch: Watch, result: WindowResult) -> Intake:
    return take_in(model, source, watch.reference.grids, [result.window])


def _known(store: Store, watch: Watch, first: Window) -> dict[Window, Judged]:
    """The windows from `first` on, and those before it whose evidence still counted then."""
    name, end = watch.model.name, watch.state.position
    since = first.start - memory(watch.model)
    results = {result.window: result for result in store.windows(name, since, end)}
    return {
        window: (results[window], decode_profile(blob, watch.reference.grids))
        for window, blob in store.profiles(name, since, end).items()
    }


def _was_unreadable(result: WindowResult) -> bool:
    return any(fault.code == UNREADABLE for fault in result.faults)


def _says_more(before: WindowResult, intake: Intake, window: Window) -> bool:
    if intake.profiles[window].rows > before.rows:
        return True
    readable = all(problem.code != UNREADABLE for problem in intake.problems[window])
    return _was_unreadable(before) and readable
