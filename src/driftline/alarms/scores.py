"""Scores: how far each of many windows is from its reference, one column at a time.

All arrays have a row per window. Each window has a reference of its own, because a window of the
reference is compared with the others. Scores are in standard deviations *as if rows were
independent*; they are only raw material for `driftline.alarms.calibration`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, ndtri

from driftline.profiles.grid import Floats, NumericGrid
from driftline.profiles.summary import Summary
from driftline.statistics.common_share import COMMON
from driftline.statistics.one_value_share import group_starts
from driftline.statistics.ranks import mid_ranks
from driftline.statistics.zero_share import zero_cells

FEW = 40
"""Hits below which a rate is scored by its exact predictive law instead of the normal one."""

Score = tuple[Floats, Floats, Floats]
"""Scores, effects (0 to 1) and volumes (rows that the scores grow with) of one question."""


@dataclass(frozen=True)
class Sides:
    """The windows' counts (windows x cells) and those of their references, missing rows beside
    them; `new` and `reference_new` are the rows with values that the other windows lack, `beyond`
    and `reference_beyond` those outside the range of the other windows (of numbers), `coupling` the
    change of the relation with the partner (`driftline.alarms.relation`)."""

    counts: Floats
    missing: Floats
    reference: Floats
    reference_missing: Floats
    new: Floats
    reference_new: Floats
    beyond: Floats
    reference_beyond: Floats
    coupling: Floats


def scores_of(total: Summary, sides: Sides) -> list[Score]:
    """The scores of one column, in the order of `driftline.alarms.questions`.

    `total` is the whole reference, which fixes the marks of cells.
    """
    m, n = sides.counts.sum(axis=1), sides.reference.sum(axis=1)
    known = (m > 0) & (n > 0)
    m, n = np.maximum(m, 1), np.maximum(n, 1)
    volume = m * n / (m + n)
    p, q = sides.reference / n[:, None], sides.counts / m[:, None]
    if isinstance(total.grid, NumericGrid):
        found = _numeric(total, total.grid, sides, p, q)
    else:
        found = _categorical(sides, p, q)
    starts = group_starts(total)
    grown = np.add.reduceat(q - p, starts, axis=1).max(axis=1).clip(0)
    found.append((2 * np.sqrt(grown * volume), grown))
    found.append((rate_score(sides.new, m, sides.reference_new, n), sides.new / m))
    if isinstance(total.grid, NumericGrid):
        found.append((rate_score(sides.beyond, m, sides.reference_beyond, n), sides.beyond / m))
    told: list[Score] = [
        (np.where(known, score, 0.0), np.where(known, effect, 0.0), volume)
        for score, effect in found
    ]
    told.append(_missing(sides))
    return [*told, _coupling(sides)] if total.grid.link else told


def _coupling(sides: Sides) -> Score:
    rows = sides.counts.sum(axis=1) + sides.missing
    return sides.coupling * np.sqrt(rows), np.minimum(np.abs(sides.coupling), 1.0), rows


def _missing(sides: Sides) -> Score:
    m = sides.counts.sum(axis=1) + sides.missing
    n = sides.reference.sum(axis=1) + sides.reference_missing
    score = rate_score(sides.missing, m, sides.reference_missing, n)
    m, n = np.maximum(m, 1), np.maximum(n, 1)
    return score, np.abs(sides.missing / m - sides.reference_missing / n), m * n / (m + n)


def _numeric(
    total: Summary, grid: NumericGrid, sides: Sides, p: Floats, q: Floats
) -> list[tuple[Floats, Floats]]:
    m = np.maximum(sides.counts.sum(axis=1), 1)
    n = np.maximum(sides.reference.sum(axis=1), 1)
    error = np.sqrt(1 / m + 1 / n)
    distance = np.abs(np.cumsum(q - p, axis=1)).max(axis=1).clip(0, 1)
    ranks = mid_ranks(total)
    squares = ranks**2
    share = total.counts / total.present
    spread, wide = _deviation(share, ranks), _deviation(share, squares)
    if np.count_nonzero(total.counts) < 3:  # of two values the spread tells no more than the mean
        wide = np.inf
    moved, widened = (q - p) @ ranks, (q - p) @ squares
    apart = (q @ squares - (q @ ranks) ** 2) - (p @ squares - (p @ ranks) ** 2)
    cells = zero_cells(grid)
    zeros, usual = sides.counts[:, cells].sum(axis=1), sides.reference[:, cells].sum(axis=1)
    return [
        (distance / error, distance),
        (moved / (spread * error), distance),
        (widened / (wide * error), distance),
        (apart / (wide * error), distance),
        (rate_score(zeros, m, usual, n), np.abs(zeros / m - usual / n)),
    ]


def _deviation(share: Floats, marks: Floats) -> float:
    """Standard deviation of marks; infinite where there is none, which makes scores 0."""
    variance = float(share @ (marks - share @ marks) ** 2)
    return float(np.sqrt(variance)) if variance > 1e-15 else np.inf


def _categorical(sides: Sides, p: Floats, q: Floats) -> list[tuple[Floats, Floats]]:
    m, n = sides.counts.sum(axis=1), sides.reference.sum(axis=1)
    both = np.maximum(sides.counts + sides.reference, 1)
    chi = np.sqrt(((q - p) ** 2 / both).sum(axis=1) * m * n)
    found = [(chi, np.abs(q - p).sum(axis=1) / 2)]
    for cell in range(min(COMMON, p.shape[1] - 2)):
        score = rate_score(sides.counts[:, cell], m, sides.reference[:, cell], n)
        found.append((score, np.abs(q[:, cell] - p[:, cell])))
    return found


def rate_score(
    hits: ArrayLike, rows: ArrayLike, reference_hits: ArrayLike, reference_rows: ArrayLike
) -> NDArray[np.float64]:
    """How far `hits` of `rows` is from the reference's rate, in standard deviations.

    With few hits in all it is the normal score of the mid-p-value under the predictive law of the
    count given the reference's (negative binomial, Jeffreys prior), so that a first rare hit is not
    taken for a miracle.

    >>> bool(rate_score(0, 100, 0, 10_000) < 0 < rate_score(1, 100, 0, 10_000) < 3)
    True
    """
    h, m, g, n = (
        np.asarray(a, dtype=np.float64)
        for a in np.broadcast_arrays(hits, rows, reference_hits, reference_rows)
    )
    empty = (m == 0) | (n == 0)
    m, n = np.maximum(m, 1), np.maximum(n, 1)
    pooled = (h + g) / (m + n)
    error = np.sqrt(np.maximum(pooled * (1 - pooled), 0) * (1 / m + 1 / n))
    normal = np.divide(h / m - g / n, error, out=np.zeros_like(error), where=error > 0)
    shape, share = g + 0.5, m / (m + n)
    at_least = np.where(h > 0, betainc(np.maximum(h, 0.5), shape, share), 1.0)
    more = betainc(h + 1, shape, share)
    exact = -ndtri(np.clip((at_least + more) / 2, 1e-300, 1 - 1e-16))
    score: NDArray[np.float64] = np.where(empty, 0.0, np.where(h + g >= FEW, normal, exact))
    return score
