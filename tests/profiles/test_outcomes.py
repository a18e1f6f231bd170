from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftline.errors import CodecError, GridMismatch, ProfileError
from driftline.profiles.grid import NumericGrid
from driftline.profiles.joined import outcomes_of
from driftline.profiles.outcome_codec import decode_outcomes, decode_total, encode_outcomes
from driftline.profiles.outcomes import Outcomes, Task

Row = tuple[object, object, object]
TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")

scores = st.none() | st.sampled_from([0.0, 0.25, 0.5, 1.0, 1.5, math.nan]) | st.floats(0, 1)
binary = st.tuples(
    st.sampled_from(["1", "0", "x", None]), scores, st.sampled_from(["1", "0", "?", None])
)
classes = st.sampled_from(["a", "b", "c", None])
multiclass = st.tuples(classes, st.none(), classes)
numbers = st.none() | st.floats(-1e6, 1e6) | st.sampled_from([math.inf, 1e200, math.nan])
regression = st.tuples(numbers, st.none(), numbers)
cases = st.one_of(
    st.tuples(st.just("binary"), st.lists(st.lists(binary, max_size=12), max_size=4)),
    st.tuples(st.just("multiclass"), st.lists(st.lists(multiclass, max_size=12), max_size=4)),
    st.tuples(st.just("regression"), st.lists(st.lists(regression, max_size=12), max_size=4)),
)


def table(rows: Sequence[Row], task: Task) -> pa.Table:
    kind = pa.float64() if task == "regression" else pa.string()
    prediction, score, label = (
        (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    )
    return pa.table(
        {
            "prediction": pa.array(prediction, kind),
            "score": pa.array(score, pa.float64()),
            "label": pa.array(label, kind),
        }
    )


@given(cases)
def test_adding_is_counting_the_whole_in_any_order(case: tuple[Task, list[list[Row]]]) -> None:
    task, windows = case
    parts = [outcomes_of(task, table(rows, task)) for rows in windows]
    whole = outcomes_of(task, table([row for rows in windows for row in rows], task))
    assert sum(parts, Outcomes.empty(task)) == whole
    assert sum(reversed(parts), Outcomes.empty(task)) == whole
    for part in parts:
        assert whole - part + part == whole


@given(cases)
def test_subtracting_undoes_adding(case: tuple[Task, list[list[Row]]]) -> None:
    task, windows = case
    a, b = (outcomes_of(task, table(rows, task)) for rows in (*windows, [], [])[:2])
    assert (a + b) - b == a
    assert a + Outcomes.empty(task) == a


@given(cases)
def test_every_row_is_in_one_place(case: tuple[Task, list[list[Row]]]) -> None:
    task, windows = case
    rows = [row for window in windows for row in window]
    found = outcomes_of(task, table(rows, task))
    assert found.rows == len(rows)
    unknown = sum(label is None or label != label for _, _, label in rows)
    assert found.unlabelled == unknown
    assert found.labelled + found.bad_labels + found.bad_predictions == len(rows) - unknown


@given(cases)
def test_bytes_bring_the_same_outcomes_back(case: tuple[Task, list[list[Row]]]) -> None:
    task, windows = case
    outcomes = outcomes_of(task, table([row for rows in windows for row in rows], task))
    assert decode_outcomes(encode_outcomes(outcomes)) == outcomes


@given(cases)
def test_bytes_of_many_windows_bring_back_their_sum(case: tuple[Task, list[list[Row]]]) -> None:
    task, windows = case
    each = [outcomes_of(task, table(rows, task)) for rows in [*windows, []]]
    total = decode_total([encode_outcomes(outcomes) for outcomes in each])
    assert total == sum(each, Outcomes.empty(task))


def test_outcomes_of_two_tasks_have_no_sum() -> None:
    both = [encode_outcomes(Outcomes.empty(task)) for task in ("binary", "regression")]
    with pytest.raises(GridMismatch, match="cannot combine binary with regression"):
        decode_total(both)


def test_damaged_and_foreign_bytes_are_refused() -> None:
    blob = encode_outcomes(Outcomes.empty("binary"))
    with pytest.raises(CodecError, match="damaged"):
        decode_outcomes(blob[:-1])
    with pytest.raises(CodecError, match="set of outcomes"):
        decode_outcomes(b"PAR1" + blob)
    with pytest.raises(GridMismatch, match="score grid"):
        decode_outcomes(blob, NumericGrid(np.array([0.5])))


def test_what_is_not_a_part_cannot_be_subtracted() -> None:
    one = outcomes_of("multiclass", pa.table({"prediction": ["a"], "label": ["a"]}))
    other = outcomes_of("multiclass", pa.table({"prediction": ["a"], "label": ["b"]}))
    with pytest.raises(ProfileError, match="not a part"):
        one - other
    with pytest.raises(GridMismatch, match="binary"):
        one + Outcomes.empty("binary")


@pytest.mark.parametrize(
    "labels",
    [
        [1, 0, 1],
        [1.0, 0.0, 1.0],
        ["1", "0", "1"],
        [True, False, True],
        ["True", "FALSE", "true"],
        ["1.0", "-1", "1"],
    ],
)
@pytest.mark.parametrize("predictions", [[1, 0, 0], [True, False, False], ["1", "0", "0"]])
def test_two_classes_are_one_however_they_are_written(
    labels: list[object], predictions: list[object]
) -> None:
    found = outcomes_of("binary", pa.table({"prediction": predictions, "label": labels}))
    assert found.confusion == {("1", "1"): 1, ("0", "0"): 1, ("1", "0"): 1}


@pytest.mark.parametrize("labels", [[2, 1], [2.0, 1.0], ["2", "1"], ["2.0", "true"]])
def test_many_classes_are_one_however_they_are_written(labels: list[object]) -> None:
    found = outcomes_of("multiclass", pa.table({"prediction": [2, 1], "label": labels}))
    assert found.confusion == {("2", "2"): 1, ("1", "1"): 1}


def test_a_named_positive_class_is_told_from_every_other() -> None:
    rows = pa.table(
        {"prediction": ["late", "early", "late"], "label": ["late", "on time", "early"]}
    )
    assert outcomes_of("binary", rows).bad_labels == 3
    found = outcomes_of("binary", rows, positive="late")
    assert found.confusion == {("1", "1"): 1, ("0", "0"): 1, ("0", "1"): 1}


def test_predictions_of_one_and_zero_go_with_a_named_positive_class() -> None:
    rows = pa.table({"prediction": [1, 0], "label": ["late", "on time"]})
    found = outcomes_of("binary", rows, positive="late")
    assert found.confusion == {("1", "1"): 1, ("0", "0"): 1}


def test_zero_can_be_the_positive_class() -> None:
    rows = pa.table({"prediction": [1, 0], "label": [False, False]})
    found = outcomes_of("binary", rows, positive="0")
    assert found.confusion == {("1", "1"): 1, ("1", "0"): 1}


def test_a_score_stands_in_for_a_missing_prediction() -> None:
    rows = {"score": [0.5, 0.49, 0.9, None], "label": [1, 1, 0, 1]}
    found = outcomes_of("binary", pa.table(rows))
    assert found.confusion == {("1", "1"): 1, ("1", "0"): 1, ("0", "1"): 1}
    assert found.bad_predictions == 1
    partly = outcomes_of("binary", pa.table({**rows, "prediction": [0, None, 0, 1]}))
    assert partly.confusion == {("1", "0"): 2, ("0", "0"): 1, ("1", "1"): 1}


def test_scores_that_are_no_probabilities_are_counted() -> None:
    rows = pa.table({"prediction": [1, 1], "score": [3.5, 0.5], "label": [1, 1]})
    assert outcomes_of("binary", rows).improper_scores == 1


def test_text_that_is_no_number_is_a_bad_label_of_a_regression() -> None:
    rows = pa.table({"prediction": [1.0, 2.0, 3.0], "label": ["1.5", "many", None]})
    found = outcomes_of("regression", rows)
    assert (found.labelled, found.bad_labels, found.unlabelled) == (1, 1, 1)


@pytest.mark.parametrize("task", TASKS)
def test_rows_without_any_column_are_unlabelled(task: Task) -> None:
    found = outcomes_of(task, pa.table({"other": [1, 2]}))
    assert found == dataclasses.replace(Outcomes.empty(task), rows=2)
    assert found.unlabelled == 2
    assert found.coverage == 0.0


def test_a_day_of_outcomes_is_small() -> None:
    rng = np.random.default_rng(1)
    score = rng.random(50_000)
    label = rng.random(50_000) < score
    blob = encode_outcomes(outcomes_of("binary", pa.table({"score": score, "label": label})))
    assert len(blob) < 10_000
