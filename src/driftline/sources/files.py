"""What the sources of files share: skipping files outside a span, reading on after a bad one."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pyarrow as pa

from driftline.errors import ColumnError, DataError, SourceError, quoted, unsplit
from driftline.profiles.frames import to_microseconds
from driftline.sources.finding import Found, find_files
from driftline.sources.formats import UNREADABLE, Facts, Format, Part, batch_rows
from driftline.sources.moments import MISSING, Moments
from driftline.sources.naming import day_named, names_tell_days
from driftline.sources.protocol import CANNOT, Note, Problem, Reading
from driftline.windows import from_micros


@dataclass
class FileSource:
    """Rows in one file, in the files of a folder, or in those that match a glob.

    Files are listed anew for every reading, or once for all readings of a source that stands still.
    What was learnt of a file is remembered as long as it is the same: neither written to nor
    replaced.
    """

    name: str
    format: Format
    timestamp: str | None = None
    required: tuple[str, ...] = ()
    _known: dict[Found, Facts] = field(default_factory=dict, repr=False)
    _common: dict[tuple[bytes, tuple[str, ...]], tuple[pa.Schema, tuple[str, ...]]] = field(
        default_factory=dict, repr=False
    )
    _listed: list[Found] | None = field(default=None, repr=False)
    """The files of a source that stands still, empty until they are listed; otherwise None."""

    def again(self) -> FileSource:
        """The source for another run, with what it knows of the files."""
        return self

    def still(self) -> FileSource:
        """The source with the files that its first reading finds."""
        return replace(self, _listed=[])

    def batches(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        columns: Collection[str] | None = None,
    ) -> Reading:
        problems: list[Problem] = []
        files, span = self._files(problems.append), Moments.between(start, end)
        if problems and (start or end) and names_tell_days(files):
            problems = [problem for problem in problems if _may_concern(problem, span)]
        tables = self._tables(files, span, columns, problems)
        return Reading(_merged(tables), problems)

    def span(self) -> tuple[datetime, datetime] | None:
        if self.timestamp is None:
            return None
        ends: list[int] = []
        for found, facts in self._files(_ignore).items():
            if any(part.low is None for part in facts.parts) and self._has_moments(facts):
                for _ in self._read(
                    found, facts, facts.parts, Moments(), [self.timestamp], _ignore
                ):
                    pass
            for part in self._known.get(found, facts).parts:
                ends += [moment for moment in (part.low, part.high) if moment is not None]
        return (from_micros(min(ends)), from_micros(max(ends))) if ends else None

    def columns(self, start: datetime | None = None, end: datetime | None = None) -> pa.Schema:
        fields: dict[str, pa.Field] = {}
        for found, facts in self._files(_ignore).items():
            for column in _fields(found, facts):
                if column.name not in fields or pa.types.is_null(fields[column.name].type):
                    fields[column.name] = column
        return pa.schema(list(fields.values()))

    def _files(self, note: Note) -> dict[Found, Facts]:
        """Every file that can be read, and what is known of it."""
        listed = self._listed or find_files(self.name, self.format.endings)
        if self._listed is not None:
            self._listed = listed
        known: dict[Found, Facts] = {}
        failed: list[Problem] = []
        for found in listed:
            seen = self._known.get(found) or self._look(found)
            if isinstance(seen, Problem):
                note(seen)
                failed += [seen] * (seen.code == "unreadable_source")
            else:
                known[found] = seen
        for gone in self._known.keys() - known.keys():
            del self._known[gone]
        self._known.update(known)  # keeps the keys it has: new ones would age, and be collected
        if failed and len(failed) == len(listed):
            raise _all_failed(failed)
        self._require(known)
        return known

    def _look(self, found: Found) -> Facts | Problem:
        if found.size == 0:
            return Problem("empty_source", found.path, "the file is empty (0 bytes)")
        try:
            facts = self.format.look(found.path, self.timestamp)
        except (*UNREADABLE, SourceError) as error:
            return _unreadable(found.path, error)
        names = facts.schema.names
        facts = self._in_common(found, facts)
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            told = f"{CANNOT}: two columns called {', '.join(twice)}; column names must be distinct"
            return Problem("unreadable_source", found.path, told, facts.rows or 0)
        stamp = self.timestamp
        if stamp is not None and stamp in found.values and stamp not in names:
            moment = int(to_microseconds(_constant(found, stamp, 1))[0])
            known = None if moment == MISSING else moment
            return replace(facts, parts=tuple(Part(p.number, known, known) for p in facts.parts))
        return facts

    def _in_common(self, found: Found, facts: Facts) -> Facts:
        """The facts with the one schema and the names that most files have: they are kept once."""
        fields = tuple(column.name for column in _fields(found, facts))
        key = facts.schema.serialize().to_pybytes(), fields
        schema, names = self._common.setdefault(key, (facts.schema, fields))
        return replace(facts, schema=schema, names=names)

    def _require(self, known: dict[Found, Facts]) -> None:
        alike = {id(facts.names): facts.names for facts in known.values()}
        there = {name for names in alike.values() for name in names}
        absent = [name for name in self._needed() if name not in there]
        if absent and there:
            told = quoted(absent, there)
            raise ColumnError(
                f"{self.name}: no column {told} (columns: {', '.join(sorted(there))})"
                f"{unsplit(there)}"
            )

    def _needed(self) -> list[str]:
        return [name for name in (self.timestamp, *self.required) if name is not None]

    def _has_moments(self, facts: Facts) -> bool:
        return self.timestamp is None or self.timestamp in facts.names

    def _tables(
        self,
        files: dict[Found, Facts],
        span: Moments,
        columns: Collection[str] | None,
        problems: list[Problem],
    ) -> Iterator[pa.Table]:
        failed, given, outside = [], 0, 0
        for found, facts in files.items():
            if facts.rows == 0:
                problems.append(Problem("empty_source", found.path, "the file has no rows"))
                continue
            parts = [p for p in facts.parts if p.low is None or span.meets(p.low, p.high or p.low)]
            if not parts:
                outside += 1
                continue
            missing = [name for name in self._needed() if name not in facts.names]
            if missing:
                problems.append(_missing(found, facts, missing, self.timestamp in missing))
            if not self._has_moments(facts):
                continue
            wanted = self._wanted(facts, columns)
            before = len(problems)
            for table in self._read(found, facts, parts, span, wanted, problems.append):
                given += table.num_rows
                yield table
            new = [p for p in problems[before:] if p.code == "unreadable_source"]
            failed += new
            given += not new
        if failed and not given and not outside:
            raise _all_failed(failed)

    def _wanted(self, facts: Facts, columns: Collection[str] | None) -> list[str]:
        if columns is None:
            return list(facts.names)
        return [name for name in facts.names if name in columns or name == self.timestamp]

    def _read(
        self,
        found: Found,
        facts: Facts,
        parts: Sequence[Part],
        span: Moments,
        wanted: list[str],
        note: Note,
    ) -> Iterator[pa.Table]:
        """The rows of one file that are in the span; whatever is wrong with it is noted."""
        in_file = [name for name in wanted if name in facts.schema.names]
        moments, rows = Moments(span.start, span.end), 0
        try:
            for table in self.format.read(found.path, facts, parts, in_file, note):
                size = table.num_rows
                for name in wanted[len(in_file) :]:
                    table = table.append_column(name, _constant(found, name, size))
                if self.timestamp is not None:
                    table = moments.keep(table, self.timestamp)
                rows += size
                if table.num_rows:
                    yield table
        except (*UNREADABLE, DataError) as error:
            note(_unreadable(found.path, error, rows, facts.rows))
            return
        finally:
            if moments.bad_rows:
                note(moments.problem(found.path, self.timestamp or ""))
        if rows == 0:
            note(Problem("empty_source", found.path, "the file has no rows"))
        if moments.low is not None and tuple(parts) == facts.parts and parts[0].low is None:
            learnt = (Part(parts[0].number, moments.low, moments.high),)
            self._known[found] = replace(facts, parts=learnt)


def _may_concern(problem: Problem, span: Moments) -> bool:
    """Whether a file that could not be looked at may have rows in the span, by its name."""
    day = day_named(problem.path)
    return day is None or span.meets(*day)


def _merged(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows with small neighbours of one schema put together."""
    held: list[pa.Table] = []
    rows = 0
    for table in tables:
        limit = batch_rows(table.num_columns)
        if held and (rows + table.num_rows > limit or table.schema != held[0].schema):
            yield pa.concat_tables(held)
            held, rows = [], 0
        held.append(table)
        rows += table.num_rows
    if held:
        yield pa.concat_tables(held)


def _fields(found: Found, facts: Facts) -> list[pa.Field]:
    """The file's own columns, then those its folders give it."""
    own = facts.schema.names
    given = [pa.field(n, kind) for n, (_, kind) in found.values.items() if n not in own]
    return [*facts.schema, *given]


def _constant(found: Found, name: str, rows: int) -> pa.Array:
    value, kind = found.values[name]
    return pa.repeat(pa.scalar(value, kind), rows)


def _missing(found: Found, facts: Facts, missing: list[str], left_out: bool) -> Problem:
    told = quoted(missing, facts.names)
    rows = (facts.rows or 0) if left_out else 0
    rest = f"{unsplit(facts.names)}; its rows are left out" if left_out else ""
    return Problem("missing_column", found.path, f"no column {told}{rest}", rows)


def _unreadable(path: str, error: Exception, read: int = 0, rows: int | None = None) -> Problem:
    if not os.path.exists(path):
        return Problem("unreadable_source", path, f"{CANNOT}: it went away meanwhile")
    first = next(iter(str(error).strip().splitlines()), type(error).__name__)
    told = first if isinstance(error, DataError) else f"half-written or damaged: {first}"
    told = f"{CANNOT}, {told}"
    if read:
        told += f"; the {read:,} rows before that were used"
    return Problem("unreadable_source", path, told, max(0, (rows or 0) - read))


def _all_failed(failed: list[Problem]) -> SourceError:
    more = f"; and {len(failed) - 3} more" if len(failed) > 3 else ""
    return SourceError("; ".join(str(problem) for problem in failed[:3]) + more)


def _ignore(_: Problem) -> None:
    pass
