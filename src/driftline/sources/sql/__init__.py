"""A table or a query in a database: any that SQLAlchemy knows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Self

from pydantic import BaseModel, model_validator

from driftline.settings.fields import CONFIG, DatabaseUrl, Duration, Text
from driftline.sources.protocol import Source, SourceKind


class SqlSettings(BaseModel):
    """A table, a view or a query in a database. Nothing is ever written to it."""

    model_config = CONFIG

    url: DatabaseUrl
    """Any SQLAlchemy URL; a relative SQLite path is taken from the folder of the settings file."""
    table: Text | None = None
    """A table or view, `name` or `schema.name`, spelt as in the database; only the columns and the
    span that are needed are asked for."""
    query: Text | None = None
    """A SELECT instead of a table. `:start` and `:end` in it stand for the ends of the span; where
    it has neither, it is narrowed to the span by its timestamp column."""
    timeout: Duration = timedelta(minutes=5)
    """How long to wait for a connection, and for each answer."""

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.table is None) == (self.query is None):
            found = "neither" if self.table is None else "both"
            raise ValueError(f"give `table` or `query`, one of them; found {found}")
        if self.query is not None and not re.match(r"\s*(\(|select\b|with\b)", self.query, re.I):
            raise ValueError("`query` must be one SELECT (or WITH ... SELECT)")
        if re.search(r":(start|end)::", self.query or ""):
            raise ValueError("`query` has a cast that hides the bound; write CAST(:start AS date)")
        return self

    @property
    def bounds(self) -> tuple[str, ...]:
        """Which of `:start` and `:end` the query has; none for a table."""
        found = re.findall(r"(?<![:\w\\]):(start|end)(?![:\w])", self.query or "")
        return tuple(sorted(set(found)))


def _make(
    settings: SqlSettings, timestamp: str | None = None, required: Sequence[str] = ()
) -> Source:
    from driftline.sources.sql.reading import SqlSource  # SQLAlchemy is heavy

    return SqlSource(settings, timestamp, tuple(required))


sql = SourceKind("sql", SqlSettings, _make, "A table or a query in a database.")
