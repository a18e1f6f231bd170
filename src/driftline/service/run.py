"""Run: catch up every due window of one model, oldest first. One window is one transaction,
and so are many without rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from driftline.acceptance import Acceptance
from driftline.errors import DataError
from driftline.performance.detectable import Detectable
from driftline.records import Changes, ModelState
from driftline.service.arrivals import Arrivals, arrivals_of
from driftline.service.begin import begin, history
from driftline.service.intake import take_in_order
from driftline.service.learned import Learning
from driftline.service.pairs import Pairs
from driftline.service.policy import policy_of
from driftline.service.pruning import prune
from driftline.service.recount import read_again, recount
from driftline.service.steps import Note, Overtaken, Watched, record
from driftline.service.watch import Watch, load_watch
from driftline.settings.models import ModelSettings
from driftline.sources import Problem, Source, still
from driftline.sources.telling import problem_lines
from driftline.stores import Store
from driftline.windows import Window, iso, window_at, windows_between

DAY = timedelta(days=1)

TOGETHER = 256
"""Windows without rows that are recorded in one transaction."""

PATIENCE = 4
"""An empty newest window is waited for during this part of its length (one fourth)."""

Progress = Callable[[int, int], None]
"""Called with (windows done, windows due)."""


@dataclass(frozen=True)
class Replay:
    """History that is judged as if live, all of its data being there.

    Attributes:
        start: where a model that the store does not know yet begins; default: after its reference.
        labels_until: labels that become known until then are joined as well.
        acceptances: what was accepted as normal of the model.
    """

    start: datetime | None = None
    labels_until: datetime | None = None
    acceptances: tuple[Acceptance, ...] = ()


@dataclass(frozen=True)
class Told:
    """What the owner should know of a run beside what it has recorded, and what went wrong."""

    notes: tuple[str, ...] = ()
    error: str = ""
    labels_alone: bool = False
    """Whether it is only labels that could not be read."""
    after: timedelta | None = None
    """How long the source of predictions wants to be left alone."""
    waits_until: datetime | None = None
    """Until when the rows of the newest due window, which has none yet, are waited for."""
    detectable: Detectable | None = None
    """What drop of performance would be seen with the labels at hand, where somebody is told."""


def catch_up(
    watched: Watched,
    store: Store,
    until: datetime,
    progress: Progress | None = None,
    replay: Replay | None = None,
    learning: Learning | None = None,
) -> Told:
    """Judge every window of the model that ends by `until`.

    Each window is judged as if live: with the labels known by its end, so that it does not matter
    how often or how late this runs. Labels that were delivered after the moment they carry are
    joined when they are found; when they cannot be read at all, windows are judged without them.
    Predictions that come after their window was judged are found by counting it again.
    What was recorded stays recorded, whatever stops the run; the next run goes on behind it, and so
    does this one where another process was faster. `learning` holds what references teach, for the
    next run.
    """
    notes: list[Note] = []
    learning = learning or Learning()
    while True:
        state = begin(watched, store, replay.start if replay else None, notes)
        try:
            if replay and replay.acceptances and not store.acceptances(state.name):
                state = state.next()
                record(store, Changes(state, acceptances=replay.acceptances))
            model, learned = watched.model, learning.of(watched.model, state, store)
            watch = load_watch(model, policy_of(model), store, state, learned)
            watch.run = f"{state.name} {iso(until)}"
            return Run(watched, store, watch, until, replay, notes).go_on(progress)
        except Overtaken:
            now = store.model(state.name)
            if now is None or now.reference_key != state.reference_key:
                raise


@dataclass
class Run:
    """One model on its way from where it stands to `until`."""

    watched: Watched
    store: Store
    watch: Watch
    until: datetime
    replay: Replay | None
    notes: list[Note]
    waits_until: datetime | None = None

    def go_on(self, progress: Progress | None) -> Told:
        """Every step that there is to do, each recorded by itself."""
        model, watch = self.watched.model, self.watch
        begun = watch.state.position
        if watch.ledger is not None and watch.state.labels_until is None:
            record(self.store, history(self.watched, watch, self.notes))
        predictions = still(self.watched.predictions)
        if self.replay is None:
            self._judge_late_predictions(predictions)
        arrivals = arrivals_of(self.watched, _labels_since(watch.state, model))
        self._judge_due_windows(predictions, arrivals, progress)
        if isinstance(arrivals, Pairs):
            self._take_late_pairs(arrivals, begun)
        else:
            self._join_late_labels(arrivals)
        if model.labels is not None:
            self.store.drop_predictions(model.name, watch.state.position - model.labels.wait)
        if self.replay is None and window_at(begun, DAY) != window_at(watch.state.position, DAY):
            prune(model, self.store, watch.state.position)
        self.watch.leave()
        return self._told(arrivals)

    @property
    def _clock(self) -> datetime:
        """Windows that end by then are due. A replay has all of its data: it waits for nothing."""
        return self.until if self.replay else self.until - self.watched.model.predictions.delay

    @property
    def _now(self) -> datetime:
        """The moment of what is found beside the due windows: before the next of these is due."""
        position = self.watch.state.position
        return max(position, min(self._clock, position + self.watched.model.window))

    def _judge_late_predictions(self, source: Source) -> None:
        """Judge windows again whose predictions came, or can be read, since they were judged."""
        model = self.watched.model
        try:
            for look in (recount, read_again):
                for changes in look(model, source, self.store, self.watch, self._now):
                    record(self.store, changes)
        except DataError as error:
            self.notes.append(f"windows judged before were not counted again: {error}")

    def _judge_due_windows(
        self, source: Source, arrivals: Arrivals | Pairs, progress: Progress | None
    ) -> None:
        due = windows_between(self.watch.state.position, self._clock, self.watched.model.window)
        if due:
            self._read_late_labels(arrivals, due[-1].end)
        model, grids = self.watched.model, self.watch.reference.grids
        held: Changes | None = None
        for done, (window, intake, ahead) in enumerate(take_in_order(model, source, grids, due), 1):
            self._note(intake.problems.get(window, ()))
            empty = not intake.profiles[window].rows
            if empty and window == due[-1] and self._may_come(window):
                break
            arrivals.read_until(ahead)
            none = empty and isinstance(arrivals, Pairs)
            labels = [] if none else arrivals.known_by(window.end)
            self.watch.labels_missing = bool(arrivals.error)
            changes = self.watch.judge_window(window, intake, labels)
            held = self.watch.stand_at(held.then(changes)) if held else changes
            if not empty or len(held.windows) >= TOGETHER:
                record(self.store, held)
                held = None
            if progress:
                progress(done, len(due))
        if held:
            record(self.store, held)

    def _note(self, problems: Iterable[Problem]) -> None:
        """Tell of what is wrong with the predictions; an empty file is a matter of its window."""
        told = [problem for problem in problems if problem.code != "empty_source"]
        self.notes += [problem for problem in told if problem not in self.notes]

    def _read_late_labels(self, arrivals: Arrivals | Pairs, end: datetime) -> None:
        """Once a day, read the labels again back to the oldest prediction that still waits for its
        own: a label may be delivered long after the moment that it carries."""
        joined, ledger = self.watch.state.labels_until, self.watch.ledger
        if self.replay or ledger is None or joined is None or arrivals.since is None:
            return
        if window_at(joined, DAY) != window_at(end, DAY):
            waiting = ledger.unlabelled(arrivals.since)
            if waiting is not None:
                arrivals.read_again(*waiting)

    def _may_come(self, newest: Window) -> bool:
        """Whether the rows of the newest due window, which has none, may just not be there yet: for
        a quarter of its length, unless there are later ones or it is a time that never has any."""
        enough = newest.end + newest.length / PATIENCE
        if self.replay or self._clock >= enough or self.watch.expected.is_idle(newest):
            return False
        later = self.watched.predictions.batches(newest.end, self.until, ())
        if any(table.num_rows for table in later):
            return False
        self.waits_until = enough + self.watched.model.predictions.delay
        return True

    def _take_late_pairs(self, pairs: Pairs, begun: datetime) -> None:
        """Look again for the pairs of windows that lack some: of the newest at each run and, once a
        day, of all that are waited for."""
        ledger, model, position = self.watch.ledger, self.watched.model, self.watch.state.position
        if self.replay or ledger is None or model.labels is None:
            return
        daily = window_at(begun, DAY) != window_at(position, DAY)
        back = model.labels.wait if daily else model.late_predictions + model.window
        for window, predictions in ledger.unpaired(Window(position - back, position)).items():
            found = pairs.known_by(window.end)
            if pairs.error:
                break
            ledger.put_pairs(window, found, predictions)
        late = self.watch.judge_labels([], self._now)
        if late is not None:
            record(self.store, late)

    def _join_late_labels(self, arrivals: Arrivals) -> None:
        """Join labels behind the last window: those that come late and, in a replay, those that
        become known after it."""
        position = self.watch.state.position
        found = [(position, self._now)]
        if self.replay:
            last, length = self.replay.labels_until or position, self.watched.model.window
            ends = _ends_between(position, last, length)
            found = [(end, max(self.until, end)) for end in (position, *ends)]
        for known_by, now in found:
            late = self.watch.judge_labels(arrivals.known_by(known_by), now)
            if late is not None:
                record(self.store, late)

    def _told(self, arrivals: Arrivals | Pairs) -> Told:
        told = [note for note in self.notes if isinstance(note, str)]
        found = [note for note in self.notes if not isinstance(note, str)]
        told += problem_lines(found, "predictions") + problem_lines(arrivals.problems, "labels")
        if self.watch.ledger is not None and (note := self.watch.ledger.note()):
            told.append(note)
        error = ""
        if arrivals.error:
            error = f"{arrivals.error}; windows are judged without labels until they can be read"
        return Told(tuple(dict.fromkeys(told)), error, bool(error), waits_until=self.waits_until)


def _labels_since(state: ModelState, model: ModelSettings) -> datetime | None:
    """From where on labels are read: some that were joined before are read again, for those that
    were delivered a little later than the moment they carry. Joining a label twice changes
    nothing."""
    return state.labels_until - model.performance.current if state.labels_until else None


def _ends_between(start: datetime, end: datetime, length: timedelta) -> list[datetime]:
    """The ends of the windows behind `start` that end before `end`, and `end`."""
    ends = [window.end for window in windows_between(start, end, length)]
    return [*ends, *([end] if end > start and (not ends or ends[-1] < end) else [])]
