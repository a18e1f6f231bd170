"""Listening: the socket and the HTTP server of the service."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from threading import Event, Thread
from typing import Any

from driftline.errors import ServiceError

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True)
class Address:
    """Where the service listens."""

    host: str
    port: int
    open_to_all: bool = False
    """Whether others may use it without a key: its owner says so."""
    published: str | None = None
    """The IP address at which others reach it, where that is not `host`: that of the machine at
    which a container's port is published."""

    def reached_at(self, listening: socket.socket) -> str:
        """The IP address at which others reach it. ServiceError when `published` is none."""
        if self.published is None:
            return str(listening.getsockname()[0])
        try:
            return str(ip_address(self.published))
        except ValueError:
            raise ServiceError(
                f'--published must be an IP address such as 127.0.0.1; found "{self.published}"'
            ) from None


def listening_socket(address: Address) -> socket.socket:
    """A socket that listens there already, so that a taken port stops the start."""
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        family, _, _, _, place = found[0]
        listening = socket.create_server(
            (str(place[0]), int(place[1])), family=family, backlog=2048
        )
    except OSError as error:
        raise ServiceError(
            f"cannot listen on {address.host} port {address.port}: {error.strerror}; give another "
            "address with --host or --port, or end what listens there"
        ) from error
    # Connections inherit it. asyncio sets it only on sockets that name their protocol, as none of
    # `create_server` does; without it every answer waits 40 ms for the other side's receipt.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def url_of(listening: socket.socket) -> str:
    """Where it can be reached.

    >>> with socket.create_server(("127.0.0.1", 0)) as listening:
    ...     url_of(listening)
    'http://127.0.0.1:...'
    """
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def signals_set(stop: Event) -> Iterator[None]:
    """Within, the first signal sets `stop`, to end in order, and a second one ends at once."""

    def handle(_number: int, _frame: object) -> None:
        if stop.is_set():
            os._exit(2)
        stop.set()

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Http:
    """The HTTP server, in a thread of its own. Signals are the business of the main thread."""

    def __init__(self, app: Any, listening: socket.socket, lifespan: bool = False) -> None:
        """`lifespan`: whether `app` has to be told of start and end."""
        import uvicorn

        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="on" if lifespan else "off",
                server_header=False,
                timeout_graceful_shutdown=3,
            )
        )
        self._thread = Thread(
            target=self._server.run, args=([listening],), name="driftline-http", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Take no further connection; finish what is asked."""
        self._server.should_exit = True

    def join(self, seconds: float) -> bool:
        """Wait for the end; whether it has ended."""
        self._thread.join(max(0.1, seconds))
        return not self.alive
