"""What the suites share: a throw-away PostgreSQL server, where one is installed, and an HTTP server
that answers as it is told."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

PASSWORD = "throw-away"

# A busy machine makes no test fail: what an example costs is measured in benchmarks/.
hypothesis_settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("any machine")


@dataclass
class PostgresqlServer:
    """A throw-away PostgreSQL server on 127.0.0.1, that can be stopped and started again."""

    programs: Path
    folder: Path
    user: str | None
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL up to the database."""
        return f"postgresql://driftline:{PASSWORD}@127.0.0.1:{self.port}"

    def create(self) -> None:
        """Make its files."""
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        if self.user is not None:
            for path in (self.folder, secret):
                shutil.chown(path, self.user)
        subprocess.run(
            [
                *(self.programs / "initdb", "-D", self.folder / "data", "-U", "driftline"),
                *("-E", "UTF8", "--locale=C", "--auth=scram-sha-256", "--no-sync"),
                f"--pwfile={secret}",
            ],
            check=True,
            capture_output=True,
            user=self.user,
            cwd=self.folder,
        )

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                *(self.programs / "postgres", "-D", self.folder / "data", "-p", str(self.port)),
                *("-F", "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self.user,
            cwd=self.folder,
        )
        _wait_for(self.port)

    def stop(self) -> None:
        """End it at once, with every connection to it."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(20)
            self.process = None


@contextmanager
def _new_postgresql() -> Iterator[PostgresqlServer]:
    programs = _postgresql_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed here (no initdb found): these tests did not run")
    pytest.importorskip("psycopg", reason='needs: pip install "driftline[postgresql]"')
    folder = Path(tempfile.mkdtemp(prefix="driftline-postgresql-"))
    server = PostgresqlServer(programs, folder, _someone_but_root(), _free_port())
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL, up to the database, of a new server on 127.0.0.1 that is gone after the tests."""
    with _new_postgresql() as server:
        yield server.url


@pytest.fixture
def own_postgresql() -> Iterator[PostgresqlServer]:
    """A server that no other test uses, to be stopped and started."""
    with _new_postgresql() as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """The URL of a new, empty database."""
    name = f"test_{uuid.uuid4().hex}"
    address = postgresql_server.replace("postgresql://", "postgresql+psycopg://")
    admin = create_engine(f"{address}/postgres", isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield f"{postgresql_server}/{name}"
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def sql_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new, empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'driftline.db'}"
    return str(request.getfixturevalue("postgresql_url"))


def _postgresql_programs() -> Path | None:
    found = shutil.which("initdb")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    places = [Path(found)] if found else installed
    return places[-1].resolve().parent if places else None


def _someone_but_root() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    engine = create_engine(f"postgresql+psycopg://driftline:{PASSWORD}@127.0.0.1:{port}/postgres")
    deadline = time.monotonic() + 20
    while True:
        try:
            engine.connect().close()
            engine.dispose()
            return
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@dataclass(frozen=True)
class Asked:
    """What a loopback server was asked."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Loopback:
    """An HTTP server on 127.0.0.1. Answers one after the other from `answers`, then the last again:
    (status, headers, body), or None: nothing, until the test is over."""

    url: str = ""
    answers: list[tuple[int, dict[str, str], str] | None] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def handler(self) -> type[BaseHTTPRequestHandler]:
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                loopback.asked.append(Asked(self.path, headers, body))
                number = min(len(loopback.asked), len(loopback.answers)) - 1
                answer = loopback.answers[number]
                if answer is None:
                    loopback.over.wait(30)
                    return
                status, extra, text = answer
                self.send_response(status)
                for name, value in {"Content-Length": str(len(text)), **extra}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                """Silent."""

        return Handler


@pytest.fixture
def loopback() -> Iterator[Callable[..., Loopback]]:
    """Start a loopback server with these answers."""
    started: list[tuple[Loopback, ThreadingHTTPServer]] = []

    def start(*answers: tuple[int, dict[str, str], str] | None) -> Loopback:
        made = Loopback(answers=list(answers))
        server = ThreadingHTTPServer(("127.0.0.1", 0), made.handler())
        made.url = f"http://127.0.0.1:{server.server_address[1]}/services/T0/B0/SECRETSECRET"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        started.append((made, server))
        return made

    yield start
    for made, server in started:
        made.over.set()
        server.shutdown()
        server.server_close()


@dataclass
class RowsService:
    """An HTTP service on 127.0.0.1 that gives the rows of a span as JSON, as people build them.

    Attributes:
        rows: what it has; `ts` is the moment. Rows without a readable one are in every span.
        paging: how it splits an answer, in pages of `size` rows.
        truth: what it answers at /ground-truth, by the start of the span; "" for any.
        answers: what it answers instead, one after the other: (status, headers, body), or None:
            nothing, until the test is over.
        asked: path, parameters and headers of each request.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    paging: Literal["none", "page", "offset", "next", "link"] = "none"
    size: int = 100
    truth: dict[str, Any] = field(default_factory=dict)
    answers: list[tuple[int, dict[str, str], bytes | str] | None] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def reply(self, path: str, query: dict[str, str]) -> tuple[int, dict[str, str], str]:
        if path.endswith("/ground-truth"):
            found = self.truth.get(query["start_time"], self.truth.get("", {"labels": []}))
            return 200, {}, json.dumps(found)
        low, high = (datetime.fromisoformat(query[f"{end}_time"]) for end in ("start", "end"))
        rows = [row for row in self.rows if _is_within(row.get("ts"), low, high)]
        size = int(query.get("limit", self.size))
        at = int(query.get("offset", 0))
        if self.paging == "page":
            at = (int(query["page"]) - 1) * size
        if self.paging == "none":
            return 200, {}, json.dumps({"features": rows})
        answer: dict[str, Any] = {"features": rows[at : at + size], "total": len(rows)}
        headers = {}
        if at + size < len(rows):
            further = f"{path}?{urlencode({**query, 'offset': at + size})}"
            if self.paging == "next":
                answer = {"next": further, **answer}
            if self.paging == "link":
                headers = {"Link": f'<{self.url}{further}>; rel="next"'}
        return 200, headers, json.dumps(answer)

    def handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
                headers = {name.lower(): value for name, value in self.headers.items()}
                service.asked.append((parts.path, query, headers))
                answer: tuple[int, dict[str, str], bytes | str] | None
                if service.answers:
                    answer = service.answers.pop(0)
                else:
                    answer = service.reply(parts.path, query)
                if answer is None:
                    service.over.wait(30)
                    self.close_connection = True
                    return
                self._send(*answer)

            def _send(self, status: int, headers: dict[str, str], body: bytes | str) -> None:
                data = body.encode() if isinstance(body, str) else body
                self.send_response(status)
                usual = {"Content-Length": str(len(data)), "Content-Type": "application/json"}
                for name, value in {**usual, **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)
                if headers.get("Content-Length"):  # a wrong one: the answer is cut off
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Silent."""

        return Handler


def _is_within(moment: object, low: datetime, high: datetime) -> bool:
    try:
        known = datetime.fromisoformat(str(moment))
    except ValueError:
        return True
    known = known if known.tzinfo else known.replace(tzinfo=low.tzinfo)
    return low <= known < high


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that goes away in mid-answer is no fault of the test."""


@pytest.fixture
def rows_service() -> Iterator[Callable[..., RowsService]]:
    """Start a service with these rows."""
    started: list[tuple[RowsService, ThreadingHTTPServer]] = []

    def start(rows: list[dict[str, Any]] | None = None, **how: Any) -> RowsService:
        made = RowsService(rows or [], **how)
        server = _Server(("127.0.0.1", 0), made.handler())
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        started.append((made, server))
        return made

    yield start
    for made, server in started:
        made.over.set()
        server.shutdown()
        server.server_close()
