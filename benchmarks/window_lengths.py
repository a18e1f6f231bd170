"""False alarms, and changes found, with windows from 15 minutes to a week and short references.

    python benchmarks/window_lengths.py [--seeds 4] [--only 1h 1w]

A synthetic world: two columns follow the hour of the day, two the day of the week, one neither,
and the mix of a column of text both; each window has an effect of its own (0.15 standard
deviations). As many live windows as reference windows follow, 60 at least, without any change:
every alarm is a false one. Then one column moves by half a standard deviation for the last live
windows, and it is counted how many pass until the first alarm that blames it. Prints Markdown.
"""

from __future__ import annotations

import argparse
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from statistics import fmean, median

import numpy as np
import pyarrow as pa

from driftline import Reference
from driftline.alarms.budget import Budget
from driftline.alarms.calibration import MIN_WINDOWS, SPANS, calibrate
from driftline.alarms.evidence import Evidence
from driftline.alarms.judge import beyond_promise, judge, judge_independent
from driftline.alarms.season import phases_of
from driftline.alarms.verdict import Verdict
from driftline.reference import profile_windows
from driftline.settings.fields import parse_budget
from driftline.windows import format_duration, parse_duration

MONDAY = np.datetime64("2024-01-01T00:00", "us")
HOUR = np.timedelta64(1, "h")
MOVED = "neither"
LIVE, WATCHED = 60, 28
"""Live windows at least, and how many of the last are judged with the change, seven before it."""


@dataclass(frozen=True)
class Case:
    """Windows of a length, how many are the reference, rows in each, and the budget."""

    length: timedelta
    reference: int
    rows: int
    budget: Budget

    @property
    def live(self) -> int:
        """How many windows follow."""
        return max(self.reference, LIVE)

    @property
    def rate(self) -> float:
        """The chance of a false alarm that each may have."""
        return self.budget.per_window(self.length)


CASES = [
    Case(parse_duration(length), reference, rows, parse_budget(budget))
    for length, reference, rows, budget in (
        ("15m", 28 * 96, 40, "1 per week"),
        ("1h", 28 * 24, 60, "1 per week"),
        ("1h", 60 * 24, 60, "1 per 30 days"),
        ("6h", 60 * 4, 150, "1 per 30 days"),
        ("1d", 14, 300, "1 per 30 days"),
        ("1d", 20, 300, "1 per 30 days"),
        ("1d", 30, 300, "1 per 30 days"),
        ("1d", 60, 300, "1 per week"),
        ("1d", 60, 300, "1 per 30 days"),
        ("1d", 120, 300, "1 per 30 days"),
        ("1d", 365, 300, "1 per year"),
        ("1w", 30, 1000, "1 per 90 days"),
        ("1w", 52, 1000, "1 per year"),
    )
]


def world(case: Case, seed: int) -> pa.Table:
    """Rows of the reference's windows and of as many live ones."""
    random = np.random.default_rng([seed, case.rows, case.reference])
    count = case.reference + case.live
    window = np.repeat(np.arange(count), case.rows)
    start = MONDAY + window * np.timedelta64(case.length)
    at = start + (random.random(len(window)) * np.timedelta64(case.length)).astype("m8[us]")
    hour = ((at - MONDAY) / HOUR) % 24
    weekend = ((at - MONDAY) / HOUR) // 24 % 7 >= 5
    daily, weekly = np.sin(2 * np.pi * hour / 24), 1.5 * weekend
    seasons = {"hour a": daily, "hour b": 2 * daily, "week a": weekly, "week b": 2 * weekly}
    seasons[MOVED] = np.zeros(len(window))
    columns = {
        name: season + random.normal(0, 0.15, count)[window] + random.normal(0, 1, len(window))
        for name, season in seasons.items()
    }
    mix = 0.5 + 0.2 * daily - 0.1 * weekend + random.normal(0, 0.03, count)[window]
    text = np.where(random.random(len(window)) < mix, "a", random.choice(["b", "c"], len(window)))
    return pa.table({"at": at, **columns, "mix": text})


def changed(live: pa.Table, since: np.datetime64) -> pa.Table:
    """The same with one column moved by half a standard deviation from a moment on."""
    later = live["at"].to_numpy() >= since
    moved = live[MOVED].to_numpy() + 0.5 * later
    return live.set_column(live.schema.get_field_index(MOVED), MOVED, pa.array(moved))


def verdicts(case: Case, reference: Reference, live: pa.Table) -> list[Verdict]:
    """What is said of each live window, in order, as the service does it."""
    known = list(reference.windows.values())
    days = profile_windows(reference.grids, live, "at", case.length).items()
    if len(known) < MIN_WINDOWS:
        whole = reduce(operator.add, known)
        return [judge_independent(whole, profile, case.rate) for _, profile in days]
    phases = [phases_of(window) for window in reference.windows]
    calibration = calibrate(known, case.rate, phases=phases)
    recent: list[Evidence] = []
    said = []
    for window, profile in days:
        evidence = calibration.scorer.score(profile, phases_of(window))
        recent = [*recent[1 - max(SPANS) :], evidence]
        said.append(judge(calibration, recent, profile))
    return said


def run(case: Case, seed: int) -> tuple[float, int | None]:
    """False alarms in one period of the budget, and the windows until the change was found."""
    table = world(case, seed)
    rows = case.reference * case.rows
    reference = Reference.fit(table.slice(0, rows), timestamp="at", window=case.length)
    live = table.slice(rows)
    alarms = sum(verdict.alarm for verdict in verdicts(case, reference, live))
    since = MONDAY + (case.reference + case.live - WATCHED + 7) * np.timedelta64(case.length)
    last = live.slice((case.live - WATCHED) * case.rows)
    said = verdicts(case, reference, changed(last, since))[7:]
    found = [
        number
        for number, verdict in enumerate(said, 1)
        if any(column.name == MOVED for column in verdict.blamed)
    ]
    return alarms / (case.live * case.rate), found[0] if found else None


def told(case: Case, runs: Sequence[tuple[float, int | None]]) -> str:
    """One row of the table."""
    delays = [delay for _, delay in runs if delay is not None]
    short = case.reference < MIN_WINDOWS or beyond_promise(case.reference, case.rate)
    cells = [
        format_duration(case.length),
        f"{case.reference} windows",
        str(case.rows),
        str(case.budget),
        "no" if short else "yes",
        f"{fmean(rate for rate, _ in runs):.2f} ({max(rate for rate, _ in runs):.1f})",
        f"{len(delays)} of {len(runs)}",
        f"{median(delays):g}" if delays else "",
    ]
    return "| " + " | ".join(cells) + " |"


HEAD = (
    "window", "reference", "rows", "budget", "can be promised",
    "false alarms per budget period (worst)", "shift found", "windows until then",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--only", nargs="*", help="lengths of windows")
    asked = parser.parse_args()
    print("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD), flush=True)
    for case in CASES:
        if not asked.only or format_duration(case.length) in asked.only:
            print(told(case, [run(case, seed) for seed in range(asked.seeds)]), flush=True)


if __name__ == "__main__":
    main()
