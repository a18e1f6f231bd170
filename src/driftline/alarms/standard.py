"""Standard scores: evidence on the scale of honest windows, whatever the question and the volume.

Three things make raw scores comparable: the reference's own days say how far each question's
scores lie apart (`fit_scales`); scores of larger windows are taken to be larger in proportion
(`Volume`); and what one column's score says is weighed against what the other columns' scores
let expect of it (`Relations`): on a stormy day all weather moves together, a broken sensor alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from driftline.alarms.evidence import Evidence
from driftline.alarms.questions import NEW_NUMBERS, Question
from driftline.alarms.season import Known, Season, fit_season
from driftline.profiles.grid import Floats

TRUST = 0.2
"""How far the relations between columns found in the reference are trusted, 0 to 1: the rest of the
weight says that there are none. 60 days know little of hundreds of relations."""

USUAL = 3.0
"""Standard scores beyond it tell nothing more about other columns: a wild column is no witness."""

KNOWN_WILD = 3.5
"""A question that has been further out than this in the reference gets a larger scale where a
single window is judged: what happened before may happen again."""

RATES = ("zero_share", *NEW_NUMBERS, "new_category_share", "missing_share")
"""Questions of how often something rare is met: where the reference never met it, its days say
nothing of the scale, and the law of independent rows (a scale of 1) is the least there can be."""

MUCH = 1.5
"""Times the usual volume up to which a part of a score is taken to be due to rows alone."""

_QUANTILES = np.array([0.5, 0.75, 0.9, 0.95])
_TWO_SIDED = np.array([0.674, 1.150, 1.645, 1.960])
_UPPER = np.array([np.inf, 0.674, 1.282, 1.645])
"""What the deviations of a normal variable have at these quantiles, in standard deviations."""


@dataclass(frozen=True)
class Volume:
    """How scores grow with the rows of a window.

    A score is a difference by its standard error for independent rows. With `growth` as the honest
    variance of a score at the `usual` volume, 1 is due to rows and the rest to differences between
    windows, which a larger window shows more clearly: that part grows with the volume. How large
    it is some dozens of windows tell roughly: from `known` times the usual volume on all of the
    score is taken to grow, so that much larger windows show no more than these. Of distances other
    than Kolmogorov-Smirnov's nothing is told, and `known` is 1.
    """

    usual: Floats
    growth: Floats
    known: Floats

    def level(self, evidence: Evidence) -> Floats:
        """Scores as they would be at the usual volume."""
        times = np.maximum(evidence.volumes, 1) / self.usual
        known = np.minimum(times, self.known)
        variance = 1 + (self.growth - 1) * known
        levelled: Floats = evidence.scores * np.sqrt(self.growth / variance * known / times)
        return levelled


def fit_volume(own: Evidence, questions: Sequence[Question]) -> Volume:
    """Growth with volume, from the reference's own windows. A distance without day effects has the
    law of independent rows: of a Kolmogorov-Smirnov score the median is then 0.83."""
    usual = np.maximum(np.median(own.volumes, axis=0), 1.0)
    centre, scale = fit_scales(own.scores, questions)
    distance = np.array([question.distance for question in questions])
    by_rows = np.array([question.statistic == "kolmogorov_smirnov" for question in questions])
    size = np.where(by_rows, centre / 0.83, np.where(distance, 1.0, scale))
    return Volume(usual, np.maximum(size, 1.0) ** 2, np.where(distance & ~by_rows, 1.0, MUCH))


def fit_scales(scores: Floats, questions: Sequence[Question]) -> tuple[Floats, Floats]:
    """Centre and scale of each question's honest scores (windows x questions).

    The scale is the smallest for which no upper quantile of the deviations lies above a normal
    variable's: a question with heavy tails gets a large scale and does not set everybody's
    threshold.
    """
    distance = np.array([question.distance for question in questions])
    growth = np.array([question.statistic == "one_value_share" for question in questions])
    middle = np.median(scores, axis=0)
    centre = np.where(distance, middle, scores.mean(axis=0))
    deviation = scores - centre
    widened = np.abs(deviation) * (len(scores) / (len(scores) - 1))
    two_sided = (np.quantile(widened, _QUANTILES, axis=0) / _TWO_SIDED[:, None]).max(axis=0)
    upper = (np.quantile(deviation, _QUANTILES, axis=0) / _UPPER[:, None]).max(axis=0)
    floor = np.maximum(0.1 * np.maximum(np.abs(middle), 1e-9), np.where(growth, 0.5, 0.0))
    rate = np.array([question.statistic in RATES for question in questions])
    least = np.where(rate, 1.0, 0.5)
    scale = np.where(distance, np.maximum(upper, floor), np.maximum(two_sided, least))
    return centre, scale


@dataclass(frozen=True)
class Relations:
    """What the scores of the other columns let expect of a column's scores.

    Attributes:
        weighed: the questions that take part, P of them.
        centre, scale: shape (P,): of the standard scores.
        weights: shape (P, P): what is added to a score for each other column's score.
    """

    weighed: np.ndarray[tuple[int], np.dtype[np.int64]]
    centre: Floats
    scale: Floats
    weights: Floats

    def residuals(self, standard: Floats) -> Floats:
        """What is left of the weighed scores (windows x P) when the others have been heard."""
        own = standard[:, self.weighed]
        heard = (np.clip(own, -USUAL, USUAL) - self.centre) / self.scale
        left: Floats = (own - self.centre) / self.scale + heard @ self.weights.T
        return left


def fit_relations(standard: Floats, questions: Sequence[Question]) -> Relations:
    """Ridge regressions of each column's scores on those of all other columns, all at once: the
    blocks of the inverse of a shrunken correlation matrix are their coefficients."""
    weighed = np.array([i for i, q in enumerate(questions) if q.weighed], dtype=np.int64)
    known = np.clip(standard[:, weighed], -USUAL, USUAL)
    centre, scale = known.mean(axis=0), np.maximum(known.std(axis=0), 0.3)
    known = (known - centre) / scale
    count = len(weighed)
    precision = np.linalg.inv(TRUST * (known.T @ known) / len(known) + (1 - TRUST) * np.eye(count))
    columns: dict[str, list[int]] = {}
    for place, i in enumerate(weighed.tolist()):
        columns.setdefault(questions[i].column, []).append(place)
    weights = np.zeros((count, count))
    for block in columns.values():
        inside = np.ix_(block, block)
        weights[block] = np.linalg.solve(precision[inside], precision[block])
        weights[inside] = 0.0
    return Relations(weighed, centre, scale, weights)


@dataclass(frozen=True)
class Standard:
    """Everything that turns evidence into standard scores.

    Attributes:
        volume: how scores grow with a window's rows.
        season: what its hour and weekday add to them.
        centre, scale: shape (F,): of each question's scores.
        relations: what other columns let expect.
        wild: shape (F + P,): what a single window's scores are divided by, 1 for most questions.
    """

    volume: Volume
    season: Season
    centre: Floats
    scale: Floats
    relations: Relations
    wild: Floats

    def scores(self, evidence: Evidence) -> Floats:
        """Shape (windows, F + P): of every question by itself, then of the weighed ones given the
        other columns (these on a scale of their own, see `Calibration`)."""
        levelled = self.season.without(self.volume.level(evidence), evidence.phases)
        standard = (levelled - self.centre) / self.scale
        return np.hstack([standard, self.relations.residuals(standard)])


def fit_standard(
    evidence: Evidence, questions: Sequence[Question], volume: Volume, known: Known
) -> Standard:
    """Centres, scales and relations from windows of the reference, or from some of those of one
    that knows these phases."""
    levelled = volume.level(evidence)
    season = fit_season(levelled, evidence.phases, known)
    levelled = season.without(levelled, evidence.phases)
    centre, scale = fit_scales(levelled, questions)
    standard = (levelled - centre) / scale
    relations = fit_relations(standard, questions)
    left = relations.residuals(standard)
    one_sided = np.array([not question.two_sided for question in questions])
    furthest = np.where(one_sided, standard, np.abs(standard)).max(axis=0)
    usual = (np.quantile(np.abs(left), _QUANTILES, axis=0) / _TWO_SIDED[:, None]).max(axis=0)
    furthest = np.append(furthest, np.abs(left).max(axis=0) / np.maximum(usual, 0.15))
    wild = np.maximum(furthest / KNOWN_WILD, 1.0)
    return Standard(volume, season, centre, scale, relations, wild)
