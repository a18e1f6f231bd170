"""Recount: while predictions may still come, windows that were judged already are counted again.

Those of which there is more now are judged again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from driftline.profiles.codec import decode_profile
from driftline.records import Changes, WindowResult
from driftline.service.intake import Intake, count_rows, take_in
from driftline.service.watch import Judged, Watch, memory
from driftline.settings.models import ModelSettings
from driftline.sources import Source
from driftline.stores import Store
from driftline.windows import MICROSECOND, Window, windows_between

UNREADABLE = "unreadable_source"


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
