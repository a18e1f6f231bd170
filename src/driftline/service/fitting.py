"""Fitting a model's reference from its settings, in bounded memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from driftline.errors import ColumnError, DataError
from driftline.profiles.fit import fit_table
from driftline.profiles.grid import Grid
from driftline.profiles.profile import Profile, profile_table
from driftline.reference import Reference, merge_windows, profile_windows
from driftline.settings.models import ModelSettings, ReferenceSource, ReferenceSpan
from driftline.sources import Reading, Source, open_source
from driftline.windows import Window, format_duration, iso

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
    ]
    return hashlib.blake2b(json.dumps(defined, default=str).encode(), digest_size=16).hexdigest()


def fit_reference(model: ModelSettings, source: Source) -> Reference:
    """The reference of `model`; `source` gives its predictions.

    Raises DataError when the reference has no rows, with the span that the source does have.
    """
    spec = model.reference
    timestamp: str | None = model.predictions.timestamp
    origin = source
    span: tuple[datetime | None, datetime | None] = (None, None)
    if isinstance(spec, ReferenceSource):
        timestamp = _own_timestamp(model, spec)
        origin = open_source(spec.origin, timestamp)
    else:
        span = (spec.start, spec.end)
    columns = _columns(model, origin.columns().names)
    wanted = {*columns, *([timestamp] if timestamp else [])}

    def read() -> Reading:
        return origin.batches(*span, wanted)

    sample, rows = _sample(read())
    if rows == 0:
        raise DataError(_no_rows(model, source))
    fitted = fit_table(sample, _categorical(model, sample.column_names), wanted - set(columns))
    if rows == sample.num_rows:
        tables: Any = [sample]
    else:
        del sample
        tables = read()
    total, windows = _profiles(fitted.grids, tables, timestamp, model)
    kept = {w: p for w, p in windows.items() if p.rows >= model.alarms.min_rows}
    return Reference(total, kept, fitted.left_out, timestamp, model.window if timestamp else None)


def _own_timestamp(model: ModelSettings, spec: ReferenceSource) -> str | None:
    if spec.timestamp:
        return spec.timestamp
    known = open_source(spec.origin).columns().names
    return model.predictions.timestamp if model.predictions.timestamp in known else None


def _columns(model: ModelSettings, found: Collection[str]) -> list[str]:
    """The columns to compare: the features and the model's own output."""
    predictions = model.predictions
    output = [c for c in (predictions.prediction, predictions.score) if c and c in found]
    if predictions.features is not None:
        named = [*predictions.features, *output]
    else:
        roles = {predictions.timestamp, predictions.id}
        named = [c for c in found if c not in roles]
    return [c for c in dict.fromkeys(named) if c not in predictions.ignore]


def _categorical(model: ModelSettings, found: Collection[str]) -> list[str]:
    """Columns of codes: those declared and, for a classifier, its predictions."""
    declared = set(model.predictions.categorical)
    if model.task in ("binary", "multiclass") and model.predictions.prediction:
        declared.add(model.predictions.prediction)
    output = {model.predictions.prediction}
    return sorted(declared - (output - set(found)))


def _sample(reading: Reading) -> tuple[pa.Table, int]:
    """At most SAMPLE rows, chosen at random when there are more, and how many there were."""
    random = np.random.default_rng(0)
    tables: list[pa.Table] = []
    share, kept, rows = 1.0, 0, 0

    def thin(table: pa.Table, part: float) -> pa.Table:
        return table.filter(pa.array(random.random(table.num_rows) < part))

    for table in reading:
        rows += table.num_rows
        tables.append(table if share == 1.0 else thin(table, share))
        kept += tables[-1].num_rows
        if kept > SAMPLE:
            tables = [thin(table, 0.5) for table in tables]
            share, kept = share / 2, sum(table.num_rows for table in tables)
    return _joined(tables), rows


def _joined(tables: list[pa.Table]) -> pa.Table:
    if not tables:
        return pa.table({})
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowTypeError, pa.ArrowInvalid) as error:
        raise ColumnError(
            f"the reference's files disagree about the type of a column ({error}); write it with "
            "one type, or leave it out with `ignore`"
        ) from error


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


def _no_rows(model: ModelSettings, source: Source) -> str:
    spec = model.reference
    if not isinstance(spec, ReferenceSpan):
        return f"{model.name}: the reference source has no rows"
    present = source.span()
    told = f"the data spans {iso(present[0])} to {iso(present[1])}" if present else "it has no rows"
    return (
        f"{model.name}: no rows of {source.name} in the reference {iso(spec.start)} to "
        f"{iso(spec.end)}; {told}; change `reference`"
    )
