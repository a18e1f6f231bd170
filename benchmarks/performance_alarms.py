"""Do alarms of performance keep their part of the budget, and how soon is a true drop found?

Long histories of labelled days are drawn (seeded) in which nothing ever changes but the days
themselves differ, as in `interval_coverage.py`, at several numbers of labels a day. Every day is
judged by the very rule that runs live, with the settings' defaults, and incidents are opened and
closed as live. Told for each way and number of labels: false incidents in 30 days with a 95 %
interval (the part of the budget is 0.2), and for true drops of 5, 10 and 20 % (and more days of
history each) the share that is found within 7 days and the median delay in days.

    python benchmarks/performance_alarms.py [--days 1200] [--metrics accuracy,mae] [--budget 30]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache

import numpy as np
from scipy.special import chdtri

from driftline.performance import Metric, metrics
from driftline.performance.judge import PerformancePolicy, judge_span
from driftline.performance.looks import LOOKS
from driftline.performance.share import EARLY, PART, Spans, level_for
from driftline.profiles.outcomes import Outcomes, Task
from driftline.windows import Window
from interval_coverage import DAY, START, WAYS, history, worsening_to

CURRENT, BASELINE, KNOWN = 7, 30, 127
QUIET = 3
"""Quiet spans after which an incident is over."""
CHANGES = (0.05, 0.1, 0.2)
Windows = list[tuple[Window, Outcomes]]


def policy_for(days: float) -> PerformancePolicy:
    """The rule of a budget of one false alarm in so many days."""
    spans = Spans(CURRENT * DAY, BASELINE * DAY, DAY)
    short = Spans(DAY, BASELINE * DAY, DAY)
    rate = PART / days
    return PerformancePolicy(
        level=level_for(rate * (1 - EARLY), spans),
        early_level=level_for(rate * EARLY / len(LOOKS), short),
    )


def windows(days: Sequence[Outcomes]) -> Windows:
    """Days without the counts of scores: accuracy does not need them, and judging is faster."""
    days = [replace(outcomes, scores=None) for outcomes in days]
    return [(Window(START + i * DAY, START + (i + 1) * DAY), o) for i, o in enumerate(days)]


def alarms(metric: Metric, days: Windows, ends: range, policy: PerformancePolicy) -> list[bool]:
    """Whether the span that ends with each of some days is in alarm."""
    task: Task = "regression" if "regression" in metric.tasks else "binary"
    found = []
    for end in ends:
        at = START + end * DAY
        span = Window(at - CURRENT * DAY, at)
        baseline = Window(span.start - timedelta(days=BASELINE), span.start)
        known = days[max(0, end - KNOWN) : end]
        found.append(judge_span(known, known, (span, baseline), policy, task, at).alarm)
    return found


def incidents(alarmed: Sequence[bool]) -> int:
    """How many incidents open: an alarm within QUIET days of the last belongs to it."""
    opened, quiet = 0, QUIET
    for alarm in alarmed:
        opened += alarm and quiet >= QUIET
        quiet = 0 if alarm else quiet + 1
    return opened


def in_thirty(count: int, days: int) -> str:
    """A rate in 30 days with the exact 95 % interval of a Poisson count."""
    low = float(chdtri(2 * count, 0.975)) / 2 if count else 0.0
    high = float(chdtri(2 * count + 2, 0.025)) / 2
    return f"{30 * count / days:.2f} ({30 * low / days:.2f} to {30 * high / days:.2f})"


@cache
def harm(metric: Metric, way: str, drop: float) -> float:
    """What `history` has to be given for a true drop; the same for any number of rows."""
    return drop if "regression" in metric.tasks else worsening_to(metric, way, 200, drop)


def found_drops(
    metric: Metric, way: str, rows: int, given: argparse.Namespace, drop: float
) -> tuple[float, float]:
    """Share of drops found within 7 days, and the median delay in days of all (8: not found)."""
    policy = policy_for(given.budget)
    size = min(given.days, 700)
    well = history(metric, way, size, rows)
    ill = history(metric, way, size, rows, harm(metric, way, drop))
    delays = []
    for at in range(KNOWN, size - 7, 16):
        days = windows([*well[:at], *ill[at : at + 7]])
        seen = alarms(metric, days, range(at + 1, at + 8), policy)
        delays.append(seen.index(True) + 1 if any(seen) else 8)
    return float(np.mean(np.array(delays) <= 7)), float(np.median(delays))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--days", type=int, default=1200)
    parser.add_argument("--rows", default="20,50,200,1000")
    parser.add_argument("--metrics", default="accuracy,mae")
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument(
        "--budget", type=float, default=30.0, help="one false alarm in so many days"
    )
    given = parser.parse_args()
    head = ["days", "metric", "labels a day", "false incidents in 30 days"]
    head += [f"drop of {drop:.0%}: found, delay" for drop in CHANGES]
    print(f"| {' | '.join(head)} |\n{'|---' * len(head)}|")
    for way in given.ways.split(","):
        for name in given.metrics.split(","):
            for rows in map(int, given.rows.split(",")):
                metric = metrics()[name]
                days = windows(history(metric, way, given.days, rows))
                ends = range(KNOWN, given.days)
                opened = incidents(alarms(metric, days, ends, policy_for(given.budget)))
                row = [way, name, str(rows), in_thirty(opened, len(ends))]
                for drop in CHANGES:
                    share, delay = found_drops(metric, way, rows, given, drop)
                    row.append(f"{share:.2f}, {delay:.0f}" if share >= 0.5 else f"{share:.2f}")
                print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
