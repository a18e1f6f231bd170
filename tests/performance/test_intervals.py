from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from driftline.performance import metrics
from driftline.performance.independent_rows import rows_variance
from driftline.performance.intervals import change, estimates
from driftline.performance.spans import Span, span_of
from driftline.profiles.joined import outcomes_of
from driftline.profiles.outcomes import Outcomes
from driftline.windows import Window

MakeDays = Callable[..., list[tuple[Window, Outcomes]]]
ACCURACY = metrics()["accuracy"]
EMPTY = Outcomes.empty("binary")


@pytest.fixture
def span(share_days: MakeDays) -> Callable[..., Span]:
    return lambda *right, **options: span_of(share_days(right, **options), EMPTY)


def test_days_of_one_size_give_the_t_interval_of_their_mean(span: Callable[..., Span]) -> None:
    right = [160, 170, 150, 165, 155, 168, 152]
    found = change(ACCURACY, span(*right), span(*right[::-1]), level=0.95)
    shares = np.array(right) / 200
    low, high = stats.t.interval(0.95, 6, shares.mean(), stats.sem(shares))
    assert found.low == pytest.approx(low)
    assert found.high == pytest.approx(high)


def test_the_drop_has_the_interval_of_pooled_days(span: Callable[..., Span]) -> None:
    now, before = [150, 140, 145, 152, 138], [160, 170, 150, 165, 155, 168, 152]
    found = change(ACCURACY, span(*now), span(*before), level=0.98)
    a, b = np.array(now) / 200, np.array(before) / 200
    pooled = (4 * a.var(ddof=1) + 6 * b.var(ddof=1)) / 10
    error = math.sqrt(pooled / 5 + pooled / 7 * (a.mean() / b.mean()) ** 2) / b.mean()
    reach = stats.t.ppf(0.99, 10) * error
    assert found.drop == pytest.approx(1 - a.mean() / b.mean())
    assert found.drop_low == pytest.approx(1 - a.mean() / b.mean() - reach)
    assert found.drop_high == pytest.approx(1 - a.mean() / b.mean() + reach)
    assert found.alarm is False


def test_large_days_weigh_more_than_small_ones(share_days: MakeDays) -> None:
    days = [*share_days([900, 910, 890], rows=1000), *share_days([5, 9, 5], rows=10, first=3)]
    few, _ = estimates(ACCURACY, span_of(days, EMPTY), span_of(days, EMPTY))
    assert few is not None
    assert math.sqrt(few.variance) < 0.02


def test_windows_shorter_than_a_day_are_joined_into_days(share_days: MakeDays) -> None:
    days = share_days([150, 160, 170, 140, 155])
    hours = [
        (Window(w.start + timedelta(hours=h), w.start + timedelta(hours=h + 1)), outcomes)
        for w, outcomes in days
        for h in (3, 20)
    ]
    assert [block.labelled for block in span_of(hours, EMPTY).blocks] == [400] * 5


def test_days_that_resemble_their_neighbours_widen_the_interval(span: Callable[..., Span]) -> None:
    rising = [140 + i for i in range(30)]
    mixed = [140 + (7 * i) % 30 for i in range(30)]
    current = [150, 160, 155, 145, 152]
    wide = change(ACCURACY, span(*current), span(*rising), 0.95)
    narrow = change(ACCURACY, span(*current), span(*mixed), 0.95)
    assert wide.low is not None
    assert narrow.low is not None
    assert wide.low < narrow.low


def test_a_span_of_few_days_borrows_how_much_days_differ(span: Callable[..., Span]) -> None:
    before = span(160, 170, 150, 165, 155, 168, 152, 171)
    now, of_before = estimates(ACCURACY, span(140), before)
    assert now is not None
    assert of_before is not None
    assert now.variance == pytest.approx(8 * of_before.variance)
    found = change(ACCURACY, span(140), before, 0.98)
    assert found.drop_low is not None
    assert found.low is not None
    assert found.low < 0.7 < (found.high or 0)


def test_with_few_days_on_both_sides_rows_are_taken_as_independent(
    span: Callable[..., Span],
) -> None:
    now, _ = estimates(ACCURACY, span(150), span(160, 170))
    assert now is not None
    share = 152 / 204  # Agresti and Coull add two right and two wrong rows
    assert now.variance == pytest.approx(share * (1 - share) / 203)


def test_a_perfect_day_is_not_taken_for_a_certain_one(span: Callable[..., Span]) -> None:
    found = change(ACCURACY, span(200), span(200), 0.95)
    assert found.low is not None
    assert 0.95 < found.low < 1.0
    assert found.high == 1.0


def test_independent_rows_give_the_standard_errors_of_means() -> None:
    rng = np.random.default_rng(2)
    label, error = rng.normal(size=500), rng.normal(0.1, 1.0, 500)
    rows = outcomes_of("regression", pa.table({"label": label, "prediction": label + error}))
    for name, values in {"mae": np.abs(error), "bias": error}.items():
        expected = values.var(ddof=1) / 500
        assert rows_variance(metrics()[name], rows) == pytest.approx(expected)
    assert rows_variance(metrics()["r2"], rows) is None
    found = change(metrics()["r2"], Span(rows, (rows,)), Span(rows, (rows,)), 0.95)
    assert (found.low, found.drop_low) == (None, None)


def test_independent_rows_give_the_area_its_standard_error() -> None:
    rng = np.random.default_rng(4)
    label = rng.random(400) < 0.3
    score = np.round(np.clip(rng.normal(0.4 + 0.2 * label, 0.2), 0, 1), 2)
    table = pa.table({"label": label, "score": score})
    variance = rows_variance(metrics()["roc_auc"], outcomes_of("binary", table))
    drawn = []
    for _ in range(400):
        again = table.take(rng.integers(0, 400, 400))
        drawn.append(metrics()["roc_auc"](outcomes_of("binary", again)))
    assert variance == pytest.approx(np.var(np.array(drawn, dtype=float)), rel=0.25)


def test_what_independent_rows_give_does_not_hang_on_rounding_nor_on_an_order() -> None:
    rng = np.random.default_rng(5)
    for rows in range(20, 120):
        label = rng.random(rows) < 0.4
        score = np.round(np.clip(rng.normal(0.4 + 0.2 * label, 0.2), 0, 1), 2)
        found = outcomes_of("binary", pa.table({"label": label, "score": score}))
        turned = replace(found, confusion=dict([*found.confusion.items()][::-1]))
        assert rows_variance(metrics()["log_loss"], found) is None
        area = rows_variance(metrics()["roc_auc"], found)
        assert area is not None
        assert area > 1e-6
        for name in ("roc_auc", "f1", "accuracy"):
            metric = metrics()[name]
            assert rows_variance(metric, turned) == rows_variance(metric, found)


def test_an_undefined_metric_has_no_interval(span: Callable[..., Span]) -> None:
    auc = metrics()["roc_auc"]
    found = change(auc, span(*[150] * 6), span(*[150] * 6), 0.95)
    assert found.current is found.low is found.drop is found.drop_low is None


def test_the_error_of_many_classes_is_known_from_rows() -> None:
    table = pa.table({"label": list("abcabcabca"), "prediction": list("abcabcabcb")})
    rows = outcomes_of("multiclass", table)
    variance = rows_variance(ACCURACY, rows)
    assert variance == pytest.approx(12 / 16 * 4 / 16 / 15)
