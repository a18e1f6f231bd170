"""Materiality: below which effect a change is too small to matter, however sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from driftline.profiles.summary import Summary

MIN_DISTANCE = 0.02
"""Smallest distance between distributions that can alarm: at a million rows everything is
improbable. A shift by 0.05 standard deviations is about as far."""

MIN_SHARE = 0.01
"""Smallest change in a share of rows (missing, new) that can alarm."""

Least = Mapping[str, float]
"""For some columns the smallest effect that can alarm, 0 to 1, in place of the default."""

NONE: Least = MappingProxyType({})


def has_newcomers(summary: Summary) -> bool:
    """Whether categories that the reference has never seen are common enough to matter."""
    return 0 < summary.unseen >= MIN_SHARE * summary.present


def least_effect(column: str, statistic: str, least: Least = NONE) -> float:
    """The effect below which a change that a statistic sees in a column is too small to matter.

    >>> least_effect("amount", "kolmogorov_smirnov"), least_effect("amount", "missing_share")
    (0.02, 0.01)
    >>> least_effect("amount", "missing_share", {"amount": 0.1})
    0.1
    """
    usual = MIN_SHARE if statistic.endswith("_share") else MIN_DISTANCE
    return least.get(column, usual)
