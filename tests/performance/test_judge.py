from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from driftline.errors import DataError
from driftline.performance.judge import PerformancePolicy, judge_span, main_metric
from driftline.profiles.joined import outcomes_of
from driftline.profiles.outcomes import Outcomes, Task
from driftline.records import MetricChange, PerformanceResult
from driftline.windows import Window

Days = Sequence[tuple[Window, Outcomes]]
MakeDays = Callable[..., list[tuple[Window, Outcomes]]]
START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
NOW = START + timedelta(days=60)
POLICY = PerformancePolicy()
BASELINE = Window(START, START + timedelta(days=10))
CURRENT = Window(BASELINE.end, BASELINE.end + timedelta(days=7))
STEADY = [160, 164, 156, 162, 158, 161, 159, 163, 157, 160]


def judged(
    days: Days, policy: PerformancePolicy = POLICY, task: Task = "binary"
) -> PerformanceResult:
    return judge_span(days, days, (CURRENT, BASELINE), policy, task, NOW)


def regression(errors: Sequence[float]) -> list[tuple[Window, Outcomes]]:
    rng = np.random.default_rng(1)
    days = []
    for number, error in enumerate(errors):
        label = rng.normal(size=50)
        table = pa.table({"label": label, "prediction": label + error})
        start = START + timedelta(days=number)
        days.append((Window(start, start + timedelta(days=1)), outcomes_of("regression", table)))
    return days


def test_a_large_and_certain_drop_is_an_alarm(share_days: MakeDays) -> None:
    result = judged(share_days([*STEADY, *[n - 20 for n in STEADY[:7]]]))
    assert result.status == "judged"
    assert result.alarm
    assert result.main == "accuracy"
    assert result.metrics["accuracy"].alarm
    assert result.metrics["accuracy"].drop == pytest.approx(0.125, abs=0.005)
    assert result.severity == "high"
    assert not result.metrics["f1"].alarm


def test_a_drop_that_is_certain_but_small_is_none(share_days: MakeDays) -> None:
    result = judged(share_days([*STEADY, *[n - 7 for n in STEADY[:7]]]))
    change = result.metrics["accuracy"]
    assert change.drop_low is not None
    assert change.drop_low > 0
    assert not result.alarm
    assert result.severity is None


def test_a_drop_that_is_large_but_uncertain_is_none(share_days: MakeDays) -> None:
    result = judged(share_days([*STEADY, 180, 100, 180, 90, 185, 110, 175]))
    change = result.metrics["accuracy"]
    assert change.drop is not None
    assert change.drop > 0.05
    assert not result.alarm


def test_better_is_no_alarm(share_days: MakeDays) -> None:
    assert not judged(share_days([*STEADY, *[n + 20 for n in STEADY[:7]]])).alarm


@pytest.mark.parametrize(
    ("drop", "severity"),
    [(0.03, "low"), (0.05, "medium"), (0.1, "high"), (0.15, "critical"), (None, "critical")],
)
def test_severity_goes_by_the_drop(drop: float | None, severity: str) -> None:
    assert POLICY.severity(drop) == severity


def test_a_span_waits_until_enough_is_labelled(share_days: MakeDays) -> None:
    days = share_days([*STEADY, *[100] * 7])
    late = [(w, replace(o, rows=o.rows * 3) if w.start >= CURRENT.start else o) for w, o in days]
    result = judged(late)
    assert result.status == "too_few_labels"
    assert not result.alarm
    assert result.coverage == pytest.approx(1 / 3)
    assert result.metrics["accuracy"].current == 0.5
    assert judged(late, PerformancePolicy(min_coverage=0.3)).alarm
    assert judged(days, PerformancePolicy(min_labels=1401)).status == "too_few_labels"


def test_without_a_baseline_nothing_is_decided(share_days: MakeDays) -> None:
    result = judged(share_days(STEADY, first=10))
    assert result.status == "no_baseline"
    assert result.metrics["accuracy"].baseline is None
    assert not result.alarm


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_no_windows_at_all_are_too_few_labels(task: Task) -> None:
    result = judged([], task=task)
    assert (result.status, result.rows, result.coverage) == ("too_few_labels", 0, 0.0)


def test_windows_outside_their_span_do_not_count(share_days: MakeDays) -> None:
    result = judged(share_days([*STEADY, *STEADY, *STEADY]))
    assert (result.rows, result.labelled) == (7 * 200, 7 * 200)


def test_a_model_that_was_always_wrong_does_not_divide_by_zero(share_days: MakeDays) -> None:
    result = judged(share_days([0] * 17))
    assert result.metrics["accuracy"].drop is None
    assert not result.alarm


def test_errors_where_there_were_none_are_an_alarm() -> None:
    result = judged(regression([0.0] * 10 + [1.0, 1.1, 0.9, 1.0, 1.2, 1.0, 0.8]), task="regression")
    assert result.metrics["mae"].drop is None
    assert result.alarm
    assert result.severity == "critical"
    assert not judged(regression([0.0] * 17), task="regression").alarm


def test_growing_errors_are_a_drop() -> None:
    errors = [1.0, 1.1, 0.9, 1.05, 0.95]
    result = judged(
        regression([*errors, *errors, 1.3, 1.2, 1.35, 1.3, 1.25, 1.3, 1.2]), task="regression"
    )
    assert result.main == "mae"
    assert result.alarm
    assert result.metrics["bias"].drop is None


def test_every_metric_of_the_task_is_reported(share_days: MakeDays) -> None:
    result = judged(share_days([*STEADY, *STEADY[:7]]))
    assert set(result.metrics) == {
        "accuracy", "balanced_accuracy", "brier", "calibration_error", "f1", "log_loss",
        "precision", "recall", "roc_auc",
    }  # fmt: skip
    assert all(change.low is not None for change in result.metrics.values() if change.current)


def confusion(**rows: int) -> Outcomes:
    cells: dict[tuple[str, str], int] = {(name[1], name[2]): n for name, n in rows.items()}
    total = sum(cells.values())
    return replace(Outcomes.empty("binary"), rows=total, labelled=total, confusion=cells)


def test_a_rare_class_is_watched_by_f1() -> None:
    rare = confusion(c00=950, c11=50)
    common = confusion(c00=800, c11=200)
    assert main_metric("binary", POLICY, rare).name == "f1"
    assert main_metric("binary", POLICY, common).name == "accuracy"
    assert main_metric("binary", POLICY, Outcomes.empty("binary")).name == "accuracy"
    assert main_metric("multiclass", POLICY, Outcomes.empty("multiclass")).name == "accuracy"


def test_the_policy_may_name_the_metric(share_days: MakeDays) -> None:
    days = share_days([*STEADY, *[n - 20 for n in STEADY[:7]]])
    result = judged(days, PerformancePolicy(metric="recall"))
    assert result.main == "recall"
    assert result.metrics["recall"].alarm == result.alarm


@pytest.mark.parametrize(
    ("task", "metric", "message"),
    [
        ("binary", "acuracy", 'did you mean "accuracy"'),
        ("regression", "f1", "no metric of a regression model"),
        ("regression", "bias", "no better and worse"),
    ],
)
def test_a_metric_that_cannot_be_watched_is_refused(task: Any, metric: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        main_metric(task, PerformancePolicy(metric=metric), Outcomes.empty(task))


def test_a_drop_that_began_in_the_baseline_does_not_widen_the_intervals_of_what_is_not_watched(
    share_days: MakeDays,
) -> None:
    bad = [n - 50 for n in STEADY[:7]]
    spans = CURRENT, Window(START - 8 * DAY, BASELINE.end)

    def f1_after(baseline: list[int]) -> MetricChange:
        days = share_days([*baseline, *bad], first=-8)
        return judge_span(days, days, spans, POLICY, "binary", NOW).metrics["f1"]

    calm, begun = f1_after([*STEADY[:8], *STEADY]), f1_after([*STEADY[:8], *STEADY[:8], *bad[:2]])
    assert None not in (calm.low, calm.high, begun.low, begun.high, begun.drop_low, calm.baseline)
    assert begun.high - begun.low < 2 * (calm.high - calm.low)  # type: ignore[operator]
    assert begun.drop_low > 0.15  # type: ignore[operator]
    assert begun.baseline < calm.baseline  # type: ignore[operator]  # its value keeps every day
