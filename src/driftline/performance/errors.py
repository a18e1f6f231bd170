"""Metrics of predicted numbers. The error of a row is its prediction minus its label."""

from __future__ import annotations

import math

from driftline.performance import metric
from driftline.profiles.exact_sum import SCALE, to_float
from driftline.profiles.outcomes import Outcomes


def _mean(outcomes: Outcomes, name: str) -> float:
    return to_float(outcomes.sums[name], outcomes.labelled)


@metric("regression", better="less", high=math.inf, unit="label")
def mae(outcomes: Outcomes) -> float:
    """Mean absolute error, in units of the label."""
    return _mean(outcomes, "absolute_error")


@metric("regression", better="less", high=math.inf, unit="label")
def rmse(outcomes: Outcomes) -> float:
    """Root of the mean squared error, in units of the label; large errors weigh more."""
    return math.sqrt(_mean(outcomes, "squared_error"))


@metric("regression", better="less", high=math.inf)
def mape(outcomes: Outcomes) -> float:
    """Mean of |error| / |label|, a share (0.1 is 10 %).

    |label| is taken as at least 2**-52, as scikit-learn does: labels of 0 make it huge.
    """
    return _mean(outcomes, "percentage_error")


@metric("regression", low=-math.inf)
def r2(outcomes: Outcomes) -> float | None:
    """Share of the labels' variance that is explained: 1 - sum of squared errors / sum of squared
    deviations of the labels from their mean. 1 is perfect, 0 is as good as saying the mean.

    Undefined when all labels are the same.
    """
    sums, rows = outcomes.sums, outcomes.labelled
    spread = ((rows * sums["squared_label"]) << SCALE) - sums["label"] ** 2
    return 1 - to_float((rows * sums["squared_error"]) << 2 * SCALE, spread) if spread else None


@metric("regression", better="neither", low=-math.inf, high=math.inf, unit="label")
def bias(outcomes: Outcomes) -> float:
    """Mean error, in units of the label: positive when the model says too much."""
    return _mean(outcomes, "error")
