"""CSV files, plain or compressed (.gz, .bz2, .zst): one, a folder, or a glob."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.csv
from pydantic import BaseModel, Field

from driftline.settings.fields import CONFIG, LocalPath
from driftline.sources.files import FileSource
from driftline.sources.formats import Facts, Part
from driftline.sources.protocol import Note, Problem, SourceKind

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
    """How text is written as bytes (utf8, latin1, cp1252)."""
    missing: tuple[str, ...] = MISSING_WORDS
    """What stands for a missing value."""


@dataclass
class _BadLines:
    """Lines with too few or too many values."""

    lines: int = 0
    first: str = ""

    def skip(self, row: pa.csv.InvalidRow) -> str:
        if not self.lines:
            text = row.text if len(row.text) < 60 else row.text[:60] + "..."
            self.first = (
                f'{row.actual_columns} values instead of {row.expected_columns} in "{text}"'
            )
        self.lines += 1
        return "skip"

    def problem(self, path: str) -> Problem:
        told = f"{self.lines:,} line{'s' if self.lines != 1 else ''} left out: {self.first}"
        return Problem("bad_lines", path, told, self.lines)


@dataclass
class CsvFormat:
    """Types are those of the first block of a file; a column in which a later block holds something
    else goes on as a wider type (numbers with decimals, then text), so that no row is lost."""

    settings: CsvSettings
    endings: tuple[str, ...] = (".csv", ".csv.gz", ".csv.bz2", ".csv.zst", ".tsv", ".tsv.gz")
    _types: dict[str, dict[str, pa.DataType]] = field(default_factory=dict, repr=False)

    def look(self, path: str, timestamp: str | None) -> Facts:
        self._types.pop(path, None)
        try:
            with self._open(path, {}, None, _BadLines()) as reader:
                return Facts(reader.schema, None, (Part(0),))
        except pa.ArrowInvalid as error:
            if "Empty CSV file" in str(error):
                return Facts(pa.schema([]), 0, ())
            raise

    def read(
        self, path: str, facts: Facts, parts: Sequence[Part], columns: list[str], note: Note
    ) -> Iterator[pa.Table]:
        types = self._types.setdefault(path, {})
        done = 0
        while True:
            bad = _BadLines()
            try:
                for table in _after(self._open(path, types, columns, bad), done):
                    done += table.num_rows
                    yield table
                break
            except pa.ArrowInvalid as error:
                if not self._widen(types, _column_in(str(error), facts.schema.names), facts.schema):
                    raise
        if bad.lines:
            note(bad.problem(path))

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
        bad: _BadLines,
    ) -> pa.csv.CSVStreamingReader:
        return pa.csv.open_csv(
            path,
            read_options=pa.csv.ReadOptions(
                block_size=BLOCK_BYTES, encoding=self.settings.encoding
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter="\t" if ".tsv" in path.lower() else self.settings.separator,
                newlines_in_values=True,
                invalid_row_handler=bad.skip,
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict(types),
                include_columns=columns,
                null_values=list(self.settings.missing),
                strings_can_be_null=True,
                decimal_point=self.settings.decimal,
            ),
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
