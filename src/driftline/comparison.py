"""Comparison: every statistic of every column of two profiles. Numbers only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from driftline.profiles.grid import NumericGrid
from driftline.profiles.profile import Profile
from driftline.profiles.summary import Summary
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


def effect_size(reference: Summary, current: Summary) -> float:
    """The size of a change, 0 (none) to 1 (nothing in common), comparable between columns.

    The greatest of the Kolmogorov-Smirnov distance (numeric) or the total variation distance
    (categorical) of the values, and the difference in missing share.
    """
    numeric = isinstance(reference.grid, NumericGrid)
    names = ("kolmogorov_smirnov" if numeric else "total_variation", "missing_share")
    values = [statistics()[name](reference, current) for name in names]
    return max((value for value in values if not math.isnan(value)), default=0.0)
