"""Connections that only read, and a database's failures in words without secrets."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from driftline.errors import SourceError
from driftline.settings.fields import shown_url

_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
_STEPS = 50_000
"""Steps of SQLite between two looks at the clock."""


@dataclass
class Patience:
    """When the answer that is waited for is overdue."""

    length: timedelta
    _until: float = field(default=float("inf"), repr=False)

    def begin(self) -> None:
        self._until = time.monotonic() + self.length.total_seconds()

    def is_over(self) -> bool:
        return time.monotonic() > self._until


@dataclass
class Database:
    """One database as a source reads it.

    Attributes:
        shown: its URL without the password.
        patience: how long to wait for a connection and each answer.
    """

    url: str = field(repr=False)
    patience: Patience
    _made: Engine | None = field(default=None, repr=False)

    @property
    def shown(self) -> str:
        return shown_url(self.url)

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """A transaction that only reads and streams its results; SourceError when it fails."""
        with self._failures_told(), self._engine().connect() as connection, connection.begin():
            _settle(connection, self.patience.length)
            self.patience.begin()
            yield connection

    def _engine(self) -> Engine:
        if self._made is None:
            self._made = self._make()
        _require_file(self._made.url)
        return self._made

    def _make(self) -> Engine:
        try:
            url = make_url(self.url)
            url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
            known = url.get_dialect().name
            if "@" in (url.host or ""):  # or an error of the driver tells what is behind it
                raise ValueError("a password with an @")
        except ModuleNotFoundError as error:
            raise self._lacking(error) from None
        except (ArgumentError, NoSuchModuleError, ValueError):
            raise SourceError(
                f'"{self.shown}" is no database URL; write postgresql://user:password@host/name or '
                "sqlite:///file.db (in a password, write @ as %40, : as %3A and / as %2F)"
            ) from None
        seconds = max(1, round(self.patience.length.total_seconds()))
        waiting = {"sqlite": "timeout", "postgresql": "connect_timeout", "mysql": "connect_timeout"}
        arguments = {waiting[known]: seconds} if known in waiting else {}
        try:
            engine = create_engine(
                url, poolclass=NullPool, hide_parameters=True, connect_args=arguments
            )
        except ModuleNotFoundError as error:
            raise self._lacking(error) from None
        if known == "sqlite":
            self._prepare_sqlite(engine)
        return engine

    def _lacking(self, error: ModuleNotFoundError) -> SourceError:
        extra = '"driftline[postgresql]"' if error.name == "psycopg" else str(error.name)
        return SourceError(
            f'{self.shown} needs the package "{error.name}"; install it with: pip install {extra}'
        )

    def _prepare_sqlite(self, engine: Engine) -> None:
        @event.listens_for(engine, "connect")
        def _prepare(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA query_only = ON")
            connection.text_factory = lambda text: text.decode(errors="replace")
            connection.set_progress_handler(self.patience.is_over, _STEPS)

    @contextmanager
    def _failures_told(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise SourceError(self._told(error)) from None

    def _told(self, error: SQLAlchemyError) -> str:
        cause = str(getattr(error, "orig", None) or error).strip()
        told = "; ".join(line.strip() for line in cause.splitlines()[:2] if line.strip())
        url = self._made.url if self._made is not None else None
        if url is not None and url.password:
            told = told.replace(str(url.password), "***")
        if told == "interrupted" or "statement timeout" in told:
            told = f"no answer after {self.patience.length}; lengthen `timeout`, or ask for less"
        return f"{self.shown}: {told}"


def _settle(connection: Connection, timeout: timedelta) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        milliseconds = max(1, int(timeout.total_seconds() * 1000))
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {milliseconds:d}")
        connection.exec_driver_sql("SET LOCAL TIME ZONE 'UTC'")


def _require_file(url: URL) -> None:
    """SQLite makes a file that is not there, which then has no tables."""
    name = url.database or ""
    if url.get_backend_name() != "sqlite" or name.startswith("file:"):
        return
    if name in ("", ":memory:"):
        raise SourceError("sqlite:// names no file; write sqlite:///file.db")
    if not os.path.isfile(name):
        raise SourceError(f"no such file: {name}; `url` must name an SQLite database")
