"""A year of a model's life, made up but true to shape, for the report's tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from driftline.alarms.verdict import ColumnVerdict, Verdict
from driftline.profiles.grid import categorical_grid, numeric_grid
from driftline.profiles.summary import Summary, summarize
from driftline.records import (
    Fault,
    Incident,
    MetricChange,
    PerformanceResult,
    WindowResult,
)
from driftline.report import Distribution, ModelPage
from driftline.windows import Window

DAY = timedelta(days=1)
START = datetime(2013, 1, 1, tzinfo=UTC)
END = datetime(2014, 1, 1, tzinfo=UTC)

HOSTILE = '<script>alert("x")</script><b>%{x}'

COLUMNS = (
    "dep_delay",
    "air_temperature",
    "carrier",
    "distance",
    "wind_speed",
    "humidity",
    HOSTILE,
    "a_column_with_quite_a_long_name_as_they_come_from_feature_stores",
    *(f"feature_{number:02}" for number in range(1, 13)),
)


def day_verdict(number: int, generator: np.random.Generator) -> Verdict:
    """Calm most days; three spells: one column, the season, a feed that dies."""
    columns = []
    for place, name in enumerate(COLUMNS):
        effect = float(generator.beta(2, 30))
        if name == "dep_delay" and 98 <= number < 106:
            effect += 0.35
        if name == "air_temperature":
            effect += 0.42 * float(np.sin(np.pi * max(0, number - 120) / 120)) ** 2 * (number < 240)
        if name in ("humidity", "wind_speed") and number >= 362:
            effect = 0.95
        alarm = effect > 0.27
        kind = "categorical" if name == "carrier" else "numeric"
        columns.append(
            ColumnVerdict(
                name=name,
                kind="categorical" if kind == "categorical" else "numeric",
                alarm=alarm,
                statistic="chi_squared" if kind == "categorical" else "kolmogorov_smirnov",
                value=round(effect * 1.1, 4),
                p_value=0.0002 if alarm else float(generator.uniform(0.02, 1)),
                effect=effect,
                blame=effect * 10 + place / 1000,
                missing=0.9 if effect == 0.95 else 0.004,
                reference_missing=0.004,
                least_effect=0.02,
            )
        )
    columns.sort(key=lambda column: -column.blame)
    alarmed = any(column.alarm for column in columns)
    return Verdict(
        alarm=alarmed,
        p_value=0.001 if alarmed else float(generator.uniform(0.05, 1)),
        columns=tuple(columns),
        method="calibrated",
        note=(
            "Calibrated on 90 windows of the reference, each left out in turn. The budget of 1 "
            "false alarm per 30 days makes a window alarm when p for all columns is below 0.033."
        ),
    )


def daily_windows() -> tuple[WindowResult, ...]:
    generator = np.random.default_rng(7)
    results = []
    for number in range(365):
        window = Window(START + number * DAY, START + (number + 1) * DAY)
        rows = int(generator.normal(920, 40)) - 150 * (number % 7 == 5)
        faults: tuple[Fault, ...] = ()
        if number in (200, 201):
            results.append(WindowResult(window, 0, "empty", None, (), window.end))
            continue
        if number == 330:
            results.append(WindowResult(window, 41, "too_few_rows", None, (), window.end))
            continue
        if number >= 362:
            faults = (
                Fault(
                    "stuck_column", "has had the same value since 29 Dec 2013", "high", "humidity"
                ),
            )
        verdict = day_verdict(number, generator)
        results.append(WindowResult(window, rows, "judged", verdict, faults, window.end))
    return tuple(results)


def metric(current: float, baseline: float, half: float, alarm: bool) -> MetricChange:
    drop = (baseline - current) / baseline
    return MetricChange(
        current, baseline, drop, current - half, current + half, drop - 0.02, drop + 0.02, alarm
    )


def weekly_spans() -> tuple[PerformanceResult, ...]:
    generator = np.random.default_rng(11)
    results = []
    for number in range(37, 365):
        end = START + number * DAY
        span = Window(end - 7 * DAY, end)
        dip = 0.11 * float(np.exp(-(((number - 103) / 6) ** 2)))
        accuracy = 0.842 - dip + float(generator.normal(0, 0.006))
        alarm = accuracy < 0.842 * 0.95
        late = max(0.0, (number - 358) / 9)
        labelled = int(6200 * (0.985 - late))
        results.append(
            PerformanceResult(
                span=span,
                baseline=Window(span.start - 30 * DAY, span.start),
                rows=6200,
                labelled=labelled,
                status="judged",
                metrics={
                    "accuracy": metric(accuracy, 0.842, 0.011, alarm),
                    "roc_auc": metric(accuracy - 0.06, 0.78, 0.014, False),
                    "f1": metric(accuracy - 0.21, 0.63, 0.02, False),
                    "log_loss": MetricChange(0.41, 0.43, -0.0465, 0.39, 0.43, -0.08, 0.01, False),
                },
                main="accuracy",
                alarm=alarm,
                severity="high" if alarm else None,
                judged_at=end,
            )
        )
    return tuple(results)


def incident(kind: str, opened: int, closed: int | None, **more: object) -> Incident:
    at = START + opened * DAY
    resolved = None if closed is None else START + closed * DAY
    values: dict[str, object] = {
        "id": f"late-arrival/{kind}/{opened}",
        "model": "late-arrival",
        "kind": kind,
        "severity": "medium",
        "state": "open" if closed is None else "resolved",
        "opened": at,
        "updated": resolved or at,
        "resolved": resolved,
        "since": at - DAY,
        "columns": ("dep_delay",),
        "message": "dep_delay differs from the reference.",
    }
    return Incident(**{**values, **more})  # type: ignore[arg-type]


def year_of_incidents() -> tuple[Incident, ...]:
    return (
        incident(
            "data_drift",
            99,
            108,
            alarms=8,
            facts=("dep_delay: median 2 → 31 minutes", "no other column moved"),
            message="Delays leapt: dep_delay is far above the reference in 8 windows.",
        ),
        incident(
            "performance",
            98,
            112,
            severity="high",
            columns=(),
            alarms=11,
            message="Accuracy fell to 0.735 (−12.7 % against 0.842).",
            facts=("interval of the drop: 10.1 % to 14.9 %", "98.5 % of predictions are labelled"),
            next_steps=("Look at dep_delay, which drifted in the same days.",),
        ),
        incident(
            "data_quality",
            363,
            None,
            severity="critical",
            columns=("humidity", "wind_speed", HOSTILE),
            alarms=2,
            message=f"humidity and wind_speed are missing in 90 % of rows; so is {HOSTILE}.",
            facts=(
                "humidity: missing 0.4 % in the reference, 90 % now",
                "wind_speed: missing 0.4 % in the reference, 90 % now",
                "Performance has not dropped so far (accuracy 0.838 against 0.842).",
            ),
            next_steps=(
                "Ask the owner of the weather feed whether it still delivers.",
                "Fill the columns as in training until it does.",
            ),
        ),
    )


def two_sides(
    values: Callable[[np.random.Generator, int], object],
    now: Callable[[np.random.Generator, int], object],
) -> tuple[Summary, Summary]:
    """Summaries of 80,000 reference and 900 current rows on the reference's grid."""
    generator = np.random.default_rng(3)
    reference = pa.chunked_array([pa.array(values(generator, 80_000))])
    current = pa.chunked_array([pa.array(now(generator, 900))])
    if pa.types.is_string(reference.type):
        counts = {str(v["values"]): v["counts"] for v in reference.value_counts().to_pylist()}
        grid = categorical_grid(counts)
        return summarize(grid, reference), summarize(grid, current)
    numbers = reference.to_numpy()
    numeric = numeric_grid(np.sort(numbers[np.isfinite(numbers)].astype(float)))
    return summarize(numeric, reference), summarize(numeric, current)


CARRIERS = ["UA", "B6", "EV", "DL", "AA", "MQ", "US", "9E", "WN", "VX", "FL", HOSTILE, "AS", "F9"]


def some_distributions() -> tuple[Distribution, ...]:
    days = "29 – 31 Dec 2013"
    share = np.geomspace(1, 0.02, len(CARRIERS)) / np.geomspace(1, 0.02, len(CARRIERS)).sum()
    moved = np.roll(share, 2)
    pairs = {
        "humidity": two_sides(
            lambda g, n: g.beta(5, 3, n) * 100,
            lambda g, n: np.where(g.random(n) < 0.9, np.nan, g.beta(5, 3, n) * 100),
        ),
        "dep_delay": two_sides(
            lambda g, n: np.round(g.normal(-3, 5, n) + g.exponential(12, n) ** 1.25),
            lambda g, n: np.round(g.normal(6, 12, n) + g.exponential(40, n) ** 1.25),
        ),
        "carrier": two_sides(
            lambda g, n: g.choice(CARRIERS, n, p=share).tolist(),
            lambda g, n: g.choice([*CARRIERS[:-1], "OO"], n, p=moved).tolist(),
        ),
        "precip": two_sides(
            lambda g, n: np.where(g.random(n) < 0.93, 0, np.round(g.exponential(0.1, n), 2)),
            lambda g, n: np.where(g.random(n) < 0.8, 0, np.round(g.exponential(0.2, n), 2)),
        ),
        "amount": two_sides(
            lambda g, n: g.lognormal(4, 1.8, n), lambda g, n: g.lognormal(5, 1.8, n)
        ),
        "hour": two_sides(lambda g, n: g.integers(5, 23, n), lambda g, n: g.binomial(24, 0.6, n)),
    }
    return tuple(Distribution(name, a, b, days) for name, (a, b) in pairs.items())


@pytest.fixture(scope="session")
def year() -> ModelPage:
    """A year of daily windows: a performance dip in spring, a season, a feed that dies."""
    return ModelPage(
        name="late-arrival",
        generated_at=END + timedelta(hours=6),
        version="2013-03",
        task="binary",
        reference=Window(datetime(2012, 10, 1, tzinfo=UTC), START),
        windows=daily_windows(),
        performance=weekly_spans(),
        incidents=year_of_incidents(),
        distributions=some_distributions(),
        settings={
            "False alarms": "1 per 30 days",
            "Window": "1 day",
            "Minimum rows": "100",
            "Performance": "7 days against 30 days, alarm at a drop of 5 %",
        },
        drop=0.05,
    )


@pytest.fixture(scope="session")
def calm(year: ModelPage) -> ModelPage:
    """A month without labels in which nothing is wrong."""
    return ModelPage(
        name="hotel-cancellations",
        generated_at=year.generated_at,
        reference=year.reference,
        windows=year.windows[30:60],
    )


@pytest.fixture(scope="session")
def unborn(year: ModelPage) -> ModelPage:
    """A model of which nothing has been checked."""
    return ModelPage(
        name=HOSTILE, generated_at=year.generated_at, reference=year.reference, task="regression"
    )
