"""Performance of a model once labels have come: metrics of pooled outcomes, intervals, alarms.

A metric is a function from outcomes to a number. Metrics are found in this folder and among the
entry points of `driftline.performance`, and listed nowhere.

>>> [metric.name for metric in metrics_of("multiclass")]
['accuracy', 'balanced_accuracy', 'f1', 'precision', 'recall']
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from driftline.profiles.outcomes import Outcomes, Task
from driftline.registry import parts

Measure = Callable[[Outcomes], float | None]
Better = Literal["more", "less", "neither"]


@dataclass(frozen=True)
class Metric:
    """A named measure of how good predictions were.

    Attributes:
        name: the name of its function.
        compute: the measure itself; not called without labelled rows.
        tasks: the tasks it is for.
        better: whether more or less of it is better; "neither" for a metric without a direction,
            which has no drop.
        low, high: the range of its values; either may be infinite.
        unit: what a value is measured in; "label" stands for the unit of the label.
        doc: the reference page.
    """

    name: str
    compute: Measure = field(repr=False)
    tasks: tuple[Task, ...]
    better: Better = "more"
    low: float = 0.0
    high: float = 1.0
    unit: str = "share"
    doc: str = field(default="", repr=False)

    def __call__(self, outcomes: Outcomes) -> float | None:
        """The value over all labelled rows; None when it is undefined there."""
        if outcomes.labelled == 0:
            return None
        value = self.compute(outcomes)
        return value if value is not None and math.isfinite(value) else None

    def drop(self, current: float | None, baseline: float | None) -> float | None:
        """Relative worsening from baseline to current: 0.05 is 5 % worse, negative is better.

        (baseline - current) / |baseline| where more is better, the reverse where less is; None when
        a side is undefined, when the baseline is 0, and for a metric without a direction.
        """
        if current is None or baseline is None or baseline == 0 or self.better == "neither":
            return None
        worse = baseline - current if self.better == "more" else current - baseline
        relative = worse / abs(baseline)
        return relative if math.isfinite(relative) else None


def metric(
    *tasks: Task,
    better: Better = "more",
    low: float = 0.0,
    high: float = 1.0,
    unit: str = "share",
) -> Callable[[Measure], Metric]:
    """Make a function of outcomes a `Metric` with the function's name and docstring.

    What the arguments mean is said at `Metric`.
    """

    def made(compute: Measure) -> Metric:
        doc = inspect.getdoc(compute) or ""
        return Metric(compute.__name__, compute, tasks, better, low, high, unit, doc)

    return made


def metrics() -> Mapping[str, Metric]:
    """Every metric by name: those of this folder and those other distributions announce."""
    return parts("driftline.performance", Metric)


def metrics_of(task: Task) -> tuple[Metric, ...]:
    """The metrics of one task, by name."""
    return tuple(metric for metric in metrics().values() if task in metric.tasks)
