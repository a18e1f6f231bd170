"""Judging a span: has the model become worse than it was in the baseline span before it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from driftline.errors import DataError, nearest
from driftline.performance import Metric, metrics_of
from driftline.performance.intervals import change
from driftline.performance.looks import LOOKS, Before, seen_early
from driftline.performance.persistence import BLOCKS_FOR_PERSISTENCE
from driftline.performance.spans import BLOCK, Span, span_of
from driftline.performance.usual import before_the_drop
from driftline.profiles.joined import POSITIVE
from driftline.profiles.outcomes import Outcomes, Task
from driftline.records import Early, MetricChange, PerformanceResult, Severity, SpanStatus
from driftline.windows import Window

Windows: TypeAlias = Sequence[tuple[Window, Outcomes]]

RARE = 0.1
"""Below this share of the rarer class, accuracy says little: always saying the other class already
gives 90 %, and losing the rare class altogether is hardly a drop."""

HISTORY = 3
"""Spans before the baseline, as long as it, from which is learned how much days differ."""


@dataclass(frozen=True)
class PerformancePolicy:
    """When a span is judged and what is an alarm.

    Attributes:
        drop: the least relative drop that is an alarm, a share.
        metric: the metric that is watched; None: `main_metric` chooses.
        min_labels: a span with fewer labelled rows is not judged, nor is a baseline.
        min_coverage: a span of whose predictions a smaller share is labelled is not judged yet.
        level: confidence of the two-sided intervals; an alarm needs the whole interval of the drop
            above 0, so that without a drop it has at most half of 1 - level to happen.
        early_level: the same for the short looks at the newest days.
        medium, high, critical: drops from which an alarm has that severity; below, it is low.
    """

    drop: float = 0.05
    metric: str | None = None
    min_labels: int = 100
    min_coverage: float = 0.5
    level: float = 0.98
    early_level: float = 0.99
    medium: float = 0.05
    high: float = 0.10
    critical: float = 0.15

    def severity(self, drop: float | None) -> Severity:
        """Of an alarm with this relative drop; None is a drop from a perfect 0."""
        if drop is None or drop >= self.critical:
            return "critical"
        if drop >= self.high:
            return "high"
        return "medium" if drop >= self.medium else "low"


def judge_span(
    current: Windows,
    baseline: Windows,
    spans: tuple[Window, Window],
    policy: PerformancePolicy,
    task: Task,
    judged_at: datetime,
) -> PerformanceResult:
    """Compare the outcomes of the current span's windows with those of the baseline span's.

    `spans` are the current span and its baseline, which ends where the current one begins; windows
    that are not inside their span are left out. Every metric is reported; only the main one can
    alarm. Raises DataError when `policy.metric` is no metric of the task that can drop.
    """
    span, baseline_span = spans
    empty = _empty(task, (*current, *baseline))
    now = span_of(_inside(span, current), empty)
    before = span_of(_inside(baseline_span, baseline), empty)
    status = _status(now.total, before.total, policy)
    main = main_metric(task, policy, before.total if status == "judged" else now.total)
    history = _history(baseline_span, baseline, empty)
    usual = before_the_drop(main, before, policy.drop)
    metrics = {
        metric.name: change(main, now, before, policy.level, history)
        if metric is main
        else change(metric, now, before, policy.level, usual=usual)
        for metric in metrics_of(task)
    }
    watched = metrics[main.name]
    alarm = status == "judged" and _is_alarm(main, watched, policy)
    look = status == "judged" and not alarm
    early = _early(main, (span, current), Before(before, history), policy, empty) if look else None
    return PerformanceResult(
        span=span,
        baseline=baseline_span,
        rows=now.total.rows,
        labelled=now.total.labelled,
        status=status,
        metrics={**metrics, main.name: replace(watched, alarm=alarm)},
        main=main.name,
        alarm=alarm or early is not None,
        severity=policy.severity((early.change if early else watched).drop)
        if alarm or early
        else None,
        judged_at=judged_at,
        early=early,
    )


def _history(baseline: Window, windows: Windows, empty: Outcomes) -> list[Span]:
    """The spans before the baseline, as long as it, of which enough is known."""
    found = []
    for i in range(1, HISTORY + 1):
        span = Window(baseline.start - i * baseline.length, baseline.end - i * baseline.length)
        known = span_of(_inside(span, windows), empty)
        if len(known.blocks) >= BLOCKS_FOR_PERSISTENCE:
            found.append(known)
    return found


def _early(
    metric: Metric,
    current: tuple[Window, Windows],
    before: Before,
    policy: PerformancePolicy,
    empty: Outcomes,
) -> Early | None:
    """The shortest look in which a large drop shows already."""
    span, windows = current
    block = max([BLOCK, *(window.length for window, _ in windows)])
    for blocks in LOOKS:
        short = Window(span.end - blocks * block, span.end)
        newest = span_of(_inside(short, windows), empty)
        if short.start <= span.start or _status(newest.total, newest.total, policy) != "judged":
            continue
        drop = metric.drop(metric(newest.total), metric(before.baseline.total))
        if drop is None or drop < policy.drop:
            continue
        found = seen_early(metric, newest, before, blocks, policy.early_level)
        if found is not None:
            return Early(short, newest.total.labelled, replace(found, alarm=True))
    return None


def main_metric(task: Task, policy: PerformancePolicy, baseline: Outcomes) -> Metric:
    """The metric that is watched and shown first.

    The one the policy names. Otherwise mean absolute error for regression; accuracy for classes,
    but F1 of the positive class for two classes of which one has less than a tenth of the labels.
    """
    of_task = {metric.name: metric for metric in metrics_of(task)}
    name = policy.metric or _usual_metric(task, baseline)
    if name not in of_task:
        raise DataError(
            f'"{name}" is no metric of a {task} model; use one of {", ".join(of_task)}'
            f"{nearest(name, of_task)}"
        )
    if of_task[name].better == "neither":
        raise DataError(
            f'"{name}" has no better and worse, so it cannot be watched for drops; use one of '
            f"{', '.join(n for n, metric in of_task.items() if metric.better != 'neither')}"
        )
    return of_task[name]


def _usual_metric(task: Task, baseline: Outcomes) -> str:
    if task == "regression":
        return "mae"
    if task == "multiclass" or not baseline.labelled:
        return "accuracy"
    positive = sum(rows for (label, _), rows in baseline.confusion.items() if label == POSITIVE)
    share = positive / baseline.labelled
    return "accuracy" if RARE <= share <= 1 - RARE else "f1"


def _empty(task: Task, windows: Windows) -> Outcomes:
    """No outcomes, on the score grid of the given ones."""
    return windows[0][1] - windows[0][1] if windows else Outcomes.empty(task)


def _inside(span: Window, windows: Windows) -> list[tuple[Window, Outcomes]]:
    return [(w, outcomes) for w, outcomes in windows if span.start <= w.start and w.end <= span.end]


def _status(current: Outcomes, baseline: Outcomes, policy: PerformancePolicy) -> SpanStatus:
    if current.labelled < policy.min_labels or current.coverage < policy.min_coverage:
        return "too_few_labels"
    return "judged" if baseline.labelled >= policy.min_labels else "no_baseline"


def _is_alarm(metric: Metric, found: MetricChange, policy: PerformancePolicy) -> bool:
    if found.baseline == 0 and metric.better == "less":  # errors where there were none at all
        return found.low is not None and found.low > 0
    if found.drop is None or found.drop_low is None:
        return False
    return found.drop >= policy.drop and found.drop_low > 0
