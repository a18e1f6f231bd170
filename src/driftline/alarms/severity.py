"""Severity: how loud to be, by the size of a change and never by its p-value alone."""

from __future__ import annotations

from driftline.alarms.verdict import ColumnVerdict
from driftline.records import SEVERITIES, Severity

MEDIUM, HIGH = 0.15, 0.4
"""Effect sizes from which a drifted column is of medium and of high severity."""

MANY = 0.5
"""Share of all columns drifting at once that makes a change one step more severe."""


def drift_severity(column: ColumnVerdict, share: float) -> Severity:
    """Severity of one column's drift, where `share` of all columns drift with it.

    Effect below 0.15: low; below 0.4: medium; else high. One step more when half of the columns
    drift together. A share of numbers that the reference never had is at most medium: they may lie
    between those that it had, and where they lie far off another statistic tells how far.
    """
    rank = (column.effect >= MEDIUM) + (column.effect >= HIGH)
    if column.statistic == "new_value_share":
        rank = min(rank, SEVERITIES.index("medium"))
    return SEVERITIES[min(rank + (share >= MANY), len(SEVERITIES) - 1)]
