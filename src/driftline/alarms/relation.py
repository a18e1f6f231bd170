"""Relation: how a column goes together with its partner, window for window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from driftline.profiles.grid import Floats
from driftline.profiles.profile import Profile
from driftline.statistics.coupling import covariance, variation


@dataclass(frozen=True)
class Usual:
    """A column and its partner in the reference's windows, on average; 0 without a partner.

    Attributes:
        correlation: of their marks, over rows and by what each window can tell of it.
        variation: the product of the standard deviations of their marks, over rows.
    """

    correlation: float
    variation: float


def relation_in(window: Profile, name: str) -> tuple[float, float]:
    """The correlation of a column's marks with its partner's, -1 to 1 and nan where nothing can be
    said of it; and the product of their standard deviations, 0 then. What each of the two columns
    does by itself leaves the correlation as it is."""
    summary = window.columns[name]
    link = summary.grid.link
    varied = variation(summary, window.columns.get(link.partner) if link else None)
    return covariance(summary) / varied if varied else math.nan, varied


def relations_in(windows: Sequence[Profile], name: str) -> Floats:
    """Shape (windows, 2): of each window the correlation and the variation."""
    return np.array([relation_in(window, name) for window in windows])


def usual_of(relations: Floats, rows: Sequence[int]) -> Usual:
    """What is usual in windows of so many rows."""
    weights = np.array(rows, dtype=np.float64)
    tells = weights * relations[:, 1]
    if not tells.any():
        return Usual(0.0, 0.0)
    usual = np.average(np.nan_to_num(relations[:, 0]), weights=tells)
    return Usual(float(usual), float(np.average(relations[:, 1], weights=weights)))


def changes_of(relations: Floats, usual: Usual) -> Floats:
    """How much closer (below 0: less close) the two go together in each window than usual.

    A window in which either of them hardly varies tells little of it, and counts for as much: one
    odd row among equal ones makes any correlation.
    """
    if not usual.variation:
        return np.zeros(len(relations))
    sure = np.minimum(relations[:, 1] / usual.variation, 1.0)
    changes: Floats = np.nan_to_num(relations[:, 0] - usual.correlation) * sure
    return changes
