"""Trying: a look at a model's data, before anything is judged, for what its settings get wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from driftline.errors import DriftlineError
from driftline.kept_rows import labels_table, rows_table
from driftline.profiles.columns import is_numeric, to_codes, to_floats
from driftline.profiles.fit import COMMAS, with_decimal_commas
from driftline.profiles.grid import Floats
from driftline.profiles.joined import outcomes_of
from driftline.reference import merge_windows, profile_windows
from driftline.service.fitting import (
    all_excluded,
    included,
    no_reference,
    origin_of,
    reference_span,
)
from driftline.service.promises import never_rolls, short_of
from driftline.service.steps import Watched
from driftline.settings.models import ModelSettings
from driftline.sources import Source
from driftline.sources.telling import problem_lines
from driftline.wording import count

MOST = 500_000
"""Rows of each source that are looked at."""

WRONG = 0.5
"""Share of unusable values from which on a column is the wrong one."""

Span = tuple[datetime | None, datetime | None]


@dataclass
class Tried:
    """What a look at the data has shown, a line each.

    Attributes:
        faults: what has to be put right.
        notes: what works, but perhaps not as it is meant.
    """

    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def attempt(self, step: Callable[[], None]) -> None:
        """Take a step; an error of the data is one of the faults and ends this step only."""
        try:
            step()
        except DriftlineError as error:
            if str(error) not in self.faults:
                self.faults.append(str(error))


def try_model(watched: Watched) -> Tried:
    """Look at some rows of the model's sources, which have the columns that the settings name."""
    tried = Tried()
    tried.attempt(lambda: _try_reference(tried, watched))
    tried.attempt(lambda: _try_labels(tried, watched))
    return tried


def _some(source: Source, named: Sequence[str | None], span: Span, notes: list[str]) -> _Rows:
    """Some rows of the named columns."""
    reading = source.batches(*span, [name for name in named if name])
    tables, rows = [], 0
    for table in reading:
        tables.append(table.slice(0, MOST - rows))
        rows += tables[-1].num_rows
        if rows >= MOST:
            return _Rows(tables, rows, whole=False)
    notes += [line for line in problem_lines(reading.problems) if rows and line not in notes]
    return _Rows(tables, rows, whole=True)


@dataclass(frozen=True)
class _Rows:
    """Rows of a source: at most MOST, or (`whole`) all of them."""

    tables: list[pa.Table]
    rows: int
    whole: bool


def _try_reference(tried: Tried, watched: Watched) -> None:
    model, source = watched.model, watched.predictions
    span = reference_span(model)
    if not source.columns(*span).names:
        return
    origin, timestamp = origin_of(model, source)
    outputs = [model.predictions.prediction, model.predictions.score]
    found = _some(origin, [timestamp, *outputs], span, tried.notes)
    if not found.rows:
        raise no_reference(model, source, origin)
    if timestamp is not None and found.whole:
        _note_few_windows(tried, model, found.tables, timestamp)
    held = [c for c in outputs if c and all(c in table.column_names for table in found.tables)]
    if held:
        _try_outputs(tried, model, found.tables)


def _note_few_windows(
    tried: Tried, model: ModelSettings, tables: Sequence[pa.Table], timestamp: str
) -> None:
    kept = [table for table in included(model, tables, timestamp) if table.num_rows]
    if not kept:
        raise all_excluded()
    found = merge_windows(profile_windows({}, table, timestamp, model.window) for table in kept)
    windows = sum(profile.rows >= model.alarms.min_rows for profile in found.values())
    tried.notes += [*short_of(model, windows), *never_rolls(model)]


def _try_outputs(tried: Tried, model: ModelSettings, tables: Sequence[pa.Table]) -> None:
    """Whether prediction and score hold what a model of that task says."""
    predictions, task = model.predictions, model.task
    rows = rows_table(tables, None, predictions.prediction, predictions.score)
    scores = to_floats(rows["score"].drop_null())[0]
    _try_scores(tried, model, scores)
    if predictions.score is not None:
        _try_numbers(tried, predictions.score, tables, len(scores))
    said = rows["prediction"].drop_null()
    if predictions.prediction is None or task is None:
        return
    column = f'prediction: "{predictions.prediction}"'
    if not len(said):
        tried.faults.append(f"{column} has no value in the reference")
    elif task != "regression" and (odd := _fractions(said)):
        tried.faults.append(
            f"{column} of a {task} model must name classes; found {odd}; a probability belongs "
            "under `score`"
        )
    elif _unusable(model, said, as_label=False) >= WRONG:
        tried.faults.append(f"{column} {_wanted(model)}; found {_examples(said)}")


def _try_scores(tried: Tried, model: ModelSettings, scores: Floats) -> None:
    """Whether scores are probabilities, where they must be."""
    wrong = float(np.mean((scores < 0) | (scores > 1))) if len(scores) else 0.0
    if model.task == "binary" and wrong:
        where = tried.faults if wrong >= WRONG else tried.notes
        where.append(
            f'score: "{model.predictions.score}" must be a probability from 0 to 1; '
            f"{wrong:.1%} of values are not, found {scores.min():g} to {scores.max():g}"
        )


def _try_numbers(tried: Tried, score: str, tables: Sequence[pa.Table], numbers: int) -> None:
    """Whether scores can be read: `numbers` of them are."""
    found = [
        (table[score], to_floats(table[score])[1])
        for table in tables
        if score in table.schema.names
    ]
    odd = [column.filter(pa.array(bad)) for column, bad in found if bad is not None]
    unread = sum(len(column) for column in odd)
    if unread and unread >= WRONG * (unread + numbers):
        hint = f"; {COMMAS}" if with_decimal_commas(to_codes(odd[0])[1]) else ""
        tried.faults.append(f'score: "{score}" must hold numbers; found {_examples(odd[0])}{hint}')


def _try_labels(tried: Tried, watched: Watched) -> None:
    source, labels, span = watched.labels, watched.model.labels, reference_span(watched.model)
    if source is None or labels is None or not source.columns(*span).names:
        return
    named = [*labels.columns, labels.timestamp]
    known = _some(source, named, span, tried.notes)
    rows = labels_table(known.tables, labels.id, labels.label, labels.timestamp)
    truths = rows["label"].drop_null()
    if len(truths) and _unusable(watched.model, truths, as_label=True) >= WRONG:
        tried.faults.append(
            f'label: "{labels.label}" {_wanted(watched.model)}; found {_examples(truths)}'
        )
    if known.whole and labels.id is not None:
        _try_ids(tried, watched, rows["id"].drop_null())


def _try_ids(tried: Tried, watched: Watched, named: pa.ChunkedArray) -> None:
    """Whether any of the ids that labels name is that of a prediction."""
    key = watched.model.predictions.id
    found = _some(watched.predictions, [key], reference_span(watched.model), tried.notes)
    ids = rows_table(found.tables, key, None, None)["id"].drop_null()
    if not (found.whole and len(ids) and len(named)):
        return
    if not pc.any(pc.is_in(named, value_set=ids.combine_chunks())).as_py():
        tried.faults.append(
            f"none of {count(len(named), 'label')} has the id of a prediction: labels have ids "
            f'like "{named[0]}", predictions like "{ids[0]}"'
        )


def _unusable(model: ModelSettings, values: pa.ChunkedArray, as_label: bool) -> float:
    """The share of values that are neither a class nor a number, as the task needs it."""
    if model.task is None or model.task == "multiclass":
        return 0.0
    ones = pa.array(np.ones(len(values), np.int64))
    sides = {"label": values, "prediction": ones} if as_label else {"label": ones}
    rows = pa.table({"prediction": values} | sides)
    positive = None if model.positive is None else str(model.positive)
    outcomes = outcomes_of(model.task, rows, positive=positive)
    return (outcomes.bad_labels + outcomes.bad_predictions) / len(values)


def _wanted(model: ModelSettings) -> str:
    if model.task == "regression":
        return "of a regression model must hold numbers"
    return "of a binary model must hold 0 and 1 or true and false (or name the class in `positive`)"


def _fractions(said: pa.ChunkedArray) -> str:
    """Examples, when the values are numbers that are not all whole."""
    if not is_numeric(said.type):
        return ""
    values = to_floats(said)[0]
    return _examples(said) if (values != np.floor(values)).any() else ""


def _examples(values: pa.ChunkedArray) -> str:
    _, names = to_codes(values.slice(0, 10_000))
    shown = ", ".join(f'"{name}"' for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3:,} more"
