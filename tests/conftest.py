"""What the suites share: a throw-away PostgreSQL server, where one is installed, and an HTTP server
that answers as it is told."""

from __future__ import annotations

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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

PASSWORD = "throw-away"


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
