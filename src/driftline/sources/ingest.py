"""Our own log: predictions and labels that were sent to the service."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, InstanceOf, ValidationInfo, model_validator

from driftline.errors import SourceError, StoreError
from driftline.log.columns import DAY, OWN, RECEIVED, TYPES
from driftline.log.place import KINDS, Place, cause_of
from driftline.profiles.frames import require_columns
from driftline.settings.fields import CONFIG, told_around
from driftline.settings.serving import Shared
from driftline.sources.formats import batch_rows
from driftline.sources.moments import Moments
from driftline.sources.protocol import Problem, Reading, SourceKind
from driftline.windows import from_micros

if TYPE_CHECKING:
    from driftline.log.snapshot import Snapshot


class IngestSettings(BaseModel):
    """Rows that were sent to the service."""

    model_config = CONFIG

    place: InstanceOf[Place]
    new_columns: bool = False
    """Whether a column that the log does not have yet is added to it. Otherwise a request with one
    is refused, so that a slip of the pen makes no new column. The columns are those that the
    settings name; where they name no `features`, those of the first request."""

    @model_validator(mode="before")
    @classmethod
    def _placed(cls, values: Any, info: ValidationInfo) -> Any:
        shared = info.context.get("shared") if isinstance(info.context, Mapping) else None
        if not isinstance(values, dict) or not isinstance(shared, Shared):
            return values
        kind = next((kind for kind in KINDS if kind == told_around(info, "section")), None)
        if kind is None:
            raise ValueError("a reference from the log is a span: give `from` and `to`")
        log, model = shared.log, told_around(info, "model") or ""
        return {**values, "place": Place(model, kind, log.path, shared.store, log.storage)}


@dataclass(frozen=True)
class IngestSource:
    """The rows of one log, those included that are not in its table yet."""

    place: Place
    timestamp: str | None = None
    required: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return str(self.place)

    def batches(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        columns: Collection[str] | None = None,
    ) -> Reading:
        snapshot, known = self._look()
        names = [
            name
            for name in known.names
            if columns is None or name in columns or name == self.timestamp
        ]
        problems: list[Problem] = []
        moments = Moments.between(start, end)
        where = self._span(snapshot, start, end)
        if self.place.kind == "labels":
            found = _as_received(snapshot, names, where)
        else:
            found = _tables(snapshot, names, where)
        return Reading(self._kept(found, moments, problems), problems)

    def span(self) -> tuple[datetime, datetime] | None:
        snapshot, known = self._look()
        if self.timestamp is None or self.timestamp not in known.names:
            return None
        moments = Moments()
        for table in _tables(snapshot, [self.timestamp], self._ends(snapshot)):
            moments.keep(table, self.timestamp)
        if moments.low is None or moments.high is None:
            return None
        return from_micros(moments.low), from_micros(moments.high)

    def columns(self, start: datetime | None = None, end: datetime | None = None) -> pa.Schema:
        return self._look()[1]

    def _look(self) -> tuple[Snapshot, pa.Schema]:
        from driftline.log.snapshot import take_snapshot

        with _failures_told(self.name):
            snapshot = take_snapshot(self.place)
            known = _schema(snapshot)
        needed = [name for name in (self.timestamp, *self.required) if name is not None]
        if known.names:
            require_columns(needed, known.empty_table(), self.name)
        return snapshot, known

    def _kept(
        self, tables: Iterator[pa.Table], moments: Moments, problems: list[Problem]
    ) -> Iterator[pa.Table]:
        with _failures_told(self.name):
            for table in tables:
                if self.timestamp is not None:
                    table = moments.keep(table, self.timestamp)
                if table.num_rows:
                    yield table
        if moments.bad_rows:
            problems.append(moments.problem(self.name, self.timestamp or ""))

    def _span(
        self, snapshot: Snapshot, start: datetime | None, end: datetime | None
    ) -> pc.Expression | None:
        """What Delta Lake need not read of the table: days, and rows by their statistics."""
        if self.timestamp is None or not _is_moment(snapshot, self.timestamp):
            return None
        kept, moment = [], pc.field(self.timestamp)
        goes_by = snapshot.columns is not None and snapshot.columns.moment == self.timestamp
        if start is not None:
            kept.append(moment >= _scalar(start))
            kept += [pc.field(DAY) >= _day(start)] * goes_by
        if end is not None:
            kept.append(moment < _scalar(end))
            kept += [pc.field(DAY) <= _day(end)] * goes_by
        if not kept:
            return None
        whole = kept[0]
        for one in kept[1:]:
            whole = whole & one
        return whole if goes_by else whole | moment.is_null()

    def _ends(self, snapshot: Snapshot) -> pc.Expression | None:
        """The first and the last day, where days go by the timestamp."""
        columns, table = snapshot.columns, snapshot.table
        if table is None or columns is None or columns.moment != self.timestamp:
            return None
        days = sorted(part[DAY] for part in table.partitions())
        ends = pa.array(days[:1] + days[-1:]).cast(pa.date32())
        return pc.field(DAY).isin(ends)


def _schema(snapshot: Snapshot) -> pa.Schema:
    """Every column but the log's own: those of the table, and those it will have."""
    found: dict[str, pa.DataType] = {}
    if snapshot.columns is not None:
        found = {name: TYPES[held] for name, held in snapshot.columns.holds.items()}
    elif snapshot.table is not None:
        schema = snapshot.table.to_pyarrow_dataset().schema
        found = {column.name: column.type for column in schema if column.name not in OWN}
    return pa.schema(found.items())


def _is_moment(snapshot: Snapshot, name: str) -> bool:
    schema = _schema(snapshot)
    return name in schema.names and schema.field(name).type == TYPES["moment"]


def _tables(
    snapshot: Snapshot, names: Sequence[str], where: pc.Expression | None
) -> Iterator[pa.Table]:
    if snapshot.table is not None:
        dataset = snapshot.table.to_pyarrow_dataset()
        there = [name for name in names if name in dataset.schema.names]
        for batch in dataset.to_batches(
            columns=there, filter=where, batch_size=batch_rows(len(there))
        ):
            if batch.num_rows:
                yield pa.Table.from_batches([batch])
    for table in snapshot.fresh:
        yield table.select([name for name in names if name in table.column_names])


def _as_received(
    snapshot: Snapshot, names: Sequence[str], where: pc.Expression | None
) -> Iterator[pa.Table]:
    """The rows in the order they came: of labels of one moment the last one counts. Files of a
    table have no order."""
    found = list(_tables(snapshot, [*names, RECEIVED], where))
    if found:
        whole = pa.concat_tables(found, promote_options="default")
        yield whole.sort_by(RECEIVED).drop_columns([RECEIVED])


def _scalar(moment: datetime) -> pa.Scalar:
    return pa.scalar(moment, TYPES["moment"])


def _day(moment: datetime) -> pa.Scalar:
    return _scalar(moment).cast(pa.date32(), safe=False)


@contextmanager
def _failures_told(name: str) -> Iterator[None]:
    """Turn errors of the storage and the store into SourceError."""
    from deltalake.exceptions import DeltaError

    try:
        yield
    except (DeltaError, StoreError, pa.ArrowException, OSError) as error:
        raise SourceError(f"{name}: cannot be read: {cause_of(error)}") from error


def _make(
    settings: IngestSettings, timestamp: str | None = None, required: Sequence[str] = ()
) -> IngestSource:
    return IngestSource(settings.place, timestamp, tuple(required))


ingest = SourceKind("ingest", IngestSettings, _make, "Rows that were sent to the service.")
