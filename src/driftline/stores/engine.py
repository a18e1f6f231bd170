"""Connections to the database of a SQL store, and its failures told in words without secrets."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from driftline.errors import StoreError
from driftline.settings.fields import shown_url

BUSY_SECONDS = 5.0
ALLOWED = (
    'use "sqlite:///driftline.db" (three slashes and a path), '
    '"postgresql://user:password@host/database" or "memory://"'
)
_DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
}


def shown(url: str | URL) -> str:
    """The URL as messages may show it: no password, even when it cannot be read as a URL."""
    if isinstance(url, URL):
        url = url.set(drivername=url.get_backend_name()).render_as_string(hide_password=False)
    return shown_url(url)


def make_engine(url: str) -> Engine:
    """An engine for `url`, not yet connected; StoreError when the URL names no database we know."""
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(parsed)
    try:
        return create_engine(parsed, pool_pre_ping=True, hide_parameters=True)
    except ModuleNotFoundError as error:
        raise StoreError(
            f'store {shown(parsed)} needs the package "{error.name}"; '
            'install it with: pip install "driftline[postgresql]"'
        ) from error


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
        known = parsed.drivername in _DRIVERS.values()
    except (ArgumentError, NoSuchModuleError, ValueError):
        known = False
    if not known:
        raise StoreError(f'"{shown(url)}" is not the URL of a store; {ALLOWED}')
    if "@" in (parsed.host or ""):
        raise StoreError(
            f'"{shown(url)}" has more than one "@": write those of the password as %40 (and : as '
            "%3A, / as %2F)"
        )
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise StoreError(f'"{shown(url)}" names no file; {ALLOWED}')
    return parsed


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_SECONDS, "isolation_level": None},
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: SqliteConnection, _record: Any) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")  # what is committed survives a power cut
        _use_wal(connection)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("driftline_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _use_wal(connection: SqliteConnection) -> None:
    """Switch the file to WAL, once. SQLite itself does not wait here while others have it open."""
    deadline = time.monotonic() + BUSY_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except connection.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one moment of the store and never waits for writers."""
    with failures_told(engine), engine.begin() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that may write: kept whole at the end of the block, or not at all."""
    with (
        failures_told(engine),
        engine.execution_options(driftline_writes=True).begin() as connection,
    ):
        yield connection


@contextmanager
def failures_told(engine: Engine) -> Iterator[None]:
    """Turn the database's errors into StoreError."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
        raise StoreError(
            f"store {shown(engine.url)} cannot be used: {cause}{_hint(engine.url, cause)}"
        ) from error


def _hint(url: URL, cause: str) -> str:
    if ("disk" in cause and "full" in cause) or "No space left" in cause:
        return "; free space there: nothing was lost, and it goes on as soon as there is some"
    if "read-only transaction" in cause or "readonly transaction" in cause:
        return "; the server takes no writes now (a standby, or set so): name the one that does"
    if url.get_backend_name() != "sqlite":
        return "; check that the server runs and that host, user, password and database are right"
    path = Path(url.database or "")
    if "not a database" in cause:
        return f"; {path} is a file of another kind: name another file"
    if "locked" in cause:
        return "; another process has kept it busy: try again, or stop that process"
    if path.is_dir():
        return f"; {path} is a folder: name a file in it"
    if not path.absolute().parent.is_dir():
        return f"; the folder {path.absolute().parent} does not exist: create it"
    if "open" in cause or "readonly" in cause:
        return f"; check that this user may write {path} and its folder"
    return ""
