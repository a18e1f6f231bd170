"""Evidence: how far each column of a window is from the reference, one score per column and test.

Scores are in standard deviations *as if rows were independent*. They are only raw material: rows
are not independent, so `driftline.alarms.calibration` learns from the reference's own windows how
large honest scores are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, ndtri

from driftline.profiles.grid import Floats, Grid, NumericGrid
from driftline.profiles.profile import Profile
from driftline.profiles.summary import Summary
from driftline.statistics.chi_squared import chi_squared
from driftline.statistics.kolmogorov_smirnov import kolmogorov_smirnov
from driftline.statistics.new_value_share import new_rows
from driftline.statistics.ranks import mean_difference, mid_ranks
from driftline.statistics.total_variation import total_variation

FEW = 40
"""Hits below which a rate is scored by its exact predictive law instead of the normal one."""


@dataclass(frozen=True)
class Question:
    """One question asked of one column.

    `statistic` names the statistic; `distance` says that scores are never negative and only large
    ones count; `upper` that only an increase counts.
    """

    column: str
    statistic: str
    distance: bool = False
    upper: bool = False


def questions_of(grids: Mapping[str, Grid]) -> tuple[Question, ...]:
    """The tests of every column, in a fixed order; `Scorer` gives scores in the same order."""
    questions: list[Question] = []
    for name, grid in grids.items():
        if isinstance(grid, NumericGrid):
            questions += [
                Question(name, "kolmogorov_smirnov", distance=True),
                Question(name, "mean_rank"),
                Question(name, "rank_spread"),
                Question(name, "new_value_share", upper=True),
            ]
        else:
            questions += [
                Question(name, "chi_squared", distance=True),
                Question(name, "new_category_share", upper=True),
            ]
        questions.append(Question(name, "missing_share"))
    return tuple(questions)


@dataclass(frozen=True)
class Evidence:
    """What speaks against one window (arrays of shape (F,)) or several (windows, F), F questions.

    Attributes:
        scores: distance from the reference in standard deviations, if rows were independent.
        effects: size of the change that each question is about, 0 to 1.
    """

    scores: Floats
    effects: Floats


def stack(windows: Sequence[Evidence]) -> Evidence:
    """Evidence of single windows as one of shape (windows, F)."""
    return Evidence(
        np.array([window.scores for window in windows]),
        np.array([window.effects for window in windows]),
    )


@dataclass(frozen=True)
class Scorer:
    """Scores windows against a reference.

    Attributes:
        total: the reference's profile.
        new: for each column the reference rows that were new in their own window (in no other).
    """

    total: Profile
    new: Mapping[str, int]

    def score(self, window: Profile) -> Evidence:
        """The evidence against a window that is no part of the reference."""
        return _evidence(
            pair
            for name, summary in window.columns.items()
            for pair in _scores(self.total.columns[name], summary, self.new[name])
        )


def _evidence(pairs: Iterable[tuple[float, float]]) -> Evidence:
    scores, effects = zip(*pairs, strict=True)
    return Evidence(np.array(scores), np.array(effects))


def score_own_windows(windows: Sequence[Profile]) -> tuple[Scorer, Evidence]:
    """A scorer from the reference's windows, and each of them scored against all the others."""
    total = windows[0]
    for window in windows[1:]:
        total = total + window
    new: dict[str, int] = {}
    columns: list[list[list[tuple[float, float]]]] = []
    for name, whole in total.columns.items():
        own = [window.columns[name] for window in windows]
        rests = [whole - summary for summary in own]
        lone = [new_rows(rest, summary) for rest, summary in zip(rests, own, strict=True)]
        new[name] = sum(lone)
        columns.append(
            [
                _scores(rest, summary, new[name] - alone)
                for rest, summary, alone in zip(rests, own, lone, strict=True)
            ]
        )
    own_evidence = [
        _evidence(pair for column in columns for pair in column[i]) for i in range(len(windows))
    ]
    return Scorer(total, new), stack(own_evidence)


def _scores(reference: Summary, current: Summary, new: int) -> list[tuple[float, float]]:
    """Score and effect of each question about one column, in the order of `questions_of`."""
    n, m = reference.present, current.present
    numeric = isinstance(reference.grid, NumericGrid)
    missing = (
        rate_score(current.missing, current.rows, reference.missing, reference.rows),
        abs(current.missing_share - reference.missing_share),
    )
    if n == 0 or m == 0:
        return [*([(0.0, 0.0)] * (4 if numeric else 2)), missing]
    hits = new_rows(reference, current)
    fresh = (rate_score(hits, m, new, n), hits / m)
    if not numeric:
        moved = total_variation(reference, current)
        return [(float(np.sqrt(chi_squared(reference, current))), moved), fresh, missing]
    distance = kolmogorov_smirnov(reference, current)
    ranks = mid_ranks(reference)
    return [
        (distance * float(np.sqrt(n * m / (n + m))), distance),
        (_ratio(*mean_difference(reference, current, ranks)), distance),
        (_ratio(*mean_difference(reference, current, ranks**2)), distance),
        fresh,
        missing,
    ]


def _ratio(difference: float, error: float) -> float:
    return difference / error if error > 0 else 0.0


def rate_score(hits: int, rows: int, reference_hits: int, reference_rows: int) -> float:
    """How far `hits` of `rows` is from the reference's rate, in standard deviations.

    With few hits in all it is the normal score of the mid-p-value under the predictive law of the
    count given the reference's (negative binomial, Jeffreys prior), so that a first rare hit is not
    taken for a miracle.

    >>> rate_score(0, 100, 0, 10_000) < 0 < rate_score(1, 100, 0, 10_000) < 3
    True
    """
    if rows == 0 or reference_rows == 0:
        return 0.0
    if hits + reference_hits >= FEW:
        pooled = (hits + reference_hits) / (rows + reference_rows)
        error = np.sqrt(pooled * (1 - pooled) * (1 / rows + 1 / reference_rows))
        return _ratio(hits / rows - reference_hits / reference_rows, float(error))
    shape, share = reference_hits + 0.5, rows / (rows + reference_rows)
    at_least = betainc(hits, shape, share) if hits else 1.0
    more = betainc(hits + 1, shape, share)
    return float(-ndtri(np.clip((at_least + more) / 2, 1e-300, 1 - 1e-16)))
