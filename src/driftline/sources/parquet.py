"""Parquet files: one, a folder, or a glob."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel

from driftline.settings.fields import CONFIG, LocalPath
from driftline.sources.files import FileSource
from driftline.sources.formats import Facts, Part, batch_rows
from driftline.sources.protocol import Note, SourceKind

_PER_MICRO = {"s": (1_000_000, 1), "ms": (1_000, 1), "us": (1, 1), "ns": (1, 1_000)}
_DAY = 86_400_000_000


BUFFER_BYTES = 2**20
"""Bytes of each column that are read at a time, so that memory does not grow with a row group."""


class ParquetSettings(BaseModel):
    """Parquet files."""

    model_config = CONFIG

    path: LocalPath
    """A file, a folder (with all below it; `day=2013-01-01` folders become columns) or a glob."""


class ParquetFormat:
    """Reads only the row groups whose statistics meet the span."""

    endings = (".parquet", ".parq", ".pq")

    def look(self, path: str, timestamp: str | None) -> Facts:
        with pq.ParquetFile(path) as file:
            footer, schema = file.metadata, file.schema_arrow
            column = _leaf(footer, timestamp)
            kind = schema.field(timestamp).type if column is not None else None
            parts = tuple(
                Part(i, *_ends(footer.row_group(i).column(column).statistics, kind))
                if column is not None
                else Part(i)
                for i in range(footer.num_row_groups)
            )
            return Facts(schema, footer.num_rows, parts)

    def read(
        self, path: str, facts: Facts, parts: Sequence[Part], columns: list[str], note: Note
    ) -> Iterator[pa.Table]:
        groups = [part.number for part in parts]
        rows = batch_rows(len(columns))
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=BUFFER_BYTES) as file:
            for batch in file.iter_batches(rows, row_groups=groups, columns=columns):
                yield pa.Table.from_batches([batch]).select(columns)


def _leaf(footer: pq.FileMetaData, name: str | None) -> int | None:
    """Position of a top-level column among the footer's."""
    for i in range(footer.num_columns):
        if footer.schema.column(i).path == name:
            return i
    return None


def _ends(
    statistics: pq.Statistics | None, kind: pa.DataType
) -> tuple[int, int] | tuple[None, None]:
    """First and last moment of a row group in microseconds, where its statistics tell."""
    if statistics is None or not statistics.has_min_max:
        return None, None
    low, high = statistics.min_raw, statistics.max_raw
    if not isinstance(low, int) or not isinstance(high, int):
        return None, None
    if pa.types.is_date32(kind):
        return low * _DAY, high * _DAY
    if not pa.types.is_timestamp(kind):
        return None, None
    times, per = _PER_MICRO[_stored_unit(statistics, kind)]
    return low * times // per, high * times // per


def _stored_unit(statistics: pq.Statistics, kind: pa.DataType) -> str:
    """The unit of the file's own numbers, which may be finer than that of the Arrow type."""
    told = statistics.logical_type.to_json()
    for word, unit in (("nanoseconds", "ns"), ("microseconds", "us"), ("milliseconds", "ms")):
        if word in told:
            return unit
    return str(kind.unit)


def _make(
    settings: ParquetSettings, timestamp: str | None = None, required: Sequence[str] = ()
) -> FileSource:
    return FileSource(settings.path, ParquetFormat(), timestamp, tuple(required))


parquet = SourceKind("parquet", ParquetSettings, _make, "Parquet files.")
