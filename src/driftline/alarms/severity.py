"""Severity: how loud to be, by the size of a change and never by its p-value alone."""

from __future__ import annotations

from collections.abc import Sequence

from driftline.alarms.questions import NEW_NUMBERS
from driftline.alarms.verdict import ColumnVerdict
from driftline.records import SEVERITIES, Severity

MEDIUM, HIGH = 0.15, 0.4
"""Effect sizes from which a drifted column is of medium and of high severity."""

MANY, MANY_HIGH = 1 / 2, 1 / 3
"""Share of all columns drifting at once, and of those of high severity, that makes a change one
step more severe: a feed that dies takes its own columns with it, and leaves the others."""


def drift_severity(column: ColumnVerdict, columns: Sequence[ColumnVerdict]) -> Severity:
    """Severity of one column's drift, in a verdict with these `columns`.

    Effect below 0.15: low; below 0.4: medium; else high. One step more when half of the columns
    drift together, and for a high one when a third of the columns are. A share of numbers that the
    reference never had is at most medium: they may lie close to those that it had, and where they
    lie far off another statistic tells how far.
    """
    rank, high = _rank(column), SEVERITIES.index("high")
    drifting = [_rank(other) for other in columns if other.alarm]
    many = len(drifting) >= MANY * len(columns)
    many_high = rank == high and drifting.count(high) >= MANY_HIGH * len(columns)
    return SEVERITIES[min(rank + (many or many_high), len(SEVERITIES) - 1)]


def _rank(column: ColumnVerdict) -> int:
    rank = (column.effect >= MEDIUM) + (column.effect >= HIGH)
    return min(rank, 1) if column.statistic in NEW_NUMBERS else rank
