"""Rows of a table or a query: narrowed by the database, streamed, never all in memory."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    column,
    func,
    inspect,
    literal_column,
)
from sqlalchemy import select as choose
from sqlalchemy import table as named
from sqlalchemy import text as written
from sqlalchemy.exc import NoSuchTableError, SAWarning

from driftline.errors import ColumnError, SourceError, nearest, quoted
from driftline.profiles.frames import to_microseconds
from driftline.sources.moments import MISSING, Moments
from driftline.sources.protocol import Problem, Reading
from driftline.sources.sql import SqlSettings
from driftline.sources.sql.database import Database, Patience
from driftline.sources.sql.spans import Held, Span, held, no_moment
from driftline.sources.sql.values import declared, to_arrow
from driftline.windows import from_micros

FETCH_CELLS = 2**19
"""Cells (rows x columns) that are fetched at a time: as Python objects about 50 MB."""
SAMPLE = 100
"""Rows that types are guessed from."""


@dataclass(frozen=True)
class Look:
    """What is known of a table or query without reading it."""

    schema: pa.Schema
    kinds: Mapping[str, pa.DataType]
    held: Held | None


@dataclass
class SqlSource:
    """Rows of one table or query."""

    settings: SqlSettings
    timestamp: str | None = None
    required: tuple[str, ...] = ()
    _database: Database = field(init=False, repr=False)
    _look: Look | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        url = self.settings.url.get_secret_value()
        self._database = Database(url, Patience(self.settings.timeout))

    @property
    def name(self) -> str:
        what = f"table {self.settings.table}" if self.settings.table else "query"
        return f"{self._database.shown} ({what})"

    def batches(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        columns: Collection[str] | None = None,
    ) -> Reading:
        look = self._looked()
        names = look.schema.names
        if columns is not None:
            names = [name for name in names if name in columns or name == self.timestamp]
        problems: list[Problem] = []
        span = Span(start, end) if self.timestamp is not None else Span()
        return Reading(self._tables(look, span, names, problems), problems)

    def span(self) -> tuple[datetime, datetime] | None:
        look, name = self._looked(), self.timestamp
        if name is None or look.held is None:
            return None
        moment: ColumnElement[Any] = column(name)
        with self._database.connected() as connection:
            ends = choose(func.min(moment), func.max(moment)).select_from(self._rows(connection))
            found = connection.execute(ends.where(~no_moment(moment, look.held))).one()
        if found[0] is None:
            return None
        micros = to_microseconds(to_arrow([name], [(end,) for end in found], look.kinds)[name])
        if MISSING in micros:
            micros = self._all_moments(name)
        return (from_micros(micros.min()), from_micros(micros.max())) if len(micros) else None

    def columns(self, start: datetime | None = None, end: datetime | None = None) -> pa.Schema:
        return self._looked().schema

    def _all_moments(self, name: str) -> Any:
        return to_microseconds(self.batches(columns=()).table()[name])

    def _tables(
        self, look: Look, span: Span, names: list[str], problems: list[Problem]
    ) -> Iterator[pa.Table]:
        moments = Moments.between(span.start, span.end)
        with self._database.connected() as connection:
            columns: list[ColumnElement[Any]] = [column(name) for name in names]
            asked = choose(*columns).select_from(self._rows(connection, span))
            narrowed = self._narrowed(look, span)
            if narrowed is not None:
                asked = asked.where(*span.conditions(*narrowed))
            for table in self._streamed(connection, asked, names, look.kinds):
                kept = moments.keep(table, self.timestamp) if self.timestamp else table
                if kept.num_rows:
                    yield kept
            if narrowed is not None:
                self._count_lost(connection, narrowed, moments)
        if moments.bad_rows:
            problems.append(moments.problem(self.name, self.timestamp or ""))

    def _narrowed(self, look: Look, span: Span) -> tuple[ColumnElement[Any], Held] | None:
        """The timestamp column and what it holds, where the span is to be asked for by it."""
        is_open = span.start is None and span.end is None
        if is_open or self.settings.bounds or look.held is None or self.timestamp is None:
            return None
        return column(self.timestamp), look.held

    def _streamed(
        self,
        connection: Connection,
        asked: Select[Any],
        names: list[str],
        kinds: Mapping[str, pa.DataType],
    ) -> Iterator[pa.Table]:
        rows = max(1000, min(2**15, FETCH_CELLS // max(1, len(names))))
        with connection.execution_options(yield_per=rows).execute(asked) as result:
            for part in result.partitions():
                yield to_arrow(names, part, kinds)
                self._database.patience.begin()

    def _count_lost(
        self, connection: Connection, narrowed: tuple[ColumnElement[Any], Held], moments: Moments
    ) -> None:
        """Count the rows that belong to no span, which the database has not given."""
        moment = narrowed[0]
        lost = choose(func.count(), func.min(moment)).select_from(self._rows(connection))
        rows, example = connection.execute(lost.where(no_moment(*narrowed))).one()
        moments.bad_rows += rows
        if moments.example is None and example is not None:
            moments.example = str(example)

    def _rows(self, connection: Connection, span: Span | None = None) -> FromClause:
        """The table, or the query as a table."""
        if self.settings.table is not None:
            schema, _, name = self.settings.table.rpartition(".")
            return named(name, schema=schema or None)
        query = written((self.settings.query or "").strip().rstrip(";"))
        dialect = connection.dialect.name
        ends = (span or Span()).parameters(self.settings.bounds, dialect)
        return query.bindparams(*ends).columns().subquery("data")

    def _looked(self) -> Look:
        if self._look is None:
            with self._database.connected() as connection:
                kinds = self._declared(connection)
                everything: Select[Any] = choose(literal_column("*")).select_from(
                    self._rows(connection)
                )
                result = connection.execute(everything.limit(SAMPLE))
                names, rows = list(result.keys()), result.all()
                self._require(names)
                schema = to_arrow(names, rows, kinds).schema
                self._look = Look(schema, kinds, self._held(connection, names, rows))
        return self._look

    def _declared(self, connection: Connection) -> dict[str, pa.DataType]:
        """The types that the table declares, so far as there are any like them in Arrow."""
        if self.settings.table is None:
            return {}
        schema, _, name = self.settings.table.rpartition(".")
        inspector = inspect(connection)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # types that SQLAlchemy does not know
            try:
                found = inspector.get_columns(name, schema or None)
            except NoSuchTableError:
                there = inspector.get_table_names(schema or None)
                there += inspector.get_view_names(schema or None)
                known = f" (there are {', '.join(sorted(there)[:20])})" if there else ""
                raise SourceError(
                    f'{self._database.shown}: no table "{self.settings.table}"'
                    f"{nearest(name, there)}{known}"
                ) from None
        types = {one["name"]: declared(one["type"]) for one in found}
        return {name: kind for name, kind in types.items() if kind is not None}

    def _require(self, names: list[str]) -> None:
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise SourceError(
                f"{self.name}: two columns called {', '.join(twice)}; give one of them another "
                "name with AS"
            )
        needed = [name for name in (self.timestamp, *self.required) if name is not None]
        absent = [name for name in needed if name not in names]
        if absent:
            told = quoted(absent, names)
            raise ColumnError(f"{self.name}: no column {told} (columns: {', '.join(names)})")

    def _held(self, connection: Connection, names: list[str], rows: Any) -> Held | None:
        if self.timestamp is None:
            return None
        place = names.index(self.timestamp)
        values = [row[place] for row in rows if row[place] is not None]
        if not values and len(rows) == SAMPLE:
            moment: ColumnElement[Any] = column(self.timestamp)
            some = choose(moment).select_from(self._rows(connection)).where(moment.is_not(None))
            values = list(connection.execute(some.limit(1)).scalars())
        return held(values, self.timestamp, self.name)
