"""Data quality: what is wrong with a window's data apart from drift. Pure rules without statistics.

Shares of missing values and of unseen categories out of the ordinary are part of the verdict, under
the false-alarm budget; here are the things of which one is enough.
"""

from __future__ import annotations

from dataclasses import dataclass

from driftline.errors import nearest
from driftline.profiles.grid import NumericGrid
from driftline.profiles.profile import Profile
from driftline.profiles.summary import Summary
from driftline.records import Fault
from driftline.reference import Reference
from driftline.wording import count, percent

UNREADABLE = 0.001
"""Share of a column's rows with a value of the wrong type from which it is a fault."""

MOST = 0.9
"""Share of one value in a reference window from which a column may be constant by chance."""

FEW = 0.2
"""Part of the smallest reference window's rows below which a window has too few."""


@dataclass(frozen=True)
class Expectations:
    """What the reference's own windows make ordinary.

    Attributes:
        fewest: rows of its smallest window; 0 when unknown.
        varied: columns in which no value made up most of any of its windows.
        infinite: columns in which it has infinite values.
    """

    fewest: int
    varied: frozenset[str]
    infinite: frozenset[str]


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
    )


def _largest_share(summary: Summary) -> float:
    """Share of the values that are one and the same value, as far as the grid tells; 0 without any.

    Cells that different values share are not counted: those between two points of a numeric grid,
    the other and the unseen categories.
    """
    numeric = isinstance(summary.grid, NumericGrid)
    counts = summary.counts[1::2] if numeric else summary.counts[:-2]
    return float(counts.max(initial=0) / summary.present) if summary.present else 0.0


def faults_of(
    expected: Expectations, profile: Profile, min_rows: int, others: frozenset[str]
) -> tuple[Fault, ...]:
    """Every fault of one window.

    `others` are the data's columns that the reference does not have, one of which may be a
    missing one under another name.
    """
    if profile.rows == 0:
        return (Fault("no_rows", "no rows in this window", "high"),)
    faults = []
    if profile.rows < max(min_rows, FEW * expected.fewest):
        usual = (
            f"; the smallest reference window has {expected.fewest:,}" if expected.fewest else ""
        )
        faults.append(
            Fault("too_few_rows", f"only {count(profile.rows, 'row')} (at least {min_rows}){usual}")
        )
    for name, summary in profile.columns.items():
        fault = _column_fault(expected, name, summary, min_rows, others)
        if fault:
            faults.append(fault)
    return tuple(faults)


def _column_fault(
    expected: Expectations,
    name: str,
    summary: Summary,
    min_rows: int,
    others: frozenset[str],
) -> Fault | None:
    if summary.absent == summary.rows:
        hint = nearest(name, others)
        return Fault("missing_column", f"{name}: no such column in the data{hint}", "high", name)
    if summary.unreadable > UNREADABLE * summary.rows:
        share = percent(summary.unreadable / summary.rows)
        return Fault(
            "wrong_type", f"{name}: {share} of rows hold something that is no number", "high", name
        )
    if summary.infinite and name not in expected.infinite:
        told = f"{name}: {count(summary.infinite, 'infinite value')}; the reference has none"
        return Fault("infinite_values", told, "medium", name)
    if (
        name in expected.varied
        and summary.present >= max(min_rows, 2)
        and _largest_share(summary) == 1
    ):
        told = f"{name}: one value in all {summary.present:,} rows; the reference always varies"
        return Fault("stuck_column", told, "medium", name)
    return None
