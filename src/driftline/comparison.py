"""Comparison: every statistic of every column of two profiles. Numbers only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from driftline.profiles.profile import Profile
from driftline.statistics import statistics


@dataclass(frozen=True)
class Measured:
    """A statistic's value and, where it has a test, its p-value for independent rows (else nan)."""

    value: float
    p_value: float


def compare(reference: Profile, current: Profile) -> Mapping[str, Mapping[str, Measured]]:
    """For each column, each statistic that applies to it.

    Raises GridMismatch when the two were profiled with different references.
    """
    known = statistics().values()
    return {
        name: {
            statistic.name: Measured(
                statistic(summary, current.columns[name]),
                statistic.p_value(summary, current.columns[name]),
            )
            for statistic in known
            if statistic.applies_to(summary)
        }
        for name, summary in reference.columns.items()
    }
