"""From joined rows (prediction, score, label) to outcomes."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from driftline.profiles.columns import to_codes, to_floats
from driftline.profiles.exact_sum import exact_sum, exact_sum_of_squares
from driftline.profiles.grid import Floats, NumericGrid
from driftline.profiles.outcomes import SCORE_GRID, Outcomes, Task
from driftline.profiles.summary import count_numbers

EPSILON = float(np.finfo(np.float64).eps)
"""Probabilities are clipped to [EPSILON, 1 - EPSILON] in the log loss, and |label| to at least
EPSILON in the percentage error: scikit-learn's rules for float64."""

THRESHOLD = 0.5
"""A row without a prediction but with a score is predicted positive from this score on."""

POSITIVE, NEGATIVE = "1", "0"
_TRUTHS = {"1": 1, "1.0": 1, "true": 1, "0": 0, "0.0": 0, "false": 0, "-1": 0, "-1.0": 0}
_MISSING, _UNUSABLE = -1, -2

LARGEST = 1e150
"""Numbers beyond this size cannot be used in regression: their squares are no floats."""

Codes = NDArray[np.int64]
_WHOLE = re.compile(r"(?<=\d)\.0+$")


def outcomes_of(
    task: Task,
    rows: pa.Table,
    score_grid: NumericGrid = SCORE_GRID,
    positive: str | None = None,
) -> Outcomes:
    """The outcomes of rows with the columns prediction, score (binary) and label, each optional.

    A null or NaN label is a label that is not known yet. Classes are compared by their names as
    categories: 1, 1.0, "1" and true are one class, and so are 0 and false.

    Binary: without `positive`, 1 and true (in any case) are positive; 0, -1 and false negative; any
    other class cannot be used and is counted so. With `positive`, that class is positive, and so
    are 1 and true unless `positive` is itself 0 or false; every other class is negative. The
    outcomes name them "1" and "0". A row without a prediction is predicted by its score: positive
    from 0.5 on.

    Regression: numbers, or text that reads as numbers, up to 1e150 in size.

    >>> table = pa.table({"prediction": [1, 0, 1], "label": [True, True, None]})
    >>> outcomes_of("binary", table).confusion == {("1", "1"): 1, ("1", "0"): 1}
    True
    """
    if task == "regression":
        return _regression(rows)
    if task == "multiclass":
        return _multiclass(rows)
    return _binary(rows, score_grid, positive)


def _column(rows: pa.Table, name: str) -> pa.ChunkedArray:
    return rows[name] if name in rows.column_names else pa.chunked_array([pa.nulls(rows.num_rows)])


def _binary(rows: pa.Table, grid: NumericGrid, positive: str | None) -> Outcomes:
    labels = _truths(_column(rows, "label"), positive)
    predictions = _truths(_column(rows, "prediction"), positive)
    scores, _ = to_floats(_column(rows, "score"))
    from_score = (predictions == _MISSING) & ~np.isnan(scores)
    predictions = np.where(from_score, scores >= THRESHOLD, predictions)
    used = (labels >= 0) & (predictions >= 0)
    truth, said, scores = labels[used], predictions[used], scores[used]
    counts = np.bincount(2 * truth + said, minlength=4).tolist()
    names = [(NEGATIVE, NEGATIVE), (NEGATIVE, POSITIVE), (POSITIVE, NEGATIVE), (POSITIVE, POSITIVE)]
    proper = (scores >= 0) & (scores <= 1)
    chance, target = scores[proper], truth[proper]
    return Outcomes(
        "binary",
        rows=rows.num_rows,
        labelled=len(truth),
        bad_labels=int(np.count_nonzero(labels == _UNUSABLE)),
        bad_predictions=int(np.count_nonzero((labels >= 0) & (predictions < 0))),
        confusion={name: count for name, count in zip(names, counts, strict=True) if count},
        scores=(count_numbers(grid, scores[truth == 0]), count_numbers(grid, scores[truth == 1])),
        improper_scores=int(np.count_nonzero(~proper & ~np.isnan(scores))),
        sums={
            "log_loss": exact_sum(_log_losses(chance, target)),
            "squared_error": exact_sum((chance - target) ** 2),
        },
    )


def _log_losses(chance: Floats, target: Codes) -> Floats:
    of_truth = np.where(target == 1, chance, 1.0 - chance)
    losses: Floats = -np.log(np.clip(of_truth, EPSILON, 1.0 - EPSILON))
    return losses


def _truths(column: pa.ChunkedArray, positive: str | None) -> Codes:
    """1, 0, missing or unusable for each row."""
    codes, names = to_codes(column)
    truths = np.array([_truth(name, positive) for name in names] + [_MISSING], dtype=np.int64)
    return truths[codes]


def _truth(name: str, positive: str | None) -> int:
    known = _TRUTHS.get(name.strip().lower())
    if positive is None:
        return _UNUSABLE if known is None else known
    wanted = _TRUTHS.get(positive.strip().lower())
    if wanted is None:
        return int(name == positive or known == 1)
    return int(known == wanted)


def _multiclass(rows: pa.Table) -> Outcomes:
    labels, label_names = to_codes(_column(rows, "label"))
    predictions, prediction_names = to_codes(_column(rows, "prediction"))
    used = (labels >= 0) & (predictions >= 0)
    width = len(prediction_names)
    pairs, counts = np.unique(labels[used] * width + predictions[used], return_counts=True)
    confusion: dict[tuple[str, str], int] = {}
    for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
        names = (
            _class_name(label_names[pair // width]),
            _class_name(prediction_names[pair % width]),
        )
        confusion[names] = confusion.get(names, 0) + count
    return Outcomes(
        "multiclass",
        rows=rows.num_rows,
        labelled=int(np.count_nonzero(used)),
        bad_predictions=int(np.count_nonzero((labels >= 0) & (predictions < 0))),
        confusion=confusion,
    )


def _class_name(name: str) -> str:
    """One name for a class, however it was written: "2.0" is "2", "True" is "1"."""
    truth = {"true": "1", "false": "0"}.get(name.lower())
    return truth or _WHOLE.sub("", name)


def _regression(rows: pa.Table) -> Outcomes:
    labels, known = _numbers(_column(rows, "label"))
    predictions, _ = _numbers(_column(rows, "prediction"))
    good = np.abs(labels) <= LARGEST
    used = good & (np.abs(predictions) <= LARGEST)
    truth = labels[used]
    error = predictions[used] - truth
    size = np.abs(error)
    return Outcomes(
        "regression",
        rows=rows.num_rows,
        labelled=len(truth),
        bad_labels=int(np.count_nonzero(known & ~good)),
        bad_predictions=int(np.count_nonzero(good & ~used)),
        sums={
            "error": exact_sum(error),
            "absolute_error": exact_sum(size),
            "squared_error": exact_sum(error * error),
            "percentage_error": exact_sum(size / np.maximum(np.abs(truth), EPSILON)),
            "label": exact_sum(truth),
            "squared_label": exact_sum_of_squares(truth),
        },
    )


def _numbers(column: pa.ChunkedArray) -> tuple[Floats, NDArray[np.bool_]]:
    """Values, and which rows have one at all, be it readable or not; NaN is none."""
    values, unreadable = to_floats(column)
    present = ~np.isnan(values)
    return values, present if unreadable is None else present | unreadable
