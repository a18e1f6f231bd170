"""Serve: the schedule, the outbox and HTTP in one process, until a signal ends it."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING

from sqlalchemy.exc import OperationalError

from driftline.errors import ServiceError, StoreError
from driftline.service.build import outlets_of
from driftline.service.loops import Loop, keep
from driftline.service.outbox import deliver_to
from driftline.service.reminders import remind
from driftline.service.schedule import due_at_start
from driftline.service.turns import Turns
from driftline.settings.models import Settings
from driftline.stores.schedule import Schedule
from driftline.stores.sql import SqlStore, open_sql_store

if TYPE_CHECKING:
    import uvicorn
    from starlette.applications import Starlette

log = logging.getLogger(__name__)

OUTBOX_SECONDS = 1.0
"""How often the outbox is looked at."""

REMIND_SECONDS = 30.0
"""How often is looked for what has to be told again."""

GRACE = 6.0
"""Seconds that windows in hand, notices in hand and requests have to end when the service stops."""

UNREACHED = 60.0
"""Seconds for which the server of a store is waited for at the start."""

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True)
class Address:
    """Where the service listens."""

    host: str
    port: int


def serve(settings: Settings, address: Address, workers: int) -> None:
    """Run until a signal comes. Raises ServiceError or StoreError when it cannot start."""
    url = settings.store.get_secret_value()
    if url.startswith("memory:"):
        raise ServiceError(
            "the service needs a store that outlives it; give `store: sqlite:///driftline.db` or "
            "`postgresql://user:password@host/database`"
        )
    stop = Event()
    with listening_socket(address) as listening:
        before = _on_signals(stop)
        try:
            service = Service(settings, _open(url, stop), workers)
            _run(service, listening, stop)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _open(url: str, stop: Event) -> SqlStore:
    """The store; a server that cannot be reached yet is waited for."""
    deadline = time.monotonic() + UNREACHED
    while True:
        try:
            return open_sql_store(url)
        except StoreError as error:
            away = isinstance(error.__cause__, OperationalError) and not url.startswith("sqlite")
            if not away or time.monotonic() > deadline or stop.is_set():
                raise
            log.warning("waits for the store: %s", error)
            stop.wait(2.0)


def listening_socket(address: Address) -> socket.socket:
    """A socket that listens there already, so that a taken port stops the start."""
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, _, _, _, place = found[0]
        return socket.create_server(place[:2], family=family, backlog=2048)
    except OSError as error:
        raise ServiceError(
            f"cannot listen on {address.host} port {address.port}: {error.strerror}; give another "
            "address with --host or --port, or end what listens there"
        ) from error


def _on_signals(stop: Event) -> dict[signal.Signals, signal._HANDLER]:
    """The first signal ends the service in order, a second one at once. The handlers before."""

    def handle(_number: int, _frame: object) -> None:
        if stop.is_set():
            os._exit(2)
        stop.set()

    return {number: signal.signal(number, handle) for number in SIGNALS}


class Service:
    """What runs in one process."""

    def __init__(self, settings: Settings, store: SqlStore, workers: int) -> None:
        by = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"
        models = {model.name: model for model in settings.models}
        self.store = store
        self.schedule = Schedule(store.engine)
        self.turns = Turns(models, store, self.schedule, by, workers)
        self._settings = settings
        self._outlets = outlets_of(settings, store)
        self._begun = False
        self.loops = [Loop("schedule", self._turn), Loop("reminders", self._remind)]
        self.loops += [
            Loop(f"channel {name}", partial(self._deliver, name)) for name in self._outlets
        ]
        self.turns.ended = self._wake

    def _wake(self) -> None:
        for loop in self.loops:
            loop.wake()

    def _turn(self) -> float:
        if not self._begun:
            now = datetime.now(UTC)
            models = self.turns.models.values()
            self.schedule.ensure({model.name: due_at_start(model, now) for model in models}, now)
            self._begun = True
        return self.turns.step()

    def _remind(self) -> float:
        remind(self._settings, self.store, datetime.now(UTC))
        return REMIND_SECONDS

    def _deliver(self, name: str) -> float:
        """Send what is due on one channel; a slow one keeps only itself waiting."""
        outlet, now = self._outlets[name], datetime.now(UTC)
        found = deliver_to(self.store, name, outlet, now, OUTBOX_SECONDS)
        for trouble in found.troubles:
            level = logging.ERROR if trouble.final else logging.WARNING
            verb = "was not sent" if trouble.final else "is sent later"
            log.log(level, "%s: %s %s: %s", trouble.channel, trouble.title, verb, trouble.error)
        return OUTBOX_SECONDS

    def start(self) -> None:
        for loop in self.loops:
            loop.start()

    def revive(self) -> None:
        """Start again what has died, which should never be."""
        for loop in self.loops:
            if not loop.alive:
                log.error("%s has died and is started again", loop.name)
                loop.start()

    def stop(self) -> None:
        """Take nothing new."""
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

    @property
    def healthy(self) -> bool:
        """Whether every loop is there. One that waits for the store is."""
        return all(loop.alive for loop in self.loops)


def _run(service: Service, listening: socket.socket, stop: Event) -> None:
    server = _http(service)
    http = Thread(target=server.run, args=([listening],), name="driftline-http", daemon=True)
    http.start()
    service.start()
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    log.info("listens on http://%s:%d, watches %s", shown, port, ", ".join(service.turns.models))
    while not stop.wait(1.0):
        service.revive()
        if not http.is_alive():
            raise ServiceError("HTTP has ended; the log says why")
    log.info("stops: windows in hand are finished, a second signal ends it at once")
    deadline = time.monotonic() + GRACE
    server.should_exit = True
    service.stop()
    ended = service.finish(deadline)
    http.join(max(0.1, deadline - time.monotonic()))
    log.info("stopped")
    if not ended or http.is_alive():
        _leave()
    service.store.close()


def _leave() -> None:
    """End though a thread hangs in a source: a claim that it held is given back already."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)


def _http(service: Service) -> uvicorn.Server:
    import uvicorn

    config = uvicorn.Config(
        _app(service),
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=3,
    )
    return uvicorn.Server(config)


def _app(service: Service) -> Starlette:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    def healthz(_request: Request) -> JSONResponse:
        well = service.healthy
        told = {"status": "ok" if well else "failing"}
        return JSONResponse(told, 200 if well else 503)

    return Starlette(routes=[Route("/healthz", healthz)])
