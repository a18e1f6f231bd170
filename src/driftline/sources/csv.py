"""CSV files, plain or compressed (.gz, .bz2, .zst): one, a folder, or a glob."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from pydantic import BaseModel, Field, field_validator

from driftline.errors import SourceError
from driftline.settings.fields import CONFIG, LocalPath
from driftline.sources.encodings import REPLACED, Mended, likely_encoding
from driftline.sources.files import FileSource
from driftline.sources.formats import Facts, Part
from driftline.sources.protocol import Note, Problem, SourceKind
from driftline.wording import shortened

BLOCK_BYTES = 2**23
"""Bytes that are read, and types that are guessed from, at a time."""

MISSING_WORDS = ("", "NA", "N/A", "#N/A", "NULL", "null", "None", "NaN", "nan", "NaT", "<NA>")

_WIDER = {"null": pa.float64(), "int64": pa.float64()}


class CsvSettings(BaseModel):
    """CSV files with a header, plain or compressed."""

    model_config = CONFIG

    path: LocalPath
    """A file, a folder (with all below it; `day=2013-01-01` folders become columns) or a glob."""
    separator: str = Field(default=",", min_length=1, max_length=1)
    """What stands between two values."""
    decimal: str = Field(default=".", min_length=1, max_length=1)
    """What stands before the decimals of a number."""
    encoding: str = "utf8"
    """How text is written as bytes (utf8, latin1, cp1252, utf16)."""
    missing: tuple[str, ...] = MISSING_WORDS
    """What stands for a missing value."""

    @field_validator("encoding")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            codecs.lookup(name)
        except LookupError:
            raise ValueError(f'a known encoding (utf8, latin1, cp1252); found "{name}"') from None
        return name


@dataclass
class _Damage:
    """Lines with too few or too many values, and the stream that counts bytes that are no text."""

    lines: int = 0
    first: str = ""
    text: Mended | None = None

    def skip(self, row: pa.csv.InvalidRow) -> str:
        if not self.lines:
            text = shortened(row.text, 60)
            self.first = (
                f'{row.actual_columns} values instead of {row.expected_columns} in "{text}"'
            )
        self.lines += 1
        return "skip"

    def tell(self, path: str, note: Note) -> None:
        if self.lines:
            told = f"{self.lines:,} line{'s' if self.lines != 1 else ''} left out: {self.first}"
            note(Problem("bad_lines", path, told, self.lines))
        if self.text and self.text.lines:
            note(self.text.problem(path))


@dataclass
class CsvFormat:
    """Types are those of the first block of a file; a column in which a later block holds something
    else goes on as a wider type (numbers with decimals, then text), so that no row is lost.

    A file with lines that are no row, or with bytes that are not UTF-8, is read again from there
    with those lines passed over and those bytes replaced.
    """

    settings: CsvSettings
    endings: tuple[str, ...] = (".csv", ".csv.gz", ".csv.bz2", ".csv.zst", ".tsv", ".tsv.gz")
    _types: dict[str, dict[str, pa.DataType]] = field(default_factory=dict, repr=False)
    _damaged: set[str] = field(default_factory=set, repr=False)

    def look(self, path: str, timestamp: str | None) -> Facts:
        self._types.pop(path, None)
        self._damaged.discard(path)
        try:
            schema = self._schema(path)
        except pa.ArrowInvalid as error:
            if "Empty CSV file" in str(error):
                return Facts(pa.schema([]), 0, ())
            if not self._is_damaged(path, str(error)):
                raise
            schema = self._schema(path)
        if any(pa.types.is_binary(kind) for kind in schema.types):
            self._damaged.add(path)
            schema = self._schema(path)
        _require_readable(schema, path)
        return Facts(schema, None, (Part(0),))

    def _schema(self, path: str) -> pa.Schema:
        with self._open(path, {}, None, _Damage()) as reader:
            return reader.schema

    def read(
        self, path: str, facts: Facts, parts: Sequence[Part], columns: list[str], note: Note
    ) -> Iterator[pa.Table]:
        types = self._types.setdefault(path, {})
        done = 0
        while True:
            damage = _Damage()
            try:
                for table in _after(self._open(path, types, columns, damage), done):
                    done += table.num_rows
                    yield self._with_points(table)
                break
            except pa.ArrowInvalid as error:
                told = str(error)
                if not self._is_damaged(path, told) and not self._widen(
                    types, _column_in(told, facts.schema.names), facts.schema
                ):
                    raise
        damage.tell(path, note)

    def _with_points(self, table: pa.Table) -> pa.Table:
        """Numbers that stand in a column of text, beside what is none, as text elsewhere has them:
        "12,5" as "12.5"."""
        comma = self.settings.decimal
        if comma == ".":
            return table
        number = rf"^\s*([+-]?[0-9]*){re.escape(comma)}([0-9]+(?:[eE][+-]?[0-9]+)?)\s*$"
        for i, column in enumerate(table.schema):
            if pa.types.is_string(column.type):
                pointed = pc.replace_substring_regex(table[i], number, r"\1.\2")
                table = table.set_column(i, column, pointed)
        return table

    def _is_damaged(self, path: str, told: str) -> bool:
        """Whether an error is about a line or a byte that can be passed over next time."""
        new = bool(re.search(r"Expected \d+ columns|invalid UTF8", told)) and (
            path not in self._damaged
        )
        self._damaged |= {path} if new else set()
        return new

    def _widen(self, types: dict[str, pa.DataType], name: str | None, schema: pa.Schema) -> bool:
        """Take a wider type for a column; False when there is none."""
        if name is None:
            return False
        kind = types.get(name, schema.field(name).type)
        if pa.types.is_string(kind):
            return False
        types[name] = _WIDER.get(str(kind), pa.string())
        return True

    def _open(
        self,
        path: str,
        types: Mapping[str, pa.DataType],
        columns: list[str] | None,
        damage: _Damage,
    ) -> pa.csv.CSVStreamingReader:
        damaged = path in self._damaged
        if damaged and codecs.lookup(self.settings.encoding).name == "utf-8":
            damage.text = Mended(pa.input_stream(path))
        return pa.csv.open_csv(
            damage.text or path,
            read_options=pa.csv.ReadOptions(
                block_size=BLOCK_BYTES, encoding=self.settings.encoding
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter="\t" if ".tsv" in path.lower() else self.settings.separator,
                newlines_in_values=True,
                invalid_row_handler=damage.skip if damaged else None,
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict(types),
                include_columns=columns,
                null_values=list(self.settings.missing),
                strings_can_be_null=True,
                decimal_point=self.settings.decimal,
            ),
        )


def _require_readable(schema: pa.Schema, path: str) -> None:
    """Raise SourceError when the names of columns cannot be read."""
    try:
        bad = any(REPLACED in name for name in schema.names)
    except UnicodeDecodeError:
        bad = True
    if not bad:
        return
    with pa.input_stream(path) as stream:
        head = stream.read(4096).partition(b"\n")[0]
    likely = likely_encoding(head)
    if likely == "utf8":
        raise SourceError("the names of its columns are not UTF-8; write the file as UTF-8")
    told = head.decode(likely, errors="replace").strip()[:60]
    raise SourceError(
        "the names of its columns are not UTF-8; set `encoding` to what it is, such as "
        f'{likely}, in which its first line reads "{told}"'
    )


def _after(reader: pa.csv.CSVStreamingReader, done: int) -> Iterator[pa.Table]:
    """What is left of a file when its first `done` rows have been given before."""
    with reader:
        for batch in reader:
            if done >= batch.num_rows:
                done -= batch.num_rows
                continue
            yield pa.Table.from_batches([batch.slice(done)])
            done = 0


def _column_in(message: str, names: list[str]) -> str | None:
    """The column that a conversion error is about."""
    found = re.search(r"In CSV column #(\d+)", message)
    return names[int(found[1])] if found and int(found[1]) < len(names) else None


def _make(
    settings: CsvSettings, timestamp: str | None = None, required: Sequence[str] = ()
) -> FileSource:
    return FileSource(settings.path, CsvFormat(settings), timestamp, tuple(required))


csv = SourceKind("csv", CsvSettings, _make, "CSV files with a header, plain or compressed.")
