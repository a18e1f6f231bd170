"""Serve: the schedule, the outbox, the log and HTTP in one process, until a signal ends it."""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from threading import Event
from typing import Any

from sqlalchemy.exc import OperationalError

from driftline.dashboard.application import application
from driftline.dashboard.shown import Shown, clock
from driftline.errors import ServiceError, StoreError
from driftline.log.moving import Mover
from driftline.log.taking import Log, open_log
from driftline.service.api import api
from driftline.service.api.access import is_loopback, refuse_strangers
from driftline.service.build import outlets_of
from driftline.service.listening import Address, Http, listening_socket, signals_set, url_of
from driftline.service.logs import in_the_log
from driftline.service.loops import Loop, Step, keep
from driftline.service.metrics.tally import Tally
from driftline.service.outbox import deliver_to
from driftline.service.reminders import remind
from driftline.service.schedule import due_at_start
from driftline.service.turns import Turns
from driftline.settings.models import Settings
from driftline.stores.keys import Keys
from driftline.stores.schedule import Schedule
from driftline.stores.sql import SqlStore, open_sql_store

log = logging.getLogger(__name__)

OUTBOX_SECONDS = 1.0
"""How often the outbox is looked at."""

REMIND_SECONDS = 30.0
"""How often is looked for what has to be told again."""

GRACE = 6.0
"""Seconds that windows in hand, notices in hand and requests have to end when the service stops."""

UNREACHED = 60.0
"""Seconds for which the server of a store is waited for at the start."""


def serve(
    settings: Settings, address: Address, workers: int, now: Callable[[], datetime] = clock
) -> None:
    """Run until a signal comes; the dashboard takes it to be `now`. Raises ServiceError or
    StoreError when it cannot start."""
    url = settings.store.get_secret_value()
    if url.startswith("memory:"):
        raise ServiceError(
            "the service needs a store that outlives it; give `store: sqlite:///driftline.db` or "
            "`postgresql://user:password@host/database`"
        )
    stop = Event()
    with listening_socket(address) as listening, signals_set(stop):
        store = _opened(url, stop)
        if store is None:
            return
        with closing(store):
            host = address.reached_at(listening)
            if not address.open_to_all:
                refuse_strangers(host, Keys(store.engine))
            shown = Shown(settings, store, now) if _may_show(settings, address, host) else None
            service = Service(settings, store, workers)
            _run(service, listening, (shown, address.open_to_all), stop)


def _may_show(settings: Settings, address: Address, host: str) -> bool:
    """Whether the dashboard may be open to whoever reaches `host`; says so where it may not."""
    if settings.login or address.open_to_all or is_loopback(host):
        return True
    log.warning(
        "others can reach %s, and the dashboard has no `login` in the settings: it is left out; "
        "`driftline password` makes the hash of a password for it",
        host,
    )
    return False


def _opened(url: str, stop: Event) -> SqlStore | None:
    """The store; a server that cannot be reached yet is waited for. None when stopped meanwhile."""
    deadline = time.monotonic() + UNREACHED
    level = logging.WARNING
    while True:
        try:
            return open_sql_store(url)
        except StoreError as error:
            away = isinstance(error.__cause__, OperationalError) and not url.startswith("sqlite")
            if not away or time.monotonic() > deadline:
                raise
            log.log(level, "waits for the store: %s", error)
            level = logging.DEBUG
            if stop.wait(2.0):
                log.info("stopped")
                return None


class Service:
    """What runs in one process."""

    def __init__(self, settings: Settings, store: SqlStore, workers: int) -> None:
        by = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"
        models = {model.name: model for model in settings.models}
        self.settings = settings
        self.store = store
        self.schedule = Schedule(store.engine)
        self.tally = Tally()
        store.recorded = self.tally.recorded
        self.turns = Turns(models, store, self.schedule, by, workers, tally=self.tally)
        self.log: Log = open_log(settings)
        self._mover = Mover(self.log, settings.log.retention, by)
        outlets = outlets_of(settings, store).items()
        self._outlets = {
            name: replace(outlet, channel=in_the_log(outlet.channel), keep=self._keep)
            for name, outlet in outlets
        }
        self.tally.expect(models, self._outlets, self.log.places)
        self._begun = self._stopping = False
        channels = {f"channel {name}": partial(self._deliver, name) for name in self._outlets}
        steps: dict[str, Step] = {"schedule": self._turn, "reminders": self._remind, **channels}
        if self.log.places:
            steps["log"] = self._move
        self.loops = [Loop(name, step) for name, step in steps.items()]
        self._hurried = [loop for loop in self.loops if loop.name in ("schedule", *channels)]
        self.turns.ended = self._wake

    def _wake(self) -> None:
        """A model's run is over: others may be due, and people told."""
        for loop in self._hurried:
            loop.wake()

    def _turn(self) -> float:
        if not self._begun:
            now = datetime.now(UTC)
            models = self.turns.models.values()
            self.schedule.ensure({model.name: due_at_start(model, now) for model in models}, now)
            self._begun = True
        return self.turns.step()

    def _remind(self) -> float:
        remind(self.settings, self.store, datetime.now(UTC))
        return REMIND_SECONDS

    def _deliver(self, name: str) -> float:
        """Send what is due on one channel; a slow one keeps only itself waiting."""
        outlet, now = self._outlets[name], datetime.now(UTC)
        found = deliver_to(self.store, name, outlet, now, OUTBOX_SECONDS)
        self.tally.add("driftline_notices_sent_total", found.sent, name)
        for trouble in found.troubles:
            level = logging.ERROR if trouble.final else logging.WARNING
            verb = "was not sent" if trouble.final else "is sent later"
            final = "yes" if trouble.final else "no"
            self.tally.add("driftline_notice_failures_total", 1, name, final)
            log.log(level, "%s: %s %s: %s", trouble.channel, trouble.title, verb, trouble.error)
        return OUTBOX_SECONDS

    def _keep(self, write: Callable[[], None]) -> None:
        """Write down what became of a notice, however long the store is away."""
        keep(write, lambda: self._stopping)

    def _move(self) -> float:
        self._mover.move_all(datetime.now(UTC))
        return self.settings.log.every.total_seconds()

    def start(self) -> None:
        for loop in self.loops:
            loop.start()

    def revive(self) -> None:
        """Start again what has died, which should never be."""
        for loop in self.loops:
            self.tally.set("driftline_loop_failures", loop.failures, loop.name)
            if not loop.alive:
                log.error("%s has died and is started again", loop.name)
                loop.start()

    def stop(self) -> None:
        """Take nothing new."""
        self._stopping = True
        self.turns.stop()
        for loop in self.loops:
            loop.stop()

    def finish(self, deadline: float) -> bool:
        """Wait for what is in hand until `deadline` and give back the rest; whether all ended."""
        ended = [loop.join(deadline - time.monotonic()) for loop in self.loops]
        while self.turns.running and time.monotonic() < deadline:
            time.sleep(0.02)
        if self.turns.running:
            keep(self._give_back, lambda: True)
        return all(ended) and not self.turns.running

    def _give_back(self) -> None:
        for name in self.turns.give_back():
            log.info("given back in mid-run", extra={"model": name})

    def dead(self) -> list[str]:
        """The loops that have died. One that waits for the store has not."""
        return [loop.name for loop in self.loops if not loop.alive]


def _run(
    service: Service, listening: socket.socket, served: tuple[Shown | None, bool], stop: Event
) -> None:
    shown, open_to_all = served
    app: Any = api(
        service.settings,
        service.store,
        service.log,
        dead=service.dead,
        tally=service.tally,
        any_host=open_to_all,
    )
    if shown is not None:
        app = application(shown, app, any_host=open_to_all)
    http = Http(app, listening, lifespan=shown is not None)
    service.start()
    http.start()
    log.info("listens on %s, watches %s", url_of(listening), ", ".join(service.turns.models))
    while not stop.wait(1.0):
        service.revive()
        if not http.alive:
            raise ServiceError("HTTP has ended; the log says why")
    log.info("stops: what is in hand is finished; a second signal ends it at once")
    deadline = time.monotonic() + GRACE
    http.stop()
    service.stop()
    ended = service.finish(deadline)
    ended = http.join(deadline - time.monotonic()) and ended
    log.info("stopped")
    if not ended:
        _leave()
    service.log.close()


def _leave() -> None:
    """End though a thread hangs in a source: what it had claimed is given back already."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)
