"""The dashboard by itself, until a signal ends it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

from driftline.dashboard.application import application
from driftline.dashboard.shown import Shown
from driftline.errors import ServiceError
from driftline.service.api.access import is_loopback
from driftline.service.listening import Address, Http, listening_socket, signals_set, url_of


def serve_dashboard(shown: Shown, address: Address, tell: Callable[[str], None]) -> None:
    """Serve it until a signal comes; `tell` gets its address once it can be opened.

    Raises ServiceError when it cannot listen there, or may not: others could reach it.
    """
    stop = Event()
    with listening_socket(address) as listening, signals_set(stop):
        host = address.reached_at(listening)
        if not (shown.settings.login or address.open_to_all or is_loopback(host)):
            raise ServiceError(
                f"others can reach {host}, and the dashboard has no login: give a `login` in the "
                "settings (`driftline password` makes the hash of a password), listen on "
                "127.0.0.1, or say --insecure-open if something else keeps strangers out"
            )
        http = Http(application(shown, any_host=address.open_to_all), listening, lifespan=True)
        http.start()
        tell(url_of(listening))
        while not stop.wait(0.5):
            if not http.alive:
                raise ServiceError("the dashboard has ended; the log says why")
        http.stop()
        http.join(5.0)
