"""From rows of JSON to Arrow tables."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from itertools import chain
from typing import Any

import pyarrow as pa

from driftline.profiles.frames import as_table, to_microseconds
from driftline.sources.moments import MISSING
from driftline.wording import one_line

CELLS = 2**19
"""Values (rows x columns) that are held at a time: as Python objects about 50 MB."""
FEWEST, MOST = 1000, 2**15
"""Rows of a table, for wide and narrow ones."""


@dataclass
class Gathered:
    """Rows that become tables, and entries that are no rows.

    Attributes:
        columns: those to keep; None keeps all.
        timestamp: the column of moments.
        names: every column that was seen, kept or not.
        rows: how many rows were seen.
        bad: how many entries were no objects; `example` is the first.
    """

    columns: Collection[str] | None
    timestamp: str | None
    names: dict[str, None] = field(default_factory=dict)
    rows: int = 0
    bad: int = 0
    example: str = ""

    def tables(self, entries: Iterator[Any]) -> Iterator[pa.Table]:
        held: list[dict[str, Any]] = []
        for entry in entries:
            if not isinstance(entry, dict):
                self._pass_over(entry)
                continue
            held.append(entry)
            if len(held) >= MOST or (len(held) >= FEWEST and len(held) * len(held[0]) >= CELLS):
                yield self._table(held)
                held = []
        if held:
            yield self._table(held)

    def _pass_over(self, entry: Any) -> None:
        self.bad += 1
        if not self.example:
            self.example = one_line(json.dumps(entry, ensure_ascii=False))[:60]

    def _table(self, rows: Sequence[dict[str, Any]]) -> pa.Table:
        names = list(dict.fromkeys(chain.from_iterable(rows)))
        self.names.update(dict.fromkeys(names))
        self.rows += len(rows)
        kept = [name for name in names if self._is_kept(name)]
        if self.timestamp is not None and self.timestamp not in kept:
            kept.insert(0, self.timestamp)
        columns = {name: _plain([row.get(name) for row in rows]) for name in kept}
        table = as_table(columns) if kept else pa.table({"": pa.nulls(len(rows))}).select([])
        return _with_moments(table, self.timestamp) if self.timestamp is not None else table

    def _is_kept(self, name: str) -> bool:
        return self.columns is None or name in self.columns or name == self.timestamp

    def in_words(self) -> str:
        entries = f"{self.bad:,} entr{'y' if self.bad == 1 else 'ies'}"
        return f"{entries} of the list left out: not an object but such as {self.example}"


def _plain(values: list[Any]) -> list[Any]:
    """Values that Arrow has a type for; lists and objects as their JSON."""
    if set(map(type, values)).isdisjoint((dict, list)):
        return values
    return [
        json.dumps(value, sort_keys=True, ensure_ascii=False)
        if isinstance(value, dict | list)
        else value
        for value in values
    ]


def _with_moments(table: pa.Table, name: str) -> pa.Table:
    """The table with moments instead of text where all of it can be read. Dates as HTTP writes them
    (Flask does in JSON) are read too."""
    column = table[name]
    if not pa.types.is_string(column.type):
        return table
    texts = column.to_pylist()
    first = next((text for text in texts if text is not None), "")
    if first[:3].isalpha() and first[3:4] == ",":
        column = pa.chunked_array([pa.array([_iso(text) for text in texts], pa.string())])
    micros = to_microseconds(column)
    if ((micros == MISSING) & column.is_valid().to_numpy()).any():
        parsed: pa.Array | pa.ChunkedArray = column
    else:
        parsed = pa.array(micros, mask=micros == MISSING).cast(pa.timestamp("us", "UTC"))
    return table.set_column(table.column_names.index(name), name, parsed)


def _iso(text: str | None) -> str | None:
    try:
        return parsedate_to_datetime(text).isoformat() if text else text
    except ValueError:
        return text
