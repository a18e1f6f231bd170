"""Guesses: which column of a table plays which part, from names, types and some of the rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from driftline.errors import ColumnError
from driftline.profiles.columns import is_categorical, is_numeric, to_codes, to_floats
from driftline.profiles.frames import to_microseconds
from driftline.profiles.running import MIN_ROWS, running_numbers

MISSING = np.iinfo(np.int64).min
LONGEST_ID = 100
"""Characters up to which text may be an id."""

FEW = 20
"""Whole numbers with at most so many values may be codes."""

_TIMES = [
    *("timestamp", "ts", "time", "datetime", "event_time", "event_timestamp", "prediction_time"),
    *("predicted_at", "scored_at", "request_time", "logged_at", "created_at", "date", "day"),
]
_LABELS = ["label", "y_true", "target", "actual", "truth", "ground_truth", "outcome", "y", "class"]
_PREDICTIONS = ["prediction", "predicted", "pred", "y_pred", "yhat", "y_hat", "model_output"]
_SCORES = ["score", "probability", "proba", "prob", "y_score", "y_proba", "confidence", "p"]
_IDS = ["id", "uuid", "prediction_id", "request_id", "event_id", "row_id", "transaction_id", "key"]
_LATER = {"label", "labels", "known", "target", "truth", "outcome", "resolved", "closed", "updated"}
_CALENDAR = {"year", "month", "day", "week", "quarter", "date", "dayofyear", "weekofyear"}
_COUNTERS = re.compile(r"Unnamed: \d+|__index_level_\d+__|index|level_0")


@dataclass(frozen=True)
class Guess:
    """Which column plays which part; None where none seems to.

    Attributes:
        timestamp, id, prediction, score, label: the likeliest column.
        label_time: when the label became known.
        others: for each part, what else it could be.
        calendar: columns that move with the calendar, which no reference can be like.
        codes: columns of whole numbers with few values, which may be categories.
        task: the kind of model, where label or prediction tell.
    """

    timestamp: str | None
    id: str | None
    prediction: str | None
    score: str | None
    label: str | None
    label_time: str | None
    others: dict[str, tuple[str, ...]]
    calendar: tuple[str, ...]
    codes: tuple[str, ...]
    task: Literal["binary", "multiclass", "regression"] | None


def guess(sample: pa.Table) -> Guess:
    """The likeliest part of each column, from rows that stand for all."""
    times = _ranked([n for n in sample.column_names if _is_time(sample[n])], _TIMES, _is_later)
    timestamp = times[0] if times else None
    plain = [name for name in sample.column_names if name not in times]
    ids = _ids(sample, plain, timestamp)
    shares = [n for n in plain if _is_share(sample[n])]
    scores = _named(shares, _SCORES) or [n for n in shares if words_of(n)[:1] == ["p"]]
    others = [n for n in plain if n not in scores]
    predictions = _named(others, _PREDICTIONS) or _cut_from(sample, scores[:1], others)
    labels = _named([n for n in plain if n not in (*scores, *predictions, *ids)], _LABELS)
    taken = {*ids[:1], *scores[:1], *predictions[:1], *labels}
    rest = [name for name in plain if name not in taken]
    running = _running(sample, rest, timestamp)
    calendar = [n for n in rest if n in running or _is_calendar(sample, n, timestamp)]
    shown = next(iter([*labels, *predictions]), None)
    return Guess(
        timestamp=timestamp,
        id=next(iter(ids), None),
        prediction=next(iter(predictions), None),
        score=next(iter(scores), None),
        label=next(iter(labels), None),
        label_time=next((name for name in times[1:] if _is_later(name)), None),
        others={
            "timestamp": tuple(times[1:]),
            "id": tuple(ids[1:]),
            "prediction": tuple(predictions[1:]),
            "score": tuple(scores[1:]),
            "label": tuple(labels[1:]),
        },
        calendar=tuple(calendar),
        codes=tuple(n for n in rest if n not in calendar and _is_code(sample[n])),
        task=_task(sample[shown]) if shown else ("binary" if scores else None),
    )


def words_of(name: str) -> list[str]:
    """The words of a column's name.

    >>> words_of("predictedLabel_2")
    ['predicted', 'label', '2']
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [word.lower() for word in re.split(r"[^A-Za-z0-9]+", spaced) if word]


def _named(names: Iterable[str], known: Sequence[str]) -> list[str]:
    """Those of `names` that are known or hold a known word, likeliest first."""
    ranks = {name: _rank(name, known) for name in names}
    return sorted((n for n in ranks if ranks[n] < 2 * len(known)), key=lambda n: ranks[n])


def _ranked(
    names: Sequence[str], known: Sequence[str], last: Callable[[str], bool] = lambda _: False
) -> list[str]:
    return sorted(names, key=lambda name: (last(name), _rank(name, known)))


def _rank(name: str, known: Sequence[str]) -> int:
    """Place among the known names; after them, by the known words it holds; then all others."""
    words = words_of(name)
    if "_".join(words) in known:
        return known.index("_".join(words))
    held = [known.index(w) for w in words if w in known and len(w) > 1]
    return len(known) + min(held) if held else 2 * len(known)


def _is_later(name: str) -> bool:
    return bool(_LATER & set(words_of(name)))


def _is_time(column: pa.ChunkedArray) -> bool:
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return column.null_count < len(column) or len(column) == 0
    if not is_categorical(kind) or pa.types.is_boolean(kind) or len(column) == column.null_count:
        return False
    try:
        micros = to_microseconds(column.drop_null().slice(0, 1000))
    except ColumnError:
        return False
    return float(np.mean(micros != MISSING)) > 0.95


def _ids(sample: pa.Table, plain: Sequence[str], timestamp: str | None) -> list[str]:
    """Columns of distinct values with an id's name; without one, those that can be nothing else."""
    if named := [name for name in plain if _is_id(sample, name)]:
        return _ranked(named, _IDS)
    shown = _named(plain, (*_PREDICTIONS, *_LABELS))
    others = [name for name in plain if name not in shown]
    text = [name for name in others if _is_unique_text(sample[name])]
    return text or _running(sample, others, timestamp)


def _is_id(sample: pa.Table, name: str) -> bool:
    column = sample[name]
    if not (pa.types.is_integer(column.type) or is_categorical(column.type)):
        return False
    words = words_of(name)
    named = bool(words) and (words[-1] in ("id", "uuid", "key", "guid") or "_".join(words) in _IDS)
    return named and column.null_count == 0 and _distinct(column) == len(column)


def _running(sample: pa.Table, names: Sequence[str], timestamp: str | None) -> list[str]:
    return list(running_numbers(sample, timestamp, [*names, *([timestamp] if timestamp else [])]))


def _is_unique_text(column: pa.ChunkedArray) -> bool:
    """Whether every row has a short word of its own, such as a UUID."""
    if not is_categorical(column.type) or len(column) < MIN_ROWS or column.null_count:
        return False
    if _distinct(column) < len(column):
        return False
    _, names = to_codes(column)
    return all(len(name) <= LONGEST_ID and not re.search(r"\s", name) for name in names)


def _is_share(column: pa.ChunkedArray) -> bool:
    if not pa.types.is_floating(column.type):
        return False
    values, _ = to_floats(column)
    values = values[np.isfinite(values)]
    return bool(len(values) and values.min() >= 0 and values.max() <= 1)


def _cut_from(sample: pa.Table, scores: Sequence[str], names: Iterable[str]) -> list[str]:
    """Columns of two values, one wherever the score is above some threshold, the other below: what
    the model said."""
    return [n for score in scores for n in names if _is_cut_from(sample[score], sample[n])]


def _is_cut_from(score: pa.ChunkedArray, column: pa.ChunkedArray) -> bool:
    if not (is_categorical(column.type) or pa.types.is_integer(column.type)):
        return False
    if len(column) < MIN_ROWS or column.null_count or _distinct(column) != 2:
        return False
    codes, _ = to_codes(column)
    chances, _ = to_floats(score)
    sides = [chances[(codes == side) & np.isfinite(chances)] for side in (0, 1)]
    if not all(len(side) for side in sides):
        return False
    lower, upper = sorted(sides, key=lambda side: float(side.mean()))
    return bool(lower.max() <= upper.min())


def _is_code(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_integer(column.type)) and 2 < _distinct(column) <= FEW


def _is_calendar(sample: pa.Table, name: str, timestamp: str | None) -> bool:
    """Whether a column of numbers is a part of the date, or grows with time like a counter."""
    if not is_numeric(sample[name].type):
        return False
    words = words_of(name)
    if _COUNTERS.fullmatch(name) or (words and words[-1] in _CALENDAR and len(words) == 1):
        return True
    if len(words) > 1 and words[-1] in _CALENDAR | {"number"} and set(words) & {"date", "week"}:
        return True
    values, _ = to_floats(sample[name])
    if timestamp is None or not np.isfinite(values).all() or len(values) < 100:
        return False
    order = np.argsort(to_microseconds(sample[timestamp]), kind="stable")
    steps = np.diff(values[order])
    return bool((steps >= 0).all() and (steps > 0).any())


def _task(column: pa.ChunkedArray) -> Literal["binary", "multiclass", "regression"]:
    if _distinct(column) <= 2:
        return "binary"
    whole = pa.types.is_integer(column.type) and _distinct(column) <= FEW
    return "regression" if is_numeric(column.type) and not whole else "multiclass"


def _distinct(column: pa.ChunkedArray) -> int:
    if pa.types.is_dictionary(column.type):
        column = pc.cast(column, column.type.value_type)
    return int(pc.count_distinct(column, mode="only_valid").as_py())
