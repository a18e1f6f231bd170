"""A real HTTP server that takes batches as the service does, and fails as it is told."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from driftline.client import Client, Limits

HANG_UP = 0
"""A scripted status: read the request, then close without an answer."""


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]
    rows: list[dict[str, Any]]
    schema: Any

    @property
    def key(self) -> str:
        return self.headers["Idempotency-Key"]


@dataclass(frozen=True)
class Scripted:
    """One answer that is not the usual 202."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    problem: dict[str, Any] | None = None


class Recorder:
    """What came in, and what to answer next; without a script every batch is taken once."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.accepted: dict[str, list[dict[str, Any]]] = {}
        self.script: list[Scripted] = []
        self.most_rows: int | None = None
        self.most_bytes: int | None = None
        self.turned_away = 0
        self.go_on = threading.Event()
        self.go_on.set()
        self.came = threading.Condition()

    def rows(self) -> list[dict[str, Any]]:
        return [row for rows in self.accepted.values() for row in rows]

    def wait_for(self, requests: int, timeout: float = 20.0) -> bool:
        with self.came:
            return self.came.wait_for(lambda: len(self.requests) >= requests, timeout)

    def answer(self, request: Request) -> Scripted:
        with self.came:
            self.requests.append(request)
            self.came.notify_all()
            scripted = self.script.pop(0) if self.script else None
        self.go_on.wait(30)
        if scripted is not None:
            return scripted
        if self.most_rows is not None and len(request.rows) > self.most_rows:
            return Scripted(413, problem={"title": "too large"})
        bad = [
            {"row": at, "field": "age", "message": "must be a number"}
            for at, row in enumerate(request.rows)
            if isinstance(row.get("age"), str)
        ]
        if bad:
            rows = [[fault["row"]] * 2 for fault in bad]
            problem = {"title": "wrong rows", "detail": "age", "errors": bad[:20], "rows": rows}
            return Scripted(422, problem=problem)
        with self.came:
            self.accepted.setdefault(request.key, request.rows)
        return Scripted(202)


def _handler(recorder: Recorder) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65536  # an answer in one piece

        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            if recorder.most_bytes is not None and size > recorder.most_bytes:
                recorder.turned_away += 1
                self.send_error(413)  # before the body is read, and hangs up
                self.close_connection = True
                return
            body = self.rfile.read(size)
            table = pa.ipc.open_stream(body).read_all()
            headers = dict(self.headers.items())
            request = Request(self.path, headers, table.to_pylist(), table.schema)
            told = recorder.answer(request)
            if told.status == HANG_UP:
                self.close_connection = True
                return
            content = json.dumps(told.problem or {"rows": len(request.rows)}).encode()
            kind = "application/problem+json" if told.problem else "application/json"
            self.send_response(told.status)
            for name, value in {"Content-Type": kind, **told.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    return Handler


class _Listener(ThreadingHTTPServer):
    """Hangs up on everybody when it stops."""

    daemon_threads = True

    def __init__(self, port: int, recorder: Recorder) -> None:
        super().__init__(("127.0.0.1", port), _handler(recorder))
        self.open: list[socket.socket] = []

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.append(request)
        super().process_request(request, client_address)

    def hang_up(self) -> None:
        for connection in self.open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Server:
    """A recorder behind a port of 127.0.0.1, which may stop and start again."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            self._port: int = listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._running: tuple[_Listener, threading.Thread] | None = None

    def start(self) -> None:
        server = _Listener(self._port, self.recorder)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        self._running = server, thread

    def stop(self) -> None:
        self.recorder.go_on.set()
        if self._running is not None:
            server, thread = self._running
            server.shutdown()
            thread.join()
            server.server_close()
            server.hang_up()
            self._running = None


@pytest.fixture
def away() -> Iterator[Server]:
    """A server that is not there yet."""
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def server(away: Server) -> Server:
    away.start()
    return away


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def make(server: Server, spool: Path) -> Iterator[Callable[..., Client]]:
    """Clients of the server that send soon, and are closed after the test."""
    with ExitStack() as stack:

        def made(spool: Path | None = spool, url: str = server.url, **limits: float) -> Client:
            told: dict[str, Any] = {"interval": 0.05, **limits}
            client = Client(url, "key-1", "returns", spool=spool, limits=Limits(**told))
            stack.callback(client.close, 0.2)
            return client

        yield made
