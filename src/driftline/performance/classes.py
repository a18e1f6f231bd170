"""Metrics of predicted classes, from confusion counts.

Binary metrics are about the positive class. Multiclass ones are means over classes, weighted by how
many labels each has, as scikit-learn's `average="weighted", zero_division=0`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from driftline.performance import metric
from driftline.profiles.joined import NEGATIVE, POSITIVE
from driftline.profiles.outcomes import Outcomes


@metric("binary", "multiclass")
def accuracy(outcomes: Outcomes) -> float:
    """Share of the labelled predictions that were right, 0 to 1."""
    right = sum(n for (label, said), n in outcomes.confusion.items() if label == said)
    return right / outcomes.labelled


@metric("binary", "multiclass")
def precision(outcomes: Outcomes) -> float | None:
    """Share of the predictions of a class that were right, TP / (TP + FP), 0 to 1.

    Binary: undefined when nothing was predicted positive. Multiclass: the weighted mean, in which a
    class that was never predicted counts as 0.
    """
    return _of_classes(outcomes, lambda right, labels, said: _share(right, said))


@metric("binary", "multiclass")
def recall(outcomes: Outcomes) -> float | None:
    """Share of the labels of a class that were predicted, TP / (TP + FN), 0 to 1.

    Binary: undefined when no label is positive. Multiclass: the weighted mean, which is accuracy.
    """
    return _of_classes(outcomes, lambda right, labels, said: _share(right, labels))


@metric("binary", "multiclass")
def f1(outcomes: Outcomes) -> float | None:
    """Harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN), 0 to 1.

    Binary: undefined when no label and no prediction is positive. Multiclass: the weighted mean.
    """
    return _of_classes(outcomes, lambda right, labels, said: _share(2 * right, labels + said))


@metric("binary", "multiclass")
def balanced_accuracy(outcomes: Outcomes) -> float:
    """Mean recall of the classes that have labels, each class counting alike, 0 to 1.

    Unlike accuracy it does not rise when a model always says the commonest class.
    """
    counted = [(right, labels) for right, labels, _ in _classes(outcomes).values() if labels]
    return math.fsum(right / labels for right, labels in counted) / len(counted)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _classes(outcomes: Outcomes) -> dict[str, tuple[int, int, int]]:
    """For each class: rows predicted right, rows with that label, rows with that prediction."""
    found: dict[str, tuple[int, int, int]] = {}
    for (label, said), n in outcomes.confusion.items():
        right, labels, predictions = found.get(label, (0, 0, 0))
        found[label] = (right + (n if label == said else 0), labels + n, predictions)
        right, labels, predictions = found.get(said, (0, 0, 0))
        found[said] = (right, labels, predictions + n)
    return found


def _of_classes(
    outcomes: Outcomes, measure: Callable[[int, int, int], float | None]
) -> float | None:
    if outcomes.task == "binary":
        cells = outcomes.confusion
        right = cells.get((POSITIVE, POSITIVE), 0)
        labels = right + cells.get((POSITIVE, NEGATIVE), 0)
        return measure(right, labels, right + cells.get((NEGATIVE, POSITIVE), 0))
    weighted = (
        labels * (measure(right, labels, said) or 0.0)
        for right, labels, said in _classes(outcomes).values()
        if labels
    )
    return math.fsum(weighted) / outcomes.labelled
