"""How often each rule alarms when nothing changed, and what it finds when something did.

    python benchmarks/false_alarms.py [--seeds 12] [--changes 4] [--quick] [--write FILE]

Streams of 60 reference days and 60 live days are made from the bundled flights and from synthetic
worlds (`streams.py`), with and without a change in one column (`changes.py`), and judged by the
code that runs live and by two usual rules (`rules.py`). Every rule but the textbook's is told the
reference only; the budget is one false alarm in 30 days. Prints Markdown; progress is on stderr.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean, median

import numpy as np
import pyarrow
import scipy

import driftline
from changes import CHANGE_DAY, KINDS, changed
from driftline.profiles.fit import fit_table
from driftline.profiles.profile import Grids, Profile
from driftline.reference import linked_grids, profile_windows
from driftline.windows import Window
from rules import RULES, Said
from streams import EVEN, LIVE_DAYS, REFERENCE_DAYS, UNEVEN, DataSet, Stream

DAY = timedelta(days=1)
FIND_WITHIN = 7
WARM_UP = 7
"""Days judged before a change: evidence is summed over several days."""

QUIET = 7
"""Days without an alarm after which the next one opens an incident."""

SETS = {data.name: data for data in (*EVEN, *UNEVEN)}
_, BESIDE, OURS = RULES


@dataclass(frozen=True)
class Hunt:
    """A change and what came of it: the days to the first alarm, whether the column was named."""

    kind: str
    delay: int | None
    named: bool


@dataclass(frozen=True)
class Trial:
    """One stream by one rule. Rates are per 30 days."""

    data: str
    rule: str
    rows: float
    alarms: float
    opened: float
    hunts: tuple[Hunt, ...] = ()


@dataclass
class Tally:
    """Trials added up."""

    trials: list[Trial] = field(default_factory=list)

    @property
    def alarms(self) -> list[float]:
        return [trial.alarms for trial in self.trials]

    @property
    def hunts(self) -> list[Hunt]:
        return [hunt for trial in self.trials for hunt in trial.hunts]

    def interval(self) -> tuple[float, float]:
        """95 % bootstrap interval of the mean alarms, over streams."""
        random = np.random.default_rng(0)
        drawn = random.choice(self.alarms, (4000, len(self.trials))).mean(axis=1)
        low, high = np.quantile(drawn, [0.025, 0.975])
        return float(low), float(high)


def run_stream(name: str, seed: int, hunts: bool) -> list[Trial]:
    """Judge one stream, and its changed versions, by every rule."""
    stream = SETS[name].make(seed)
    rows = int((stream.day < REFERENCE_DAYS).sum())
    fitted = fit_table(stream.table().slice(0, rows), (), {"timestamp"})
    grids = linked_grids(fitted.profile, stream.table().slice(0, rows), "timestamp", DAY)
    windows = _profiles(grids, stream)
    rules = RULES if SETS[name] in EVEN else {OURS: RULES[OURS]}
    say = {rule: learn(windows[:REFERENCE_DAYS]) for rule, learn in rules.items()}
    found: dict[str, list[Hunt]] = {rule: [] for rule in rules}
    for kind in KINDS if hunts else ():
        pair = changed(stream, kind, seed)
        if pair is None:
            continue
        column, other = pair
        days = _profiles(grids, _around_the_change(other))
        for rule, hunted in found.items():
            hunted.append(_hunt(kind, column, say[rule](days)[-FIND_WITHIN:]))
    trials = []
    for rule in rules:
        alarms = [said.alarm for said in say[rule](windows[REFERENCE_DAYS:])]
        opened = sum(a and not any(alarms[max(0, i - QUIET) : i]) for i, a in enumerate(alarms))
        month = 30 / LIVE_DAYS
        rates = (month * sum(alarms), month * opened)
        trials.append(Trial(name, rule, stream.rows_per_day, *rates, tuple(found[rule])))
    return trials


def _profiles(grids: Grids, stream: Stream) -> list[tuple[Window, Profile]]:
    return list(profile_windows(dict(grids), stream.table(*grids), "timestamp", DAY).items())


def _around_the_change(stream: Stream) -> Stream:
    """The last days before the change and the first after it."""
    near = (stream.day >= CHANGE_DAY - WARM_UP) & (stream.day < CHANGE_DAY + FIND_WITHIN)
    columns = {name: values[near] for name, values in stream.columns.items()}
    return Stream(stream.day[near], columns)


def _hunt(kind: str, column: str, said: Sequence[Said]) -> Hunt:
    days = [age for age, day in enumerate(said) if day.alarm]
    named = any(column in said[age].columns[:3] for age in days)
    return Hunt(kind, days[0] if days else None, named)


def run_all(data: Iterable[DataSet], seeds: int, hunts: int) -> list[Trial]:
    """Every stream, on all processors; progress on stderr."""
    jobs = [
        (each.name, seed, each in EVEN and seed < hunts)
        for seed in range(seeds)
        for each in data
        if each.seeds is None or seed < each.seeds
    ]
    trials: list[Trial] = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        done = pool.map(run_stream, *zip(*jobs, strict=True))
        for i, made in enumerate(done, 1):
            trials += made
            print(f"\r{i} of {len(jobs)} streams", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return trials


def tally(trials: Iterable[Trial], key: Callable[[Trial], str]) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    for trial in trials:
        tallies.setdefault(key(trial), Tally()).trials.append(trial)
    return tallies


def told(trials: Sequence[Trial]) -> str:
    """All tables, as Markdown."""
    names = {data.name for data in EVEN}
    even = [trial for trial in trials if trial.data in names]
    ours = [trial for trial in even if trial.rule == OURS]
    uneven = [trial for trial in trials if trial.data not in names and trial.rule == OURS]
    sections = [
        ("Three rules, all data sets", by_group(tally(even, lambda trial: trial.rule), "rule")),
        ("Driftline by data set", by_group(tally(ours, lambda trial: trial.data), "data set")),
        ("Found within 7 days, by kind of change", by_kind(even)),
        ("Where the promise is not made", by_group(tally(uneven, lambda t: t.data), "data set")),
    ]
    return "\n\n".join(f"### {title}\n\n{table}" for title, table in sections if table)


def by_group(groups: dict[str, Tally], head: str) -> str:
    """A row per group: false alarms and, where anything was changed, what was found."""
    hunted = any(group.hunts for group in groups.values())
    heads = [head, "rows a day", "streams", "alarms per 30 days", "95 % interval", "worst stream"]
    heads += ["opened per 30 days"]
    heads += ["found", "named", "median delay, days"] if hunted else []
    rows = []
    for name, group in groups.items():
        low, high = group.interval()
        row = [name, f"{fmean(trial.rows for trial in group.trials):.0f}", str(len(group.trials))]
        row += [
            f"{fmean(group.alarms):.2f}",
            f"{low:.2f} to {high:.2f}",
            f"{max(group.alarms):.1f}",
        ]
        row += [f"{fmean(trial.opened for trial in group.trials):.2f}"]
        rows.append(row + (_found(group.hunts) if hunted else []))
    return table(heads, rows)


def _found(hunts: Sequence[Hunt]) -> list[str]:
    delays = [hunt.delay for hunt in hunts if hunt.delay is not None]
    named = fmean(hunt.named for hunt in hunts)
    delay = f"{median(delays):g}" if delays else ""
    return [f"{len(delays) / len(hunts):.2f}", f"{named:.2f}", delay]


def by_kind(trials: Sequence[Trial]) -> str:
    """A row per kind of change; the textbook's rule is left out: it is always in alarm."""
    heads = ["change"]
    rules = (OURS, BESIDE)
    for rule in rules:
        heads += [f"{rule}: found", "named", "median delay, days"]
    rows = []
    for kind in KINDS:
        row = [kind]
        for rule in rules:
            mine = [h for t in trials if t.rule == rule for h in t.hunts if h.kind == kind]
            row += _found(mine) if mine else ["", "", ""]
        rows.append(row)
    return table(heads, rows)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] + ["---:"] * (len(heads) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def conditions(arguments: Sequence[str], seconds: float) -> str:
    """When, on what and how the tables were made."""
    versions = f"Driftline {driftline.__version__}, Python {platform.python_version()}, "
    versions += f"NumPy {np.__version__}, SciPy {scipy.__version__}, PyArrow {pyarrow.__version__}"
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
    command = " ".join(["python benchmarks/false_alarms.py", *arguments])
    return f"{datetime.now(UTC):%Y-%m-%d}, {machine}, {seconds:.0f} s; {versions}.\n\n`{command}`"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=12, help="streams of each data set")
    parser.add_argument("--changes", type=int, default=4, help="how many of them are changed too")
    parser.add_argument("--quick", action="store_true", help="one stream of three data sets")
    parser.add_argument("--only", nargs="*", help="data sets whose name has one of these in it")
    parser.add_argument("--write", type=Path, help="write the tables to a file too")
    asked = parser.parse_args()
    data = [d for d in SETS.values() if not asked.only or any(o in d.name for o in asked.only)]
    seeds, hunts = asked.seeds, asked.changes
    if asked.quick:
        data, seeds, hunts = [SETS["of a small carrier"], SETS["40 rows a day"], UNEVEN[-1]], 1, 1
    began = time.perf_counter()
    trials = run_all(data, seeds, hunts)
    seconds = time.perf_counter() - began
    text = told(trials)
    print(text)
    if asked.write:
        arguments = [a for a in sys.argv[1:] if a not in ("--write", str(asked.write))]
        head = f"# False alarms, and changes found\n\n{conditions(arguments, seconds)}"
        asked.write.write_text(f"{head}\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
