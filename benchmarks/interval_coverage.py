"""Do performance intervals hold what they promise, and how often does the rule cry wolf?

Long histories of days are drawn (seeded), in which nothing ever changes but the days themselves
differ in four ways. Spans are taken from them one after the other, so that the truth is the metric
over the whole history. Told for each way and metric:

- how often the 98 % interval of a current span of 5, 7, 14 or 30 days covers the truth;
- how often the interval of the drop, with a baseline of 30 days, lies above 0 (1 % is promised);
- false alarms in 30 days (the drop is 5 % or more as well), as days in alarm and as runs of them;
- how often a true drop of 10 % is an alarm, 7 days after it began.

    python benchmarks/interval_coverage.py [--days 6000] [--rows 300]
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from driftline.performance import Metric, metrics
from driftline.performance.intervals import change
from driftline.performance.spans import Span, span_of
from driftline.profiles.joined import outcomes_of
from driftline.profiles.outcomes import Outcomes
from driftline.windows import Window

LEVEL, DROP, BASELINE = 0.98, 0.05, 30
WAYS = ("alike", "different", "resembling", "stormy")
METRICS = ("accuracy", "f1", "roc_auc", "mae")
LENGTHS = (5, 7, 14, 30)
HEAD = (
    *("days", "metric"),
    *(f"covered, {length} days" for length in LENGTHS),
    *(f"drop above 0, {length} days" for length in LENGTHS),
    *("days in false alarm of 30", "false alarms in 30 days", "drops of 10 % found"),
)
Effects = NDArray[np.float64]
START = datetime(2000, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def effects(way: str, days: int, random: np.random.Generator) -> Effects:
    """How good each day is, in standard deviations of days; 0 is an ordinary day.

    alike: all are ordinary, rows are independent; different: each day by chance; resembling: each
    like the day before it (autocorrelation 0.6); stormy: one day in ten is bad.
    """
    noise = random.normal(size=days)
    if way == "alike":
        return np.zeros(days)
    if way == "stormy":
        return np.where(random.random(days) < 0.1, -3.0, 0.3)
    if way == "resembling":
        for day in range(1, days):
            noise[day] = 0.6 * noise[day - 1] + 0.8 * noise[day]
    return noise


def binary_day(effect: float, rows: int, worse: float, random: np.random.Generator) -> Outcomes:
    """Scores whose distance between the classes, and the share of positives, go by the effect."""
    share = 1 / (1 + np.exp(1.1 + 0.15 * effect))
    label = random.random(rows) < share
    apart = max(0.0, 2.2 + 0.35 * effect)
    strength = apart * (label - 0.5) + random.normal(size=rows)
    score = 1 / (1 + np.exp(-2.2 * strength + 1.1))
    broken = random.random(rows) < worse
    score[broken] = random.permutation(score[broken])
    return outcomes_of("binary", pa.table({"score": score, "label": label}))


def regression_day(effect: float, rows: int, worse: float, random: np.random.Generator) -> Outcomes:
    error = random.normal(size=rows) * np.exp(-0.12 * effect) * (1 + worse)
    label = random.normal(size=rows)
    return outcomes_of("regression", pa.table({"prediction": label + error, "label": label}))


def history(metric: Metric, way: str, days: int, rows: int, worse: float = 0.0) -> list[Outcomes]:
    random = np.random.default_rng([WAYS.index(way), days, rows])
    make = regression_day if "regression" in metric.tasks else binary_day
    return [make(effect, rows, worse, random) for effect in effects(way, days, random)]


def span(days: list[Outcomes]) -> Span:
    windows = [(Window(START + i * DAY, START + (i + 1) * DAY), o) for i, o in enumerate(days)]
    return span_of(windows, days[0] - days[0])


def coverage(metric: Metric, days: list[Outcomes], length: int) -> tuple[float, float]:
    """Share of intervals that cover the truth, and of drops whose interval lies above 0."""
    truth = metric(span(days).total)
    assert truth is not None
    covered = above = spans = 0
    for at in range(0, len(days) - BASELINE - length, length):
        found = change(metric, span(days[at + BASELINE : at + BASELINE + length]),
                       span(days[at : at + BASELINE]), LEVEL)  # fmt: skip
        assert found.low is not None
        assert found.high is not None
        assert found.drop_low is not None
        covered += found.low <= truth <= found.high
        above += found.drop_low > 0
        spans += 1
    return covered / spans, above / spans


def is_alarm(metric: Metric, current: list[Outcomes], baseline: list[Outcomes]) -> bool:
    found = change(metric, span(current), span(baseline), LEVEL)
    assert found.drop is not None
    assert found.drop_low is not None
    return found.drop >= DROP and found.drop_low > 0


def false_alarms(metric: Metric, days: list[Outcomes]) -> tuple[float, float]:
    """Days in alarm and runs of them, in 30 days; every day the last 7 are judged."""
    alarms = [
        is_alarm(metric, days[end - 7 : end], days[end - 7 - BASELINE : end - 7])
        for end in range(BASELINE + 7, len(days))
    ]
    runs = sum(now and not before for before, now in zip([False, *alarms], alarms, strict=False))
    return 30 * sum(alarms) / len(alarms), 30 * runs / len(alarms)


def worsening(metric: Metric, way: str, rows: int) -> float:
    """How much of the rows must be broken (or errors grow) for a true drop of 10 %."""
    return worsening_to(metric, way, rows, 0.1)


def worsening_to(metric: Metric, way: str, rows: int, wanted: float) -> float:
    """The same for a true drop of `wanted`."""
    before = metric(span(history(metric, way, 1000, rows)).total)
    low, high = 0.0, 1.0
    for _ in range(8):
        middle = (low + high) / 2
        after = metric(span(history(metric, way, 1000, rows, middle)).total)
        drop = metric.drop(after, before)
        low, high = (middle, high) if drop is not None and drop < wanted else (low, middle)
    return (low + high) / 2


def found_drops(metric: Metric, way: str, days: list[Outcomes], rows: int) -> float:
    worse = history(metric, way, len(days), rows, worsening(metric, way, rows))
    starts = range(0, len(days) - BASELINE - 7, 7)
    found = [
        is_alarm(metric, worse[at + BASELINE : at + BASELINE + 7], days[at : at + BASELINE])
        for at in starts
    ]
    return sum(found) / len(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--days", type=int, default=6000)
    parser.add_argument("--rows", type=int, default=300)
    given = parser.parse_args()
    print(f"| {' | '.join(HEAD)} |\n{'|---' * len(HEAD)}|")
    for way in WAYS:
        for name in METRICS:
            metric = metrics()[name]
            days = history(metric, way, given.days, given.rows)
            both = [coverage(metric, days, length) for length in LENGTHS]
            cells = [f"{covered:.3f}" for covered, _ in both] + [f"{over:.3f}" for _, over in both]
            in_alarm, runs = false_alarms(metric, days[: given.days // 2])
            power = found_drops(metric, way, days, given.rows)
            row = [way, name, *cells, f"{in_alarm:.2f}", f"{runs:.2f}", f"{power:.2f}"]
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
