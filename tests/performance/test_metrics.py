"""Every metric equals scikit-learn's on the pooled rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from driftline.performance import Metric, metrics, metrics_of
from driftline.performance.scores import roc_auc_error_bound
from driftline.profiles.grid import numeric_grid
from driftline.profiles.joined import outcomes_of
from driftline.profiles.outcomes import SCORE_GRID, Outcomes, Task

Rows = list[tuple[Any, ...]]


def pooled(task: Task, rows: Rows, **options: Any) -> Outcomes:
    """The outcomes of `rows` of (label, prediction or score), counted in two windows and added."""
    total = Outcomes.empty(task, *options.values())
    name = "score" if task == "binary" and rows and isinstance(rows[0][1], float) else "prediction"
    for part in (rows[: len(rows) // 3], rows[len(rows) // 3 :]):
        if part:
            labels, said = zip(*part, strict=True)
            table = pa.table({"label": list(labels), name: list(said)})
            total = total + outcomes_of(task, table, *options.values())
    return total


def agree(ours: float | None, theirs: float) -> None:
    if math.isnan(theirs):
        assert ours is None
    else:
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-12)


bits = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=50)


@settings(max_examples=40)
@given(bits)
def test_binary_metrics_are_those_of_scikit_learn(rows: Rows) -> None:
    outcomes = pooled("binary", rows)
    label, said = zip(*rows, strict=True)
    undefined: dict[str, Any] = {"zero_division": np.nan}
    agree(metrics()["accuracy"](outcomes), sk.accuracy_score(label, said))
    agree(metrics()["precision"](outcomes), sk.precision_score(label, said, **undefined))
    agree(metrics()["recall"](outcomes), sk.recall_score(label, said, **undefined))
    agree(metrics()["f1"](outcomes), sk.f1_score(label, said, **undefined))


words = st.sampled_from(["ash", "birch", "oak", "élm", ""])


@settings(max_examples=40)
@given(st.lists(st.tuples(words, words), min_size=1, max_size=60))
def test_multiclass_metrics_are_those_of_scikit_learn(rows: Rows) -> None:
    outcomes = pooled("multiclass", rows)
    label, said = zip(*rows, strict=True)
    options: dict[str, Any] = {"average": "weighted", "zero_division": 0}
    agree(metrics()["accuracy"](outcomes), sk.accuracy_score(label, said))
    agree(metrics()["precision"](outcomes), sk.precision_score(label, said, **options))
    agree(metrics()["recall"](outcomes), sk.recall_score(label, said, **options))
    agree(metrics()["f1"](outcomes), sk.f1_score(label, said, **options))


@settings(max_examples=40)
@given(st.lists(st.tuples(words, words), min_size=1, max_size=60))
def test_balanced_accuracy_is_the_mean_recall_of_labelled_classes(rows: Rows) -> None:
    label, said = zip(*rows, strict=True)
    of_labels = sk.recall_score(
        label, said, average="macro", labels=sorted(set(label)), zero_division=0
    )
    agree(metrics()["balanced_accuracy"](pooled("multiclass", rows)), of_labels)


some_scores = st.sampled_from([0.0, 1e-20, 0.1, 0.25, 0.3, 0.5, 0.75, 0.999, 1.0])
scored = st.lists(st.tuples(st.integers(0, 1), some_scores), min_size=1, max_size=60)
any_scores = st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=1, max_size=60)
SOME = numeric_grid(np.array([0.0, 1e-20, 0.1, 0.25, 0.3, 0.5, 0.75, 0.999, 1.0]))


def columns(rows: Rows) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    label, score = zip(*rows, strict=True)
    return np.array(label), np.array(score, dtype=np.float64)


def expected_calibration_error(label: Any, score: Any) -> float:
    bins = np.minimum((score * 10).astype(int), 9)
    gaps = [
        abs(score[bins == b].mean() - label[bins == b].mean()) * (bins == b).mean()
        for b in set(bins)
    ]
    return float(sum(gaps))


@given(scored)
def test_few_distinct_scores_give_the_exact_ranking_and_calibration(rows: Rows) -> None:
    outcomes = pooled("binary", rows, grid=SOME)
    label, score = columns(rows)
    both = len(set(label)) == 2
    agree(metrics()["roc_auc"](outcomes), sk.roc_auc_score(label, score) if both else math.nan)
    assert roc_auc_error_bound(outcomes) == (0.0 if both else None)
    agree(metrics()["calibration_error"](outcomes), expected_calibration_error(label, score))


@given(any_scores | scored)
def test_losses_of_scores_are_those_of_scikit_learn(rows: Rows) -> None:
    outcomes = pooled("binary", rows)
    label, score = columns(rows)
    both = np.column_stack([1 - score, score])
    agree(metrics()["log_loss"](outcomes), sk.log_loss(label, both, labels=[0, 1]))
    agree(metrics()["brier"](outcomes), sk.brier_score_loss(label, score, labels=[0, 1]))


@given(any_scores)
def test_ranking_is_within_its_error_bound_on_any_grid(rows: Rows) -> None:
    label, score = columns(rows)
    if len(set(label)) == 2:
        outcomes = pooled("binary", rows, grid=SOME)
        bound = roc_auc_error_bound(outcomes)
        area = metrics()["roc_auc"](outcomes)
        assert bound is not None
        assert area is not None
        assert abs(area - sk.roc_auc_score(label, score)) <= bound + 1e-12


@pytest.mark.parametrize("grid", ["default", "reference"])
def test_ranking_of_many_distinct_scores_is_right_to_a_thousandth(grid: str) -> None:
    rng = np.random.default_rng(3)
    score = rng.beta(0.4, 3, 200_000)
    label = (rng.random(200_000) < score).astype(int)
    points = numeric_grid(np.sort(score[:50_000])) if grid == "reference" else SCORE_GRID
    outcomes = outcomes_of("binary", pa.table({"score": score, "label": label}), points)
    area = metrics()["roc_auc"](outcomes)
    assert area == pytest.approx(sk.roc_auc_score(label, score), abs=1e-3)
    bound = roc_auc_error_bound(outcomes)
    assert bound is not None
    assert bound < 1e-3


def test_a_score_that_is_no_probability_leaves_ranking_only() -> None:
    table = pa.table({"prediction": [1, 0], "score": [3.0, -2.0], "label": [1, 0]})
    outcomes = outcomes_of("binary", table)
    found = {metric.name: metric(outcomes) for metric in metrics_of("binary")}
    assert found["roc_auc"] == 1.0
    assert found["log_loss"] is found["brier"] is found["calibration_error"] is None


def test_without_scores_there_are_metrics_of_classes_only() -> None:
    outcomes = outcomes_of("binary", pa.table({"prediction": [1, 0], "label": [1, 0]}))
    defined = {metric.name for metric in metrics_of("binary") if metric(outcomes) is not None}
    assert defined == {"accuracy", "balanced_accuracy", "f1", "precision", "recall"}


sizes = st.sampled_from([1.0, 1e-6, 1e8, 1e12])
numbers = st.floats(-1, 1).filter(lambda x: x == 0 or abs(x) > 1e-6)
Pairs = Sequence[tuple[float, float]]


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=50), sizes, sizes)
def test_regression_metrics_are_those_of_scikit_learn(
    pairs: Pairs, size: float, error: float
) -> None:
    rows: Rows = [(label * size, label * size + miss * error) for label, miss in pairs]
    outcomes = pooled("regression", rows)
    label, said = (np.array(column) for column in zip(*rows, strict=True))
    theirs: dict[str, Callable[..., float]] = {
        "mae": sk.mean_absolute_error,
        "rmse": sk.root_mean_squared_error,
        "mape": sk.mean_absolute_percentage_error,
    }
    for name, measure in theirs.items():
        assert metrics()[name](outcomes) == pytest.approx(measure(label, said), rel=1e-12)
    assert metrics()["bias"](outcomes) == pytest.approx(
        math.fsum(said - label) / len(rows), rel=1e-12
    )
    found = metrics()["r2"](outcomes)
    assert found == (None if len(set(label)) == 1 else pytest.approx(r2_by_hand(rows), rel=1e-12))
    if np.std(label) > 0.01 * np.abs(label).max():  # otherwise scikit-learn rounds too much away
        assert found == pytest.approx(sk.r2_score(label, said), rel=1e-12)


def r2_by_hand(rows: Rows) -> float:
    labels = [Fraction(label) for label, _ in rows]
    mean = sum(labels) / len(labels)
    errors = sum(Fraction(said - label) ** 2 for label, said in rows)
    return float(1 - errors / sum((label - mean) ** 2 for label in labels))


def test_explained_variance_survives_labels_far_from_zero() -> None:
    rng = np.random.default_rng(5)
    label = 1e9 + rng.normal(size=1000)
    said = label + 0.5 * rng.normal(size=1000)
    outcomes = outcomes_of("regression", pa.table({"label": label, "prediction": said}))
    assert metrics()["r2"](outcomes) == pytest.approx(sk.r2_score(label, said), rel=1e-12)


@pytest.mark.parametrize("metric", metrics().values(), ids=lambda metric: metric.name)
def test_a_metric_without_labels_is_undefined(metric: Metric) -> None:
    for task in metric.tasks:
        assert metric(Outcomes.empty(task)) is None


@pytest.mark.parametrize("metric", metrics().values(), ids=lambda metric: metric.name)
def test_a_metric_says_what_it_is(metric: Metric) -> None:
    assert metric.doc
    assert metric.low < metric.high


def test_a_drop_is_relative_and_worse_is_positive() -> None:
    more, less = metrics()["accuracy"], metrics()["mae"]
    assert more.drop(0.8, 1.0) == pytest.approx(0.2)
    assert less.drop(1.2, 1.0) == pytest.approx(0.2)
    assert metrics()["r2"].drop(-0.6, -0.5) == pytest.approx(0.2)


@pytest.mark.parametrize(("current", "baseline"), [(0.5, 0.0), (None, 0.5), (0.5, None)])
def test_a_drop_from_zero_or_from_nothing_is_undefined(
    current: float | None, baseline: float | None
) -> None:
    assert metrics()["accuracy"].drop(current, baseline) is None
    assert metrics()["bias"].drop(0.1, 0.2) is None


def test_a_value_beyond_the_floats_is_undefined() -> None:
    table = pa.table({"label": [0.0, 1e-140], "prediction": [1e150, 0.0]})
    assert metrics()["r2"](outcomes_of("regression", table)) is None
