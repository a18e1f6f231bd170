"""Bring a database to the schema this Driftline knows, also when several processes open it."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import Column, Connection, Engine, MetaData, Table, Text, inspect, select, text

from driftline.errors import StoreError
from driftline.stores.engine import make_engine, reading, shown, writing
from driftline.stores.tables import SCHEMA_VERSION, VERSION_TABLE

if TYPE_CHECKING:
    from alembic.config import Config

ADVISORY_LOCK = 0x64726966746C696E  # "driftlin"

_one_thread = Lock()
"""Alembic keeps the migration that runs in globals: one at a time in a process."""

_versions = Table(VERSION_TABLE, MetaData(), Column("version_num", Text))


def open_database(url: str) -> Engine:
    """An engine for the database at `url`, its tables made or brought up to date.

    StoreError when it cannot be opened or is none of ours.
    """
    if url.startswith("memory:"):
        raise StoreError("keys and the log need a database; memory:// forgets: name another store")
    engine = make_engine(url)
    try:
        bring_up_to_date(engine)
    except StoreError:
        engine.dispose()
        raise
    return engine


def is_there(url: str) -> bool:
    """Whether the database at `url` has tables of ours. Makes nothing; StoreError when it cannot be
    asked."""
    engine = make_engine(url)
    try:
        database = engine.url.database or ""
        if engine.dialect.name == "sqlite" and not Path(database).exists():
            return False
        with reading(engine) as connection:
            return stored_version(connection) is not None
    finally:
        engine.dispose()


def bring_up_to_date(engine: Engine) -> None:
    """Make or migrate the tables unless the stored version is ours already.

    StoreError when the database cannot be opened or a newer Driftline has written it.
    """
    with reading(engine) as connection:
        found = stored_version(connection)
    if found == SCHEMA_VERSION:
        return
    _refuse_newer(engine, found)
    with _one_thread, writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        found = stored_version(connection)
        _refuse_newer(engine, found)
        if found != SCHEMA_VERSION:
            migrate(connection)


def stored_version(connection: Connection) -> str | None:
    """The version of the schema in the database; None when it has no tables of ours."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(select(_versions.c.version_num)).scalar()


def _refuse_newer(engine: Engine, found: str | None) -> None:
    if found is not None and found > SCHEMA_VERSION:
        raise StoreError(
            f"store {shown(engine.url)} was written by a newer Driftline (its schema is {found}, "
            f"this one knows up to {SCHEMA_VERSION}); upgrade Driftline or name another store"
        )


def migrate(connection: Connection) -> None:
    """Run every migration the database lacks, in the transaction of `connection`."""
    from alembic import command

    command.upgrade(alembic_config(connection), "head")


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings for our migrations over an open connection."""
    from alembic.config import Config

    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
