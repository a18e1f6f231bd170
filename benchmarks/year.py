"""What a reference of a whole year knows of the next year: false alarms, and changes found.

    python benchmarks/year.py [--seeds 4]

A synthetic world of daily windows, one year of reference and one live year: of seven columns one
follows the course of the year as a cosine, one is higher in the three summer months, the mix of one
of text follows it too, and four do not; each day has an effect of its own. In the second world the
days' effects are twice as large and remember the day before (0.7), as weather does. Then the first
column moves by half a standard deviation from one day in each quarter on, and it is counted how
often that is found within 7 days. Judged with the time of the year and without. Prints Markdown.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import fmean

import numpy as np
import pyarrow as pa
from scipy.signal import lfilter

from driftline import Reference
from driftline.alarms.budget import Budget
from driftline.alarms.calibration import SPANS, Calibration, calibrate
from driftline.alarms.evidence import Evidence
from driftline.alarms.judge import judge
from driftline.alarms.season import Phase, phases_of
from driftline.alarms.verdict import Verdict
from driftline.profiles.profile import Profile
from driftline.reference import profile_windows
from driftline.windows import Window

DAY = timedelta(days=1)
YEAR, ROWS = 365, 300
FIRST = np.datetime64("2023-01-01T12:00", "us")
MOVED = "cold"
QUARTERS = (45, 136, 228, 319)
"""Days of the live year on which the change begins."""

Days = Sequence[tuple[Window, Profile]]


@dataclass(frozen=True)
class World:
    """How days differ beside the season."""

    name: str
    effect: float
    memory: float


WORLDS = (World("days by themselves", 0.15, 0.0), World("days that remember", 0.3, 0.7))


def made(world: World, seed: int) -> pa.Table:
    """Rows of two years."""
    random = np.random.default_rng([seed, int(10 * world.memory)])
    day = np.repeat(np.arange(2 * YEAR), ROWS)
    turn = 2 * np.pi * np.arange(2 * YEAR) / YEAR
    summer = np.clip(-np.cos(turn), 0.5, 1) - 0.5
    courses = {MOVED: np.cos(turn), "summer": 3 * summer}
    courses |= {f"still {i}": np.zeros(2 * YEAR) for i in range(4)}
    columns = {}
    for name, course in courses.items():
        own = random.normal(0, world.effect * np.sqrt(1 - world.memory**2), 2 * YEAR)
        moved = course + lfilter([1], [1, -world.memory], own)
        columns[name] = moved[day] + random.normal(size=len(day))
    share = (0.5 + 0.2 * np.cos(turn) + random.normal(0, 0.03, 2 * YEAR))[day]
    text = np.where(random.random(len(day)) < share, "a", random.choice(["b", "c"], len(day)))
    stamps = FIRST + day.astype("timedelta64[D]")
    return pa.table({"at": stamps, **columns, "mix": text})


def moved(table: pa.Table, since: int) -> pa.Table:
    """The days around one of the live year, the first column moved from it on."""
    near = table.slice((YEAR + since - 7) * ROWS, 14 * ROWS)
    shift = np.where(np.arange(14 * ROWS) >= 7 * ROWS, 0.5, 0.0)
    place = near.schema.get_field_index(MOVED)
    return near.set_column(place, MOVED, pa.array(near[MOVED].to_numpy() + shift))


def verdicts(calibration: Calibration, days: Days, seasons: bool) -> list[Verdict]:
    recent: list[Evidence] = []
    said = []
    for window, profile in days:
        recent = [*recent[1 - max(SPANS) :], calibration.scorer.score(profile, of(window, seasons))]
        said.append(judge(calibration, recent, profile))
    return said


def of(window: Window, seasons: bool) -> Phase:
    slot, weekday, day = phases_of(window)
    return slot, weekday, day if seasons else 0


def run(world: World, seed: int, seasons: bool) -> tuple[float, int]:
    """False alarms in 30 days, and how many of the changes were found."""
    table = made(world, seed)
    reference = Reference.fit(table.slice(0, YEAR * ROWS), timestamp="at")
    phases = [of(window, seasons) for window in reference.windows]
    rate = Budget().per_window(DAY)
    calibration = calibrate(list(reference.windows.values()), rate, phases=phases)

    def days(rows: pa.Table) -> Days:
        return list(profile_windows(reference.grids, rows, "at", DAY).items())

    live = verdicts(calibration, days(table.slice(YEAR * ROWS)), seasons)
    found = 0
    for since in QUARTERS:
        said = verdicts(calibration, days(moved(table, since)), seasons)[7:]
        found += any(column.name == MOVED for verdict in said for column in verdict.blamed)
    return 30 * sum(verdict.alarm for verdict in live) / YEAR, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=4)
    asked = parser.parse_args()
    print("| days | time of the year | false alarms in 30 days (worst stream) | shift found |")
    print("|---|---|---|---|", flush=True)
    for world in WORLDS:
        for seasons in (True, False):
            runs = [run(world, seed, seasons) for seed in range(asked.seeds)]
            rates = [rate for rate, _ in runs]
            found = sum(found for _, found in runs)
            cells = [
                world.name,
                "taken off" if seasons else "left",
                f"{fmean(rates):.2f} ({max(rates):.1f})",
                f"{found} of {len(QUARTERS) * len(runs)}",
            ]
            print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
