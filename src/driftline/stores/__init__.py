"""Stores keep what was found: results, incidents, events and the outbox."""

from __future__ import annotations

from driftline.stores.memory import MemoryStore
from driftline.stores.protocol import Store

__all__ = ["Store", "open_store"]


def open_store(url: str) -> Store:
    """The store at `url`: "memory://", or SQLAlchemy's URL of a SQLite or PostgreSQL database.

    A new database gets its tables, one written by an older Driftline is brought up to date; both
    are safe when several processes open it at once. StoreError, which never shows a password, when
    it cannot be opened, holds something else or was written by a newer Driftline.

    >>> open_store("memory://").models()
    []
    """
    if url.startswith("memory:"):
        return MemoryStore()
    from driftline.stores.sql import open_sql_store

    return open_sql_store(url)
