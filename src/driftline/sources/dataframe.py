"""Rows of a frame that is in memory: for notebooks and tests."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from driftline.profiles.frames import as_table, require_columns, to_microseconds
from driftline.sources.formats import batch_rows
from driftline.sources.moments import MISSING, Moments
from driftline.sources.protocol import Problem, Reading
from driftline.windows import from_micros


@dataclass(frozen=True)
class FrameSource:
    """Rows of one Arrow table."""

    data: pa.Table
    timestamp: str | None = None
    name: str = "frame"

    def batches(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        columns: Collection[str] | None = None,
    ) -> Reading:
        names = self.data.column_names
        if columns is not None:
            names = [name for name in names if name in columns or name == self.timestamp]
        problems: list[Problem] = []
        return Reading(self._tables(start, end, names, problems), problems)

    def _tables(
        self,
        start: datetime | None,
        end: datetime | None,
        names: list[str],
        problems: list[Problem],
    ) -> Iterator[pa.Table]:
        table, rows = self.data.select(names), batch_rows(len(names))
        moments = Moments.between(start, end)
        for offset in range(0, table.num_rows, rows):
            piece = table.slice(offset, rows)
            if self.timestamp is not None:
                piece = moments.keep(piece, self.timestamp)
            if piece.num_rows:
                yield piece
        if moments.bad_rows:
            problems.append(moments.problem(self.name, self.timestamp or ""))

    def span(self) -> tuple[datetime, datetime] | None:
        if self.timestamp is None or self.data.num_rows == 0:
            return None
        micros = to_microseconds(self.data[self.timestamp])
        micros = micros[micros != MISSING]
        return (from_micros(micros.min()), from_micros(micros.max())) if len(micros) else None

    def columns(self, start: datetime | None = None, end: datetime | None = None) -> pa.Schema:
        return self.data.schema


def frame_source(
    frame: object, timestamp: str | None = None, required: Sequence[str] = ()
) -> FrameSource:
    """A source of the rows of `frame`: anything that exports Arrow, or a mapping of NumPy arrays.

    Raises ColumnError when `timestamp` or a required column is missing.
    """
    table = as_table(frame)
    needed = [name for name in (timestamp, *required) if name is not None]
    require_columns(needed, table, "frame")
    return FrameSource(table, timestamp)
