"""Begin: where a model that is new, or has another reference now, starts from."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from driftline.records import Changes, ModelState
from driftline.service.arrivals import arrivals_of
from driftline.service.fitting import fit_reference, no_rows, reference_key
from driftline.service.intake import take_in_strides
from driftline.service.ledger import compared, horizon
from driftline.service.pairs import Pairs
from driftline.service.promises import cautions_of
from driftline.service.steps import Note, Watched, record
from driftline.service.watch import Watch
from driftline.settings.models import ReferenceSpan
from driftline.stores import Store
from driftline.windows import Window, window_at, windows_between


def begin(watched: Watched, store: Store, start: datetime | None, notes: list[Note]) -> ModelState:
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
    notes += cautions_of(model, reference)
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
        record(store, Changes(state.next(), incidents=tuple(closed)))


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


def history(watched: Watched, watch: Watch, notes: list[Note]) -> Changes:
    """Predictions made before the first window whose labels the first spans are compared with, or
    teach how much performance differs by itself. What cannot be read of them is added to
    `notes`."""
    model, ledger = watched.model, watch.ledger
    assert ledger is not None
    assert model.labels is not None
    position = watch.state.position
    # a source that is asked for each window's pairs is asked for no more than the first spans need
    asked = ledger.by_pairs and model.labels.timestamp is None
    since = position - (compared(model) if asked else horizon(model))
    before = windows_between(since, position, model.window)
    arrivals = arrivals_of(watched, since)
    for intake in take_in_strides(model, watched.predictions, {}, before):
        chunk = list(intake.profiles)
        notes += [problem for window in chunk for problem in intake.problems.get(window, ())]
        known = [window for window in chunk if intake.profiles[window].rows]
        pairs = {}
        if known and isinstance(arrivals, Pairs):
            pairs = arrivals.of(known if asked else chunk)
        for window in chunk:
            if window in pairs and window in known:
                ledger.put_pairs(window, pairs[window], intake.profiles[window].rows)
            elif window in intake.rows:
                ledger.add_window(window, intake.rows[window])
    if not ledger.by_pairs:
        ledger.add_labels(arrivals.known_by(position))
    settled = ledger.settle()
    if next(ledger.judged.back(), None) is None:
        ledger.changed.clear()
    early = ledger.encoded_early()
    joined = None if arrivals.error else position
    watch.state = watch.state.next(labels_until=joined, early_labels=early)
    return Changes(watch.state, **settled._asdict())
