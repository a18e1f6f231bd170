"""Turns: models whose time has come are claimed and run, each in a thread of its own.

At most so many run at the same time, each model once. One that makes no progress, because its
source hangs, keeps its thread but no longer counts, so that it holds up no other.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock, Thread

from driftline.errors import DriftlineError, SourceError, StoreError
from driftline.service.build import going_on, watched_of
from driftline.service.learned import Learning
from driftline.service.loops import keep
from driftline.service.metrics.tally import Tally
from driftline.service.outages import settle_outages
from driftline.service.run import Told, catch_up
from driftline.service.schedule import next_due, retry_at, wait_for
from driftline.service.steps import Watched
from driftline.settings.models import ModelSettings
from driftline.stores import Store
from driftline.stores.schedule import Schedule, Turn
from driftline.windows import iso
from driftline.wording import count

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
"""How long a claim holds when the service that made it dies."""

PROLONG = 15.0
"""Seconds after which claims of models that still run are prolonged."""

LONGEST_WAIT = 5.0
"""Seconds after which the schedule is looked at again though nothing seems due: another service
may have given something back."""

SLOW = 30.0
"""Seconds without progress after which a model no longer holds up others."""

MOST_SLOW = 8
"""So many at most: each takes memory, and a machine that is overloaded makes every model slow."""


class Stopped(Exception):  # noqa: N818
    """The service is to stop: what has not begun is left for later."""


@dataclass
class Running:
    """A model that is being run; `moved` is when it made progress last, by the monotonic clock."""

    turn: Turn
    begun: float
    moved: float
    windows: int = 0


@dataclass
class Turns:
    """Runs the models of one service.

    Attributes:
        models: the settings of each model by name.
        by: what this service calls itself in claims.
        workers: how many models run at the same time.
        now: the clock.
        ended: called when a model's run is over.
        tally: counts what happens.
        learning: what references teach.
    """

    models: Mapping[str, ModelSettings]
    store: Store
    schedule: Schedule
    by: str
    workers: int
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ended: Callable[[], None] = lambda: None
    tally: Tally = field(default_factory=Tally)
    running: dict[str, Running] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _stopping: bool = False
    _prolonged: float = field(default_factory=time.monotonic)
    learning: Learning = field(default_factory=Learning)
    _told: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _watched: dict[str, Watched] = field(default_factory=dict)

    def step(self) -> float:
        """Claim and start what is due; the seconds until there may be more."""
        self._prolong()
        with self._lock:
            idle = [name for name in self.models if name not in self.running]
            slow = sum(map(self._slow, self.running.values()))
            free = self.workers - (len(self.running) - min(slow, MOST_SLOW))
        if free <= 0 or not idle:
            return 1.0
        now = self.now()
        due = self.schedule.next_due(idle, now)
        if due is None or due > now:
            wait = LONGEST_WAIT if due is None else (due - now).total_seconds()
            return min(max(wait, 0.05), LONGEST_WAIT)
        for turn in self.schedule.claim(idle, self.by, now + LEASE, now, free):
            self._start(turn)
        return 0.05

    def stop(self) -> None:
        """Begin no further window."""
        self._stopping = True

    def give_back(self) -> list[str]:
        """Release what still runs, as the service ends now; the names."""
        with self._lock:
            left = sorted(self.running)
        if left:
            self.schedule.release(left, self.by)
        return left

    def _slow(self, running: Running) -> bool:
        return time.monotonic() - running.moved > SLOW

    def _prolong(self) -> None:
        if time.monotonic() - self._prolonged < PROLONG:
            return
        with self._lock:
            names = sorted(self.running)
        if names:
            self.schedule.prolong(names, self.by, self.now() + LEASE)
        self._prolonged = time.monotonic()

    def _start(self, turn: Turn) -> None:
        begun = time.monotonic()
        with self._lock:
            self.running[turn.model] = Running(turn, begun, begun)
        Thread(target=self._run, args=(turn,), name=f"run-{turn.model}", daemon=True).start()

    def _run(self, turn: Turn) -> None:
        try:
            self._one(turn)
        except Exception:
            log.exception("a run could not be settled", extra={"model": turn.model})
        finally:
            with self._lock:
                self.running.pop(turn.model, None)
            self.ended()

    def _one(self, turn: Turn) -> None:
        started = self.now()
        try:
            if self._stopping:
                raise Stopped
            told = self._catch_up(turn, started)
        except Stopped:
            keep(lambda: self.schedule.release([turn.model], self.by), lambda: True)
            return
        seconds = (self.now() - started).total_seconds()
        self.tally.time("driftline_look_seconds", max(0.0, seconds))
        self.tally.add("driftline_failures_total", bool(told.error), turn.model)
        settled = self._settled(turn, told, started)
        keep(lambda: self.schedule.settle(settled, self.by), lambda: self._stopping)

    def _catch_up(self, turn: Turn, now: datetime) -> Told:
        """Run the model; what went wrong, whatever it is, is told."""
        model, running = self.models[turn.model], self.running[turn.model]

        def progress(done: int, due: int) -> None:
            running.moved, running.windows = time.monotonic(), done
            if self._stopping and done < due:
                raise Stopped

        about = {"model": turn.model}
        try:
            watched = going_on(watched_of(model), self._watched.get(turn.model))
            self._watched[turn.model] = watched
            told = catch_up(watched, self.store, now, progress, None, self.learning)
        except StoreError as error:
            log.warning("waits for the store: %s", error, extra=about)
            return Told(error=str(error))
        except DriftlineError as error:
            after = error.after if isinstance(error, SourceError) else None
            told = Told(error=str(error), after=after)
        except Stopped:
            raise
        except Exception as error:
            log.exception("cannot be judged", extra=about)
            told = Told(error=f"unexpected {type(error).__name__}: {error}")
        self._tell(turn, told)
        settle = partial(settle_outages, model, self.store, told, now)
        keep(lambda: settle(turn.failing_since or now), lambda: True)
        return told

    def _tell(self, turn: Turn, told: Told) -> None:
        """Log what a run did, and what it had to say unless it said so the last time."""
        running = self.running[turn.model]
        about = {"model": turn.model}
        if running.windows:
            seconds = round(time.monotonic() - running.begun, 3)
            log.info(
                "%s judged", count(running.windows, "window"), extra=about | {"seconds": seconds}
            )
        for note in told.notes:
            if note not in self._told.get(turn.model, ()):
                log.info("%s", note, extra=about)
        if told.error:
            log.warning("%s", told.error, extra=about | {"failures": turn.failures + 1})
        elif turn.failures:
            log.info("goes on after %s", count(turn.failures, "failure"), extra=about)
        self._told[turn.model] = told.notes

    def _settled(self, turn: Turn, told: Told, started: datetime) -> Turn:
        """The turn as it is when it is over."""
        model, now = self.models[turn.model], self.now()
        last = {"started": iso(started), "finished": iso(now), "error": told.error}
        if not told.error:
            waits = told.waits_until
            due = wait_for(model, waits, now) if waits else next_due(model, started)
            return replace(turn, due=due, failures=0, failing_since=None, last=last)
        failures = turn.failures + 1
        return replace(
            turn,
            due=max(retry_at(model, failures, now), now + (told.after or timedelta(0))),
            failures=failures,
            failing_since=turn.failing_since or started,
            last=last,
        )
