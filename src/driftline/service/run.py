"""Run: catch up every due window of one model, oldest first. One window is one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from driftline.errors import StoreError
from driftline.performance.judge import PerformancePolicy
from driftline.records import Changes, ModelState
from driftline.service.arrivals import Arrivals
from driftline.service.fitting import fit_reference, no_rows, reference_key
from driftline.service.intake import Intake, take_in
from driftline.service.ledger import horizon
from driftline.service.watch import Watch, load_watch
from driftline.settings.models import ModelSettings, ReferenceSpan
from driftline.sources import Source
from driftline.stores import Store
from driftline.windows import Window, iso, window_at, windows_between

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


class Overtaken(StoreError):  # noqa: N818
    """Another process has recorded this step meanwhile; nothing was recorded twice."""


@dataclass(frozen=True)
class Told:
    """What the owner should know of a run beside what it has recorded, and what went wrong."""

    notes: tuple[str, ...] = ()
    error: str = ""


def catch_up(
    watched: Watched,
    store: Store,
    until: datetime,
    progress: Progress | None = None,
    start: datetime | None = None,
    labels_until: datetime | None = None,
) -> Told:
    """Judge every window of the model that ends by `until`.

    Each window is judged as if live: with the labels known by its end, so that it does not matter
    how often or how late this runs. Labels that were delivered after the moment they carry are
    joined when they are found; when they cannot be read at all, windows are judged without them.
    What was recorded stays recorded, whatever stops the run; the next run goes on behind it, and so
    does this one where another process was faster.

    Args:
        start: where a model that the store does not know yet begins; default: after its reference.
        labels_until: a replay's end: labels that become known until then are joined as well.
    """
    notes: list[str] = []
    while True:
        state = begin(watched, store, start, notes)
        try:
            return _go_on(watched, store, state, (until, labels_until), progress, notes)
        except Overtaken:
            now = store.model(state.name)
            if now is None or now.reference_key != state.reference_key:
                raise


def _go_on(
    watched: Watched,
    store: Store,
    state: ModelState,
    ends: tuple[datetime, datetime | None],
    progress: Progress | None,
    notes: list[str],
) -> Told:
    """Judge from where `state` stands; `ends` are those of the windows and of the labels."""
    model, (until, labels_until) = watched.model, ends
    watch = load_watch(model, policy_of(model), store, state)
    watch.run = f"{model.name} {iso(until)}"
    if watch.ledger is not None and state.labels_until is None:
        _record(store, _history(watched, watch))
    due = windows_between(state.position, until, model.window)
    arrivals = Arrivals(watched.labels, model.labels, _labels_since(watch.state, model))
    for done, (window, intake, ahead) in enumerate(_intakes(watched, watch, due), 1):
        arrivals.read_until(ahead)
        labels = arrivals.known_by(window.end)
        watch.labels_missing = bool(arrivals.error)
        _record(store, watch.judge_window(window, intake, labels))
        if progress:
            progress(done, len(due))
    position = watch.state.position
    for known_by in (position, *_ends_between(position, labels_until or position, model.window)):
        late = watch.judge_labels(arrivals.known_by(known_by), max(until, known_by))
        if late is not None:
            _record(store, late)
    if model.labels is not None:
        store.drop_predictions(model.name, position - model.labels.wait)
    return _told(notes, arrivals, watch)


def _intakes(
    watched: Watched, watch: Watch, due: Sequence[Window]
) -> Iterator[tuple[Window, Intake, datetime]]:
    """Each due window, what was read of it, and up to where was read."""
    for chunk in _chunks(due):
        intake = take_in(watched.model, watched.predictions, watch.reference.grids, chunk)
        for window in chunk:
            yield window, intake, chunk[-1].end


def _told(notes: Sequence[str], arrivals: Arrivals, watch: Watch) -> Told:
    told = [*notes, *(f"labels: {problem}" for problem in arrivals.problems)]
    if watch.ledger is not None and (note := watch.ledger.note()):
        told.append(note)
    error = ""
    if arrivals.error:
        error = f"{arrivals.error}; windows are judged without labels until they can be read"
    return Told(tuple(told), error)


def _labels_since(state: ModelState, model: ModelSettings) -> datetime | None:
    """From where on labels are read: some that were joined before are read again, for those that
    were delivered later than the moment they carry. Joining a label twice changes nothing."""
    return state.labels_until - model.performance.current if state.labels_until else None


def _ends_between(start: datetime, end: datetime, length: timedelta) -> list[datetime]:
    """The ends of the windows behind `start` that end before `end`, and `end`."""
    ends = [window.end for window in windows_between(start, end, length)]
    return [*ends, *([end] if end > start and (not ends or ends[-1] < end) else [])]


def begin(watched: Watched, store: Store, start: datetime | None, notes: list[str]) -> ModelState:
    """The model's state; a model that is new, or has another reference now, begins here.

    It begins with the first window after the reference, or at `start` when that is later. What was
    left out of the reference is added to `notes`.
    """
    model = watched.model
    key = reference_key(model)
    state = store.model(model.name)
    if state is not None and state.reference_key == key:
        return state
    reference = fit_reference(model, watched.predictions, notes)
    notes += [f"{name} is left out: {why}" for name, why in reference.left_out.items()]
    first = _first_window(watched)
    if start is not None and start > first.start:
        first = window_at(start, model.window)
    meanwhile = store.model(model.name)
    if meanwhile is not None and meanwhile.reference_key == key:  # another process has begun it
        return meanwhile
    if meanwhile is not None:
        _close_incidents(store, meanwhile)
    return store.begin(ModelState(model.name, key, reference.to_bytes(), first.start))


def _close_incidents(store: Store, state: ModelState) -> None:
    """Close what is open before the windows are judged anew: it is opened again if it is still so.
    Nobody is told, for nothing has ended."""
    told = "Closed when the reference was changed: the windows since are judged anew"
    closed = [
        replace(i, state="resolved", resolved=i.updated, facts=(*i.facts, told))
        for i in store.incidents(state.name, open_only=True)
    ]
    if closed:
        _record(store, Changes(state.next(), incidents=tuple(closed)))


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
        raise no_rows(watched.predictions)
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
        raise Overtaken(
            f"{changes.state.name}: another process works on this model with other settings; "
            "nothing was recorded twice"
        )


def _history(watched: Watched, watch: Watch) -> Changes:
    """Predictions made before the first window whose labels the first spans are compared with."""
    model, ledger = watched.model, watch.ledger
    assert ledger is not None
    position = watch.state.position
    since = position - horizon(model)
    before = windows_between(since, position, model.window)
    arrivals = Arrivals(watched.labels, model.labels, since)
    for chunk in _chunks(before):
        intake = take_in(model, watched.predictions, {}, chunk)
        for window in chunk:
            if window in intake.rows:
                ledger.add_window(window, intake.rows[window])
    ledger.add_labels(arrivals.known_by(position))
    rows, outcomes = ledger.settle()
    if not ledger.judged:
        ledger.changed.clear()
    early = ledger.encoded_early()
    joined = None if arrivals.error else position
    watch.state = watch.state.next(labels_until=joined, early_labels=early)
    return Changes(watch.state, predictions=rows, outcomes=outcomes)


def _chunks(windows: Sequence[Window]) -> Iterator[list[Window]]:
    for i in range(0, len(windows), CHUNK):
        yield list(windows[i : i + CHUNK])
