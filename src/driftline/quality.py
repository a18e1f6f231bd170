"""Data quality: what is wrong with a window's data apart from drift. Pure rules without statistics.

Shares of missing values and of unseen categories out of the ordinary are part of the verdict, under
the false-alarm budget; here are the things of which one is enough.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import TypeAlias

from driftline.errors import nearest
from driftline.profiles.grid import NumericGrid
from driftline.profiles.profile import Profile
from driftline.profiles.summary import Summary
from driftline.records import Fault
from driftline.reference import Reference
from driftline.windows import Window, windows_between
from driftline.wording import count, percent

UNREADABLE = 0.001
"""Share of a column's rows with a value of the wrong type from which it is a fault."""

MOST = 0.9
"""Share of one value in a reference window from which a column may be constant by chance."""

SEVERAL = 3
"""Windows at one time of the week from which the reference shows what is ordinary then."""

Phase: TypeAlias = tuple[int | None, time]
"""A weekday (None: any) and a time of the day in UTC."""

FEW = 0.2
"""Part of the smallest reference window's rows below which a window has too few."""

NO_CONSTANTS: Mapping[str, float] = {}


@dataclass(frozen=True)
class Expectations:
    """What the reference's own windows make ordinary.

    Attributes:
        fewest: rows of its smallest window; 0 when unknown.
        varied: columns in which no value made up most of any of its windows.
        infinite: columns in which it has infinite values.
        idle: times of the day, and of the week, at which it mostly had too few rows or none.
    """

    fewest: int
    varied: frozenset[str]
    infinite: frozenset[str]
    idle: frozenset[Phase] = frozenset()

    def is_idle(self, window: Window) -> bool:
        """Whether no rows are nothing out of the ordinary in this window."""
        return not self.idle.isdisjoint(_phases(window.start))


def expectations(reference: Reference) -> Expectations:
    windows = list(reference.windows.values())
    return Expectations(
        fewest=min((window.rows for window in windows), default=0),
        varied=frozenset(
            name
            for name in reference.grids
            if windows and all(_largest_share(window.columns[name]) < MOST for window in windows)
        ),
        infinite=frozenset(n for n, s in reference.total.columns.items() if s.infinite),
        idle=_idle(list(reference.windows)),
    )


def _idle(large: Sequence[Window]) -> frozenset[Phase]:
    """Phases of which the reference had several, and less than half with enough rows."""
    if not large:
        return frozenset()
    every = windows_between(large[0].start, large[-1].end, large[0].length)
    total = Counter(phase for window in every for phase in _phases(window.start))
    busy = Counter(phase for window in large for phase in _phases(window.start))
    return frozenset(p for p, count in total.items() if count >= SEVERAL and 2 * busy[p] < count)


def _phases(start: datetime) -> tuple[Phase, Phase]:
    """The time of the week and, for references of less than some weeks, the time of the day."""
    return (start.weekday(), start.time()), (None, start.time())


def _largest_share(summary: Summary) -> float:
    """Share of the values that are one and the same value, as far as the grid tells; 0 without any.

    Cells that different values share are not counted: those between two points of a numeric grid,
    the other and the unseen categories.
    """
    numeric = isinstance(summary.grid, NumericGrid)
    counts = summary.counts[1::2] if numeric else summary.counts[:-2]
    return float(counts.max(initial=0) / summary.present) if summary.present else 0.0


def faults_of(
    expected: Expectations,
    window: Window,
    profile: Profile,
    min_rows: int,
    others: frozenset[str] = frozenset(),
    constant: Mapping[str, float] = NO_CONSTANTS,
) -> tuple[Fault, ...]:
    """Every fault of one window. A lack of rows is none at a time at which the reference has few.

    `others` are the data's columns that the reference does not have, one of which may be a
    missing one under another name; `constant` the only values of columns that have but one, where
    the grid does not tell it.
    """
    idle = expected.is_idle(window)
    if profile.rows == 0:
        return () if idle else (Fault("no_rows", "no rows in this window", "high"),)
    faults = []
    if profile.rows < max(min_rows, FEW * expected.fewest) and not idle:
        usual = (
            f"; the smallest reference window has {expected.fewest:,}" if expected.fewest else ""
        )
        faults.append(
            Fault("too_few_rows", f"only {count(profile.rows, 'row')} (at least {min_rows}){usual}")
        )
    varied = expected.varied if profile.rows >= max(min_rows, 2) else frozenset()
    for name, summary in profile.columns.items():
        if summary.absent == summary.rows:
            told = f"{name}: no such column in the data{nearest(name, others)}"
            faults.append(Fault("missing_column", told, "high", name))
        elif fault := value_fault(expected, name, summary):
            faults.append(fault)
        elif name in varied and summary.present >= max(min_rows, 2):
            faults += _stuck(name, summary, constant.get(name))
    return tuple(faults)


def value_fault(expected: Expectations, name: str, summary: Summary) -> Fault | None:
    """What is wrong with the values of a column that is there: other than numbers, or infinite."""
    if summary.unreadable > UNREADABLE * summary.rows:
        share = percent(summary.unreadable / summary.rows)
        told = f"{name}: {share} of rows hold something that is no number, such as text"
        return Fault("wrong_type", told, "high", name)
    if summary.infinite and name not in expected.infinite:
        told = f"{name}: {count(summary.infinite, 'infinite value')}; the reference has none"
        return Fault("infinite_values", told, "medium", name)
    return None


def _stuck(name: str, summary: Summary, constant: float | None) -> list[Fault]:
    if _largest_share(summary) == 1:
        cell = int(summary.counts.argmax())
        value = _named(summary, cell)
    elif constant is not None:
        value = f"{constant:.6g}"
    else:
        return []
    told = f"{name}: one value, {value}, in all {summary.present:,} rows"
    return [Fault("stuck_column", f"{told}; the reference always varies", "medium", name)]


def _named(summary: Summary, cell: int) -> str:
    """The value that a cell of the grid stands for."""
    grid = summary.grid
    if isinstance(grid, NumericGrid):
        return f"{grid.edges[0][cell]:.6g}"
    return f'"{grid.categories[cell]}"'


def is_one_cell(summary: Summary) -> bool:
    """Whether all values lie between the same two points of a numeric grid, or beyond its ends:
    they may be one and the same value."""
    between = summary.counts[0::2] if isinstance(summary.grid, NumericGrid) else None
    return between is not None and 1 < summary.present == int(between.max(initial=0))
