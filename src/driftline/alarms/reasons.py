"""Reasons: why a column that looks changed is no alarm."""

from __future__ import annotations

from driftline.alarms.severity import HIGH
from driftline.alarms.verdict import ColumnVerdict, Verdict
from driftline.wording import count, percent

STRIKING = 0.01
"""p-value below which a column without alarm is explained, as is one with a change that is large
(`severity.HIGH`)."""


def why_no_alarm(column: ColumnVerdict, verdict: Verdict) -> str:
    """Why a column of `verdict` is no alarm though its own figures look like one; else empty."""
    if column.alarm or not (column.p_value < STRIKING or column.effect >= HIGH):
        return ""
    if column.effect < column.least_effect:
        return f"the change is too small to matter (an effect under {column.least_effect:g})"
    if verdict.method == "calibrated":
        return (
            f"it is {percent(max(0.0, column.blame))} of the way to the threshold that the "
            "reference's own windows set for all columns together"
        )
    return f"it may be chance among the tests of {count(len(verdict.columns), 'column')}"
