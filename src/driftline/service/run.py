"""Run: catch up every due window of one model, oldest first. One window is one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from driftline.errors import DataError, StoreError
from driftline.performance.judge import PerformancePolicy
from driftline.profiles.frames import to_microseconds
from driftline.records import Changes, ModelState
from driftline.service.fitting import fit_reference, reference_key
from driftline.service.intake import take_in
from driftline.service.ledger import horizon
from driftline.service.watch import Watch, load_watch
from driftline.settings.models import ModelSettings, ReferenceSpan
from driftline.sources import Source
from driftline.stores import Store
from driftline.windows import Window, to_micros, window_at, windows_between

CHUNK = 16
"""Windows read in one pass over a source when many are due."""

Progress = Callable[[int, int], None]
"""Called with (windows done, windows due)."""


@dataclass(frozen=True)
class Watched:
    """A model with the sources that its settings name."""

    model: ModelSettings
    predictions: Source
    labels: Source | None


def catch_up(
    watched: Watched,
    store: Store,
    until: datetime,
    progress: Progress | None = None,
    start: datetime | None = None,
    labels_until: datetime | None = None,
) -> int:
    """Judge every window of the model that ends by `until`; how many were judged.

    Each window is judged as if live: with the labels known by its end, so that it does not matter
    how often or how late this runs. Labels that were delivered after the moment they carry are
    joined when they are found. What was recorded stays recorded, whatever stops the run; the next
    run goes on behind it.

    Args:
        start: where a model that the store does not know yet begins; default: after its reference.
        labels_until: a replay's end: labels that become known until then are joined as well.
    """
    model = watched.model
    state = begin(watched, store, start)
    watch = load_watch(model, policy_of(model), store, state)
    if watch.ledger is not None and state.labels_until is None:
        _record(store, _history(watched, watch))
    due = windows_between(state.position, until, model.window)
    done = 0
    labels = _Labels(watched, _labels_since(watch.state, model))
    for chunk in _chunks(due):
        intake = take_in(model, watched.predictions, watch.reference.grids, chunk)
        labels.read_until(chunk[-1].end)
        for window in chunk:
            _record(store, watch.judge_window(window, intake, labels.known_by(window.end)))
            done += 1
            if progress:
                progress(done, len(due))
    position = watch.state.position
    for known_by in (position, *_ends_between(position, labels_until or position, model.window)):
        labels.read_until(known_by)
        now = max(until, known_by)
        late = watch.judge_labels(labels.known_by(known_by), now)
        if late is not None:
            _record(store, late)
    if model.labels is not None:
        store.drop_predictions(model.name, position - model.labels.wait)
    return done


def _labels_since(state: ModelState, model: ModelSettings) -> datetime | None:
    """From where on labels are read: some that were joined before are read again, for those that
    were delivered later than the moment they carry. Joining a label twice changes nothing."""
    return state.labels_until - model.performance.current if state.labels_until else None


def _ends_between(start: datetime, end: datetime, length: timedelta) -> list[datetime]:
    """The ends of the windows behind `start` that end before `end`, and `end`."""
    ends = [window.end for window in windows_between(start, end, length)]
    return [*ends, *([end] if end > start and (not ends or ends[-1] < end) else [])]


def begin(watched: Watched, store: Store, start: datetime | None = None) -> ModelState:
    """The model's state; a model that is new, or has another reference now, begins here.

    It begins with the first window after the reference, or at `start` when that is later.
    """
    model = watched.model
    key = reference_key(model)
    state = store.model(model.name)
    if state is not None and state.reference_key == key:
        return state
    reference = fit_reference(model, watched.predictions)
    first = _first_window(watched)
    if start is not None and start > first.start:
        first = window_at(start, model.window)
    if state is not None:
        _close_incidents(store, state)
    state = ModelState(model.name, key, reference.to_bytes(), first.start)
    store.begin(state)
    return state


def _close_incidents(store: Store, state: ModelState) -> None:
    """Close what is open before the windows are judged anew: it is opened again if it is still so.
    Nobody is told, for nothing has ended."""
    told = "Closed when the reference was changed: the windows since are judged anew"
    closed = [
        replace(i, state="resolved", resolved=i.updated, facts=(*i.facts, told))
        for i in store.incidents(state.name, open_only=True)
    ]
    if closed:
        _record(store, Changes(state, state.position, incidents=tuple(closed)))


def _first_window(watched: Watched) -> Window:
    """The first window after the reference, or of the data where the reference is a source."""
    model = watched.model
    if isinstance(model.reference, ReferenceSpan):
        window = window_at(model.reference.end, model.window)
        if window.start == model.reference.end:
            return window
        return Window(window.end, window.end + model.window)
    present = watched.predictions.span()
    if present is None:
        raise DataError(f"{watched.predictions.name} has no rows to begin with")
    return window_at(present[0], model.window)


def policy_of(model: ModelSettings) -> PerformancePolicy:
    """The performance rule that the model's settings ask for."""
    performance = model.performance
    return PerformancePolicy(
        drop=performance.drop,
        metric=performance.metric,
        min_labels=performance.min_labels,
        min_coverage=performance.min_coverage,
    )


def _record(store: Store, changes: Changes) -> None:
    if not store.record(changes):
        raise StoreError(
            f"{changes.state.name}: another process has judged this window meanwhile; nothing was "
            "recorded twice; run again to go on behind it"
        )


def _history(watched: Watched, watch: Watch) -> Changes:
    """Predictions made before the first window whose labels the first spans are compared with."""
    model, ledger = watched.model, watch.ledger
    assert ledger is not None
    position = watch.state.position
    since = position - horizon(model)
    before = windows_between(since, position, model.window)
    reading = _Labels(watched, since)
    for chunk in _chunks(before):
        intake = take_in(model, watched.predictions, {}, chunk)
        for window in chunk:
            if window in intake.rows:
                ledger.add_window(window, intake.rows[window])
    reading.read_until(position)
    ledger.add_labels(reading.known_by(position))
    rows, outcomes = ledger.settle()
    ledger.changed.clear()
    early = ledger.encoded_early()
    watch.state = replace(watch.state, labels_until=position, early_labels=early)
    return Changes(watch.state, position, predictions=rows, outcomes=outcomes)


class _Labels:
    """Labels in the order in which they become known, read once per span.

    Labels without a moment of their own are known at once: they are all read at the first call.
    """

    def __init__(self, watched: Watched, since: datetime | None) -> None:
        self._watched = watched
        self._since = since
        self._tables: list[pa.Table] = []
        self._read_all = False

    def read_until(self, end: datetime) -> None:
        """Read what becomes known before `end`, behind what was read already."""
        source, settings = self._watched.labels, self._watched.model.labels
        if source is None or settings is None or self._read_all:
            return
        if settings.timestamp is None:
            self._read_all = True
            self._tables += list(source.batches(columns=[settings.id, settings.label]))
            return
        wanted = [settings.id, settings.label, settings.timestamp]
        if self._since is None or self._since < end:
            self._tables += list(source.batches(self._since, end, wanted))
            self._since = end

    def known_by(self, moment: datetime) -> list[pa.Table]:
        """Take out the labels that are known before `moment`."""
        settings = self._watched.model.labels
        if settings is None or settings.timestamp is None:
            taken, self._tables = self._tables, []
            return taken
        taken, left = [], []
        for table in self._tables:
            known = to_microseconds(table[settings.timestamp]) < to_micros(moment)
            taken.append(table.filter(pa.array(known)))
            if not np.all(known):
                left.append(table.filter(pa.array(~known)))
        self._tables = left
        return taken


def _chunks(windows: Sequence[Window]) -> Iterator[list[Window]]:
    for i in range(0, len(windows), CHUNK):
        yield list(windows[i : i + CHUNK])
