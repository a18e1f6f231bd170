"""How far a metric can be off by chance when rows do not depend on each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from driftline.performance import Metric
from driftline.profiles.exact_sum import to_float
from driftline.profiles.outcomes import Outcomes


def rows_variance(metric: Metric, outcomes: Outcomes) -> float | None:
    """Variance of a metric if rows were independent; None where the outcomes do not tell it.

    Metrics of classes and of score counts: the jackknife over rows, in which rows of one cell are
    alike. To the confusion counts one right and one wrong row of each class are added first, so
    that a perfect score is not taken for a certain one (for accuracy of two classes these are
    Agresti and Coull's four rows). Mean absolute error and bias: from the sums of errors and
    squared errors. Other metrics of errors and probabilities: None.
    """
    if outcomes.labelled < 2:
        return None
    if outcomes.task == "regression":
        return _variance_of_mean(metric, outcomes)
    of_classes = _jackknife(metric, _softened(outcomes), "confusion")
    return of_classes or _jackknife(metric, outcomes, "scores") or None


def _variance_of_mean(metric: Metric, outcomes: Outcomes) -> float | None:
    name = {"mae": "absolute_error", "bias": "error"}.get(metric.name)
    if name is None:
        return None
    rows = outcomes.labelled
    mean = to_float(outcomes.sums[name], rows)
    return max(0.0, to_float(outcomes.sums["squared_error"], rows) - mean * mean) / (rows - 1)


def _softened(outcomes: Outcomes) -> Outcomes:
    classes = sorted({name for pair in outcomes.confusion for name in pair} | {"0", "1"})
    if outcomes.task == "multiclass":
        classes = sorted({name for pair in outcomes.confusion for name in pair})
    confusion = dict(outcomes.confusion)
    for label, wrong in zip(classes, classes[1:] + classes[:1], strict=True):
        for pair in {(label, label), (label, wrong)}:
            confusion[pair] = confusion.get(pair, 0) + 1
    return replace(outcomes, confusion=confusion, labelled=sum(confusion.values()))


def _jackknife(metric: Metric, outcomes: Outcomes, of: str) -> float | None:
    """Variance of the metric over the outcomes without one row of each cell; 0 when it does not
    depend on these cells, None when it is undefined without one."""
    cells = _without_a_pair(outcomes) if of == "confusion" else _without_a_score(outcomes)
    values = [(metric(rest), rows) for rest, rows in cells]
    defined = np.array([value for value, _ in values if value is not None])
    if len(defined) < len(values) or not values:
        return None
    if np.all(defined == defined[0]):  # a mean of equal values need not be equal to them
        return 0.0
    rows = np.array([rows for _, rows in values])
    total = rows.sum()
    mean = np.dot(rows, defined) / total
    return float(np.dot(rows, (defined - mean) ** 2) * (total - 1) / total)


def _without_a_pair(outcomes: Outcomes) -> list[tuple[Outcomes, int]]:
    cells = outcomes.confusion
    rest = outcomes.labelled - 1
    return [
        (replace(outcomes, labelled=rest, confusion={**cells, pair: rows - 1}), rows)
        for pair, rows in sorted(cells.items())
    ]


def _without_a_score(outcomes: Outcomes) -> list[tuple[Outcomes, int]]:
    if outcomes.scores is None:
        return []
    found = []
    for side, summary in enumerate(outcomes.scores):
        for cell in np.flatnonzero(summary.counts):
            counts = summary.counts.copy()
            counts[cell] -= 1
            less = replace(summary, counts=counts)
            pair = (less, outcomes.scores[1]) if side == 0 else (outcomes.scores[0], less)
            found.append((replace(outcomes, scores=pair), int(summary.counts[cell])))
    return found
