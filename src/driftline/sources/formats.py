"""What a format of files (parquet, csv) has to do, and what is remembered of each file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from driftline.sources.protocol import Note

BATCH_CELLS = 2**22
"""Cells (rows x columns) that a table has about; 32 MB of numbers."""

UNREADABLE = (pa.ArrowException, OSError, UnicodeError)
"""What reading a damaged file raises."""


def batch_rows(columns: int) -> int:
    """Rows of a table with so many columns: about `BATCH_CELLS` cells, 8,192 to 1,048,576 rows."""
    return max(2**13, min(2**20, BATCH_CELLS // max(1, columns)))


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a file that can be read or skipped alone.

    Attributes:
        number: what the format calls it.
        low, high: first and last moment in microseconds; None when not known.
    """

    number: int
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is remembered of a file.

    Attributes:
        schema: its own columns.
        rows: how many; None when not known.
        parts: its parts.
        names: of its own columns and of those that its folders give it.
    """

    schema: pa.Schema
    rows: int | None
    parts: tuple[Part, ...]
    names: tuple[str, ...] = ()


class Format(Protocol):
    """How files of one kind are looked at and read. Both may raise any of `UNREADABLE`."""

    @property
    def endings(self) -> tuple[str, ...]:
        """How names of such files end, in small letters."""

    def look(self, path: str, timestamp: str | None) -> Facts:
        """What can be known of a file without reading its rows."""

    def read(
        self, path: str, facts: Facts, parts: Sequence[Part], columns: list[str], note: Note
    ) -> Iterator[pa.Table]:
        """The rows of `parts`, in tables of bounded size, with `columns` in that order."""
