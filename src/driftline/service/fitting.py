"""Fitting a model's reference from its settings, in bounded memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from driftline.errors import DataError, nearest
from driftline.profiles.fit import fit_table
from driftline.profiles.frames import require_columns, to_microseconds
from driftline.profiles.grid import Grid
from driftline.profiles.profile import Profile, profile_table
from driftline.profiles.running import running_numbers
from driftline.reference import Reference, linked_grids, merge_windows, profile_windows
from driftline.service.steps import Note
from driftline.settings.models import ModelSettings, ReferenceSource, ReferenceSpan
from driftline.sources import Reading, Source, open_source
from driftline.sources.telling import problem_lines
from driftline.uniting import united
from driftline.windows import Window, format_duration, iso, to_micros

SAMPLE = 2_000_000
"""Rows that grids are fitted on; a longer reference is thinned to it at random and read twice."""


def reference_key(model: ModelSettings) -> str:
    """Digest of all settings that define the reference; another key, another reference.

    Where a span's predictions are kept is no part of it: files may move.
    """
    predictions, reference = model.predictions, model.reference
    if isinstance(reference, ReferenceSpan):
        origin: Any = [iso(reference.start), iso(reference.end)]
    else:
        origin = [reference.origin.model_dump(mode="json"), reference.timestamp]
    defined = [
        origin,
        format_duration(model.window),
        predictions.timestamp,
        predictions.id,
        predictions.prediction,
        predictions.score,
        predictions.features,
        sorted(predictions.categorical),
        sorted(predictions.ignore),
        model.alarms.min_rows,
        model.task,
        model.positive,
        *([iso(one.start), iso(one.end)] for one in reference.exclude),
    ]
    return hashlib.blake2b(json.dumps(defined, default=str).encode(), digest_size=16).hexdigest()


def fit_reference(model: ModelSettings, source: Source, notes: list[Note]) -> Reference:
    """The reference of `model`; `source` gives its predictions.

    What is wrong with a part of the data is added to `notes`. Raises DataError when the reference
    has no rows, with the span that the source does have, and ColumnError when the predictions have
    no such output as the settings say.
    """
    span = reference_span(model)
    known = source.columns(*span)
    if known.names:
        outputs = [c for c in (model.predictions.prediction, model.predictions.score) if c]
        require_columns(outputs, known.empty_table(), source.name)
    origin, timestamp = origin_of(model, source)
    found = known.names if origin is source else origin.columns().names
    columns = _columns(model, found)
    wanted = {*columns, *([timestamp] if timestamp else [])}

    def read() -> Reading:
        return origin.batches(*span, wanted)

    reading = read()
    sample, rows, whole = _sample(included(model, reading, timestamp), timestamp)
    if origin is source:
        notes += reading.problems
    else:
        notes += problem_lines(reading.problems, "reference")
    if rows == 0 and model.reference.exclude:
        raise all_excluded()
    if rows == 0:
        raise no_reference(model, source, origin)
    running = _running(model, sample, columns, timestamp)
    compared = set(columns).difference(running)
    fitted = fit_table(sample, _categorical(model, sample.column_names), wanted - compared)
    grids = fitted.grids
    if timestamp is not None:
        grids = linked_grids(fitted.profile, sample, timestamp, model.window)
    tables: Any = [sample] if whole else included(model, read(), timestamp)
    del sample
    total, windows = _profiles(grids, tables, timestamp, model)
    kept = {w: p for w, p in windows.items() if p.rows >= model.alarms.min_rows}
    left_out = {**fitted.left_out, **running, **_not_there(model, found)}
    return Reference(total, kept, left_out, timestamp, model.window if timestamp else None)


def included(
    model: ModelSettings, tables: Iterable[pa.Table], timestamp: str | None
) -> Iterator[pa.Table]:
    """Tables of the reference without the rows of what its settings exclude.

    Raises DataError when that cannot be known because rows have no moment.
    """
    excluded = model.reference.exclude
    if excluded and timestamp is None:
        raise DataError("reference: `exclude` needs a reference with a `timestamp`")
    spans = [(to_micros(one.start), to_micros(one.end)) for one in excluded]
    for table in tables:
        if not spans or timestamp is None:
            yield table
            continue
        micros = to_microseconds(table[timestamp])
        out = np.any([(micros >= start) & (micros < end) for start, end in spans], axis=0)
        yield table.filter(pa.array(~out)) if out.any() else table


def reference_span(model: ModelSettings) -> tuple[datetime | None, datetime | None]:
    """The span of the predictions that the reference is; open where it has its own source."""
    spec = model.reference
    return (spec.start, spec.end) if isinstance(spec, ReferenceSpan) else (None, None)


def origin_of(model: ModelSettings, source: Source) -> tuple[Source, str | None]:
    """Where the reference's rows are and the column of their moments; `source` gives the model's
    predictions."""
    spec = model.reference
    if isinstance(spec, ReferenceSpan):
        return source, model.predictions.timestamp
    timestamp = _own_timestamp(model, spec)
    return open_source(spec.origin, timestamp), timestamp


def _own_timestamp(model: ModelSettings, spec: ReferenceSource) -> str | None:
    if spec.timestamp:
        return spec.timestamp
    known = open_source(spec.origin).columns().names
    return model.predictions.timestamp if model.predictions.timestamp in known else None


def _columns(model: ModelSettings, found: Collection[str]) -> list[str]:
    """The columns to compare: the features and the model's own output. Labels that stand beside
    the predictions are neither."""
    predictions, labels = model.predictions, model.labels
    output = [c for c in (predictions.prediction, predictions.score) if c and c in found]
    if predictions.features is not None:
        named = [*predictions.features, *output]
    else:
        roles = {predictions.timestamp, predictions.id}
        if labels is not None and labels.origin == predictions.origin:
            roles |= {labels.label, labels.timestamp}
        named = [c for c in found if c not in roles]
    return [c for c in dict.fromkeys(named) if c not in predictions.ignore]


def _running(
    model: ModelSettings, sample: pa.Table, columns: Collection[str], timestamp: str | None
) -> dict[str, str]:
    """Columns that nobody named and that are running numbers, with the reason to leave them out."""
    predictions = model.predictions
    if predictions.features is not None:
        return {}
    keep = {*predictions.categorical, predictions.prediction, predictions.score} - {None}
    names = [name for name in columns if name in sample.column_names]
    return running_numbers(sample, timestamp, names, {str(name) for name in keep})


def _categorical(model: ModelSettings, found: Collection[str]) -> list[str]:
    """Columns of codes: those declared and, for a classifier, its predictions."""
    declared = set(model.predictions.categorical)
    if model.task in ("binary", "multiclass") and model.predictions.prediction:
        declared.add(model.predictions.prediction)
    return sorted(declared & set(found))


def _not_there(model: ModelSettings, found: Collection[str]) -> dict[str, str]:
    """Columns to compare that the settings name and the reference does not have."""
    predictions = model.predictions
    named = [*(predictions.features or ()), *predictions.categorical]
    named += [c for c in (predictions.prediction, predictions.score) if c]
    absent = [name for name in dict.fromkeys(named) if name not in found]
    return {name: f"the reference has no such column{nearest(name, found)}" for name in absent}


def _sample(tables_read: Iterable[pa.Table], timestamp: str | None) -> tuple[pa.Table, int, bool]:
    """At most SAMPLE rows, chosen at random when there are more; how many there were; and whether
    these are all of them as they are."""
    random = np.random.default_rng(0)
    tables: list[pa.Table] = []
    share, kept, rows = 1.0, 0, 0

    def thin(table: pa.Table, part: float) -> pa.Table:
        return table.filter(pa.array(random.random(table.num_rows) < part))

    for table in tables_read:
        rows += table.num_rows
        tables.append(table if share == 1.0 else thin(table, share))
        kept += tables[-1].num_rows
        if kept > SAMPLE:
            tables = [thin(table, 0.5) for table in tables]
            share, kept = share / 2, sum(table.num_rows for table in tables)
    table, converted = united(tables, timestamp)
    return table, rows, rows == table.num_rows and not converted


def _profiles(
    grids: dict[str, Grid], tables: Any, timestamp: str | None, model: ModelSettings
) -> tuple[Profile, dict[Window, Profile]]:
    if timestamp is None:
        total = Profile.empty(grids)
        for table in tables:
            total = total + profile_table(grids, table)
        return total, {}
    windows = merge_windows(
        profile_windows(grids, table, timestamp, model.window) for table in tables
    )
    total = Profile.empty(grids)
    for profile in windows.values():
        total = total + profile
    return total, windows


def no_rows(source: Source, where: str = "") -> DataError:
    """The error of a source without rows, with what is wrong with it.

    Raises SourceError when it has none because it cannot be read.
    """
    reading = source.batches()
    rows = sum(table.num_rows for table in reading)
    told = "; ".join(str(problem) for problem in reading.problems[:3])
    told = f" ({told})" if told and not rows else ""
    return DataError(f"{source.name} has no rows{where}{told}")


def all_excluded() -> DataError:
    return DataError("reference: no rows are left beside those that `exclude` leaves out")


def no_reference(model: ModelSettings, source: Source, origin: Source) -> DataError:
    """The error of a model whose reference has no rows; `source` gives its predictions, `origin`
    the reference."""
    spec = model.reference
    if not isinstance(spec, ReferenceSpan):
        return no_rows(origin, ": the reference must have some")
    present = source.span()
    if present is None:
        return no_rows(source)
    return DataError(
        f"no rows of {source.name} in the reference {iso(spec.start)} to {iso(spec.end)}; the "
        f"data spans {iso(present[0])} to {iso(present[1])}; change `reference`"
    )
