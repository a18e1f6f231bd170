"""What every source can do. One contract suite runs on all of them.

A source gives rows: predictions, labels or a reference. Faults of the data (a corrupt file, rows
without a moment) are told as `Problem`s and never stop the rest; only a source that gives nothing
at all because it cannot be read raises SourceError, which is never the same as "no rows".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

import pyarrow as pa
from pydantic import BaseModel

from driftline.uniting import united

ProblemCode = Literal[
    "unreadable_source",
    "missing_column",
    "bad_timestamps",
    "bad_lines",
    "bad_encoding",
    "empty_source",
]

CANNOT = "cannot be read"
"""How the message of an unreadable_source begins."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a part of a source.

    Attributes:
        code: unreadable_source (a file or part of it could not be read), missing_column (a file
            lacks a column that is needed), bad_timestamps (rows whose moment is missing or
            unreadable), bad_lines (lines that are no row), bad_encoding (bytes that are no text),
            empty_source (a file without rows).
        path: the file concerned, or what stands for it.
        message: what was found, in words.
        rows: how many rows were left out or damaged; 0 when that is not known.
    """

    code: ProblemCode
    path: str
    message: str
    rows: int = 0

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


@dataclass
class Reading:
    """Tables, one after the other, and the problems met so far. It can be walked through once."""

    tables: Iterator[pa.Table]
    problems: list[Problem] = field(default_factory=list)

    def __iter__(self) -> Iterator[pa.Table]:
        return self.tables

    def table(self) -> pa.Table:
        """All rows in one table; columns that some tables lack are null there, those of which
        tables hold different types are converted."""
        return united(list(self.tables))[0]


class Source(Protocol):
    """Gives rows. `name` says in messages which source it is."""

    @property
    def name(self) -> str: ...

    def batches(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        columns: Collection[str] | None = None,
    ) -> Reading:
        """The rows whose moment is in [start, end), in tables of bounded size, in no set order.

        A bound of None is open. Moments without a zone are UTC. Rows whose moment is missing or
        unreadable belong to no span: they are left out, counted and told as a problem. A source
        without a timestamp column gives all its rows. Tables may differ in their columns and types.

        Args:
            columns: read only these and the timestamp column; those that are not there are passed
                over. None reads all.

        Raises SourceError when there is nothing to read from or nothing can be read, ColumnError
        when a needed column is nowhere; both when the reading begins or, where only that can tell,
        at its end.
        """

    def span(self) -> tuple[datetime, datetime] | None:
        """The first and the last moment present; None without rows or a timestamp column."""

    def columns(self, start: datetime | None = None, end: datetime | None = None) -> pa.Schema:
        """Name and type of every column; where files differ, the first file that has values. A
        source that can only tell by its rows looks at some of [start, end), or at its newest."""


@runtime_checkable
class Lasting(Source, Protocol):
    """A source that can go on from run to run of a service: whatever it remembers of its rows it
    holds against them at every reading. Other sources are made anew for each run."""

    def again(self) -> Source:
        """The source for another run."""

    def still(self) -> Source:
        """The source for a few readings that belong together: what changes after the first of them
        may be seen or not by the others."""


def still(source: Source) -> Source:
    """The source for a few readings that belong together, so that it need not look for each at all
    that it has."""
    return source.still() if isinstance(source, Lasting) else source


class MakeSource(Protocol):
    def __call__(
        self, settings: Any, timestamp: str | None = None, required: Sequence[str] = ()
    ) -> Source: ...


@dataclass(frozen=True)
class SourceKind:
    """A kind of source: what `source: NAME` in the settings file stands for.

    Attributes:
        name: the word in the settings file.
        settings: the model of the keys that are this kind's own (path, url), made with
            `driftline.settings.fields.CONFIG`.
        make: a source from such settings, the name of the timestamp column (None: the rows have no
            moments) and the names of the columns that must be there.
        summary: one line about it for the reference page.
    """

    name: str
    settings: type[BaseModel]
    make: MakeSource = field(repr=False)
    summary: str = ""


Note = Callable[[Problem], None]
