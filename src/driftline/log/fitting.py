"""Rows that were sent, as a table with the log's columns; what does not fit is named. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from driftline.errors import Rejected, RowFault, nearest
from driftline.log.arrow_values import take_arrow
from driftline.log.bodies import Body
from driftline.log.columns import MOMENT, OWN, RECEIVED, Columns, Rules, held_by
from driftline.log.json_values import take_json

TOLD = 20
"""Faults that are told of one request."""
LONGEST_NAME = 200
MOST_COLUMNS = 2000


@dataclass(frozen=True)
class Fitted:
    """The rows as they will be kept, and the columns of the log with them."""

    table: pa.Table
    columns: Columns


@dataclass
class _Faults:
    found: list[RowFault] = field(default_factory=list)
    count: int = 0
    fields: set[str | None] = field(default_factory=set)
    rows: set[int] = field(default_factory=set)

    def add(self, name: str | None, row: int | None, message: str) -> None:
        self.count += 1
        self.fields.add(name)
        if row is not None:
            self.rows.add(row)
        if len(self.found) < TOLD:
            self.found.append(RowFault(row, name, message))

    def check(self) -> None:
        """Raise Rejected if there are any."""
        if self.count:
            first = self.found[0]
            where = "" if first.row is None else f"row {first.row}, "
            more = f" (and {self.count - 1:,} more)" if self.count > 1 else ""
            told = f'{where}field "{first.field}": {first.message}{more}'
            raise Rejected(422, told, self.found, rows=self.rows)


def fit(body: Body, columns: Columns, rules: Rules, received: Sequence[datetime]) -> Fitted:
    """The rows of `body` with the types of `columns`, which may grow as `rules` allow.

    Absent values are null, a missing moment is that of receipt: `received` has one for each row.
    Raises Rejected (422) with the row and field of the first faults.
    """
    faults = _Faults()
    columns = columns.declared(rules)
    sent = _names(body)
    _check_names(body, sent, columns, rules, faults)
    holds = dict(columns.holds)
    arrays = {}
    for name, values in zip(sent, _values(body, sent), strict=True):
        if name not in holds and _says_nothing(values) and not columns.take_new(rules):
            continue
        as_text = name in rules.text and holds.get(name, "text") in ("text", "open")
        held = "text" if as_text else holds.get(name, "open")
        take = take_arrow if isinstance(values, pa.ChunkedArray) else take_json
        arrays[name] = take(values, held, as_text, partial(faults.add, name))
        holds[name] = held_by(arrays[name].type)
    for name in set(rules.required) - faults.fields:
        _require(arrays.get(name), name, count_rows(body), faults)
    faults.check()
    whole = pa.array(received, MOMENT)
    if rules.moment and holds[rules.moment] == "moment":
        given = arrays.get(rules.moment)
        arrays[rules.moment] = whole if given is None else pc.coalesce(given, whole)
    table = pa.table({**arrays, RECEIVED: whole})
    return Fitted(table, replace(columns, holds=holds, used=columns.used or table.num_rows > 0))


def count_rows(body: Body) -> int:
    """How many rows were sent."""
    return body.num_rows if isinstance(body, pa.Table) else len(body)


def _names(body: Body) -> list[str]:
    """The columns of `body` in order."""
    if isinstance(body, pa.Table):
        return list(body.column_names)
    return list(dict.fromkeys(chain.from_iterable(body)))


def _values(body: Body, names: Sequence[str]) -> list[pa.ChunkedArray] | list[Sequence[Any]]:
    """The values of each column."""
    if isinstance(body, pa.Table):
        return list(body.columns)
    if len(names) < 2:
        return [[row.get(name) for row in body] for name in names]
    try:
        return list(zip(*map(itemgetter(*names), body), strict=True))
    except KeyError:
        return [[row.get(name) for row in body] for name in names]


def _says_nothing(values: pa.ChunkedArray | Sequence[Any]) -> bool:
    """Whether a column of a table is there only because rows of other requests have it."""
    return isinstance(values, pa.ChunkedArray) and values.null_count == len(values) > 0


def _check_names(
    body: Body, sent: Sequence[str], columns: Columns, rules: Rules, faults: _Faults
) -> None:
    """Raise Rejected for columns that cannot be taken because of their names; every row that has a
    value there is told."""
    for name, told in _misnamed(sent, columns, rules):
        shown = name.encode("utf-8", "replace").decode()[:LONGEST_NAME]
        if not isinstance(body, pa.Table):
            rows: Sequence[int | None] = [i for i, row in enumerate(body) if name in row]
        elif sent.count(name) > 1:
            rows = [None]
        elif _says_nothing(body[name]):
            continue
        else:
            rows = np.flatnonzero(np.asarray(body[name].is_valid())).tolist() or [None]
        for row in rows:
            faults.add(shown, row, told)
    faults.check()


def _require(array: pa.Array | None, name: str, rows: int, faults: _Faults) -> None:
    absent = range(rows) if array is None else np.flatnonzero(np.asarray(array.is_null()))
    for row in absent:
        faults.add(name, int(row), "missing; every row needs it")


def _misnamed(sent: Sequence[str], columns: Columns, rules: Rules) -> Iterator[tuple[str, str]]:
    """Columns that cannot be taken because of their names, and why."""
    known = columns.holds
    by_case = {name.casefold(): name for name in (*known, *OWN)}
    for i, name in enumerate(sent):
        if name in sent[:i]:
            yield name, "is there twice"
        if name in known:
            continue
        unusable = _unusable(name)
        other = by_case.setdefault(name.casefold(), name)
        if unusable:
            yield name, unusable
        elif name.casefold() in OWN:
            yield name, "is a column of the log itself; give yours another name"
        elif other != name:
            yield name, f'differs from "{other}" only in capital letters, which readers confuse'
        elif not columns.take_new(rules):
            there = f"; known are {', '.join(known):.300}"
            yield name, f"unknown column{nearest(name, known) or there}"
    if len(known.keys() | set(sent)) > MOST_COLUMNS:
        yield sent[-1], f"is one of more than {MOST_COLUMNS:,} columns"


def _unusable(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        return "is no Unicode text"
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        return f"must be 1 to {LONGEST_NAME} printable characters"
    return ""
