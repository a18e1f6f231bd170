"""Calibration: what honest windows look like, learned from the reference's own windows.

1. Each reference window is compared with the others (`evidence.score_own_windows`).
2. Half of the reference windows are held out again and again. Centre and scale of every test are
   fitted on the rest; the held-out windows are scored one at a time and summed over spans of
   several windows, as live windows will be. Half of the draws hold out neighbours in time (which
   keeps the dependence between days), half hold out windows at random.
3. The greatest score over all columns, tests and spans (Westfall & Young's step) has a distribution
   over these draws. The threshold is the value that it exceeds as often as the budget allows.

No row, column or day is taken to be independent of another; what is assumed is that live windows
without drift are exchangeable with reference windows. See docs/explanation/alarms.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from driftline.alarms.evidence import (
    Evidence,
    Question,
    Scorer,
    questions_of,
    score_own_windows,
)
from driftline.profiles.grid import Floats
from driftline.profiles.profile import Profile

MIN_WINDOWS = 20
"""Reference windows below which there is nothing to learn dependence from."""

SPANS = (1, 3, 7)
"""Windows over which evidence is summed: a jump shows in one, a small lasting change in seven."""

CERTAIN = 8.0
"""Scales beyond which one window's change is certain, and only its size still counts."""

SIZE = 10.0
"""How much a certain change's score grows with its effect: the larger, the further ahead."""

CLIP = 3.0
"""One window's greatest contribution to a sum over several, in scales: a wild day is no trend."""

DRAWS = 5000
"""Held-out windows that the threshold is taken from (about; each holds its dependence)."""

MARGIN = 0.5
"""Part of the budget that the threshold is set for: a finite reference misjudges its own tails."""

_QUANTILES = np.array([0.5, 0.75, 0.9, 0.95])
_TWO_SIDED = np.array([0.674, 1.150, 1.645, 1.960])
_UPPER = np.array([np.inf, 0.674, 1.282, 1.645])
"""What the deviations of a normal variable have at these quantiles, in standard deviations."""


@dataclass(frozen=True)
class Calibration:
    """Everything needed to judge a window.

    Attributes:
        scorer: scores a window against the reference.
        questions: what each score asks; F of them.
        centre, scale: shape (F,): typical value and size of honest scores.
        spread: shape (S, F): size of honest span scores, for each of S spans.
        thresholds: shape (S,): span scores above it are alarms.
        spans: the S numbers of windows.
        null: sorted honest values of the greatest score, as a multiple of its threshold.
        windows: reference windows learned from.
        rate: chance of a false alarm per window that was asked for.
    """

    scorer: Scorer
    questions: tuple[Question, ...]
    centre: Floats
    scale: Floats
    spread: Floats
    thresholds: Floats
    spans: tuple[int, ...]
    null: Floats
    windows: int
    rate: float

    @property
    def best_rate(self) -> float:
        """The smallest false-alarm chance per window that this many windows can promise."""
        return 1 / (self.windows + 1)

    def span_scores(self, recent: Evidence) -> Floats:
        """For the newest window the score of every question over every span, as a multiple of the
        threshold: above 1 is an alarm.

        `recent` is the evidence of the last windows, shape (windows, F), newest last. Shape (S, F);
        spans longer than `recent` are minus infinity.
        """
        standardized = Evidence((recent.scores - self.centre) / self.scale, recent.effects)
        scores = np.full((len(self.spans), len(self.questions)), -np.inf)
        for i, span in enumerate(self.spans):
            if span <= len(recent.scores):
                scores[i] = _over(standardized, span, self.windows, self.questions)[-1]
        over: Floats = scores / self.spread / self.thresholds[:, None]
        return over

    def p_value(self, score: float) -> float:
        """Chance of a greatest score as high without drift; no less than `best_rate`."""
        above = len(self.null) - int(np.searchsorted(self.null, score, "left"))
        return max(self.best_rate, (1 + above) / (1 + len(self.null)))


def calibrate(windows: Sequence[Profile], rate: float, spans: Sequence[int] = SPANS) -> Calibration:
    """Learn from the reference's windows; `rate` is the allowed chance of an alarm per window.

    Spans longer than half of the reference are left out.

    Deterministic: the draws have a fixed seed. Raises ValueError for fewer than MIN_WINDOWS.
    """
    count = len(windows)
    if count < MIN_WINDOWS:
        raise ValueError(f"calibration needs {MIN_WINDOWS} reference windows; found {count}")
    questions = questions_of(windows[0].grids)
    scorer, own = score_own_windows(windows)
    held = count // 2
    spans = tuple(span for span in spans if span <= held)
    drawn = _draw(own, questions, spans, held)
    spread = np.maximum(np.quantile(drawn, 0.95, axis=1) / 1.96, 0.8)
    spread[0] = 1.0
    greatest = (drawn / spread[:, None, :]).max(axis=2)
    thresholds = _thresholds(greatest, MARGIN * rate)
    centre, scale = _fit(own.scores, questions)
    return Calibration(
        scorer=scorer,
        questions=questions,
        centre=centre,
        scale=scale,
        spread=spread,
        thresholds=thresholds,
        spans=spans,
        null=np.sort((greatest / thresholds[:, None]).max(axis=0)),
        windows=count,
        rate=rate,
    )


def _fit(scores: Floats, questions: Sequence[Question]) -> tuple[Floats, Floats]:
    """Centre and scale of each test's honest scores (windows x tests).

    The scale is the smallest for which no upper quantile of the deviations lies above a normal
    variable's: a test with heavy tails gets a large scale and does not set everybody's threshold.
    """
    distance = np.array([question.distance for question in questions])
    middle = np.median(scores, axis=0)
    centre = np.where(distance, middle, scores.mean(axis=0))
    deviation = scores - centre
    widened = np.abs(deviation) * (len(scores) / (len(scores) - 1))
    two_sided = (np.quantile(widened, _QUANTILES, axis=0) / _TWO_SIDED[:, None]).max(axis=0)
    upper = (np.quantile(deviation, _QUANTILES, axis=0) / _UPPER[:, None]).max(axis=0)
    floor = 0.1 * np.maximum(np.abs(middle), 1e-9)
    scale = np.where(distance, np.maximum(upper, floor), np.maximum(two_sided, 0.5))
    return centre, scale


def _draw(own: Evidence, questions: Sequence[Question], spans: Sequence[int], held: int) -> Floats:
    """Span scores of held-out windows: shape (spans, draws x positions, questions)."""
    random = np.random.default_rng(20130401)
    count = len(own.scores)
    first = max(spans) - 1
    repeats = int(np.clip(DRAWS // (held - first), 40, 200))
    drawn = []
    for repeat in range(repeats):
        if repeat % 2:
            out = (random.integers(count) + np.arange(held)) % count
        else:
            out = random.permutation(count)[:held]
        rest = np.ones(count, dtype=bool)
        rest[out] = False
        centre, scale = _fit(own.scores[rest], questions)
        standardized = Evidence((own.scores[out] - centre) / scale, own.effects[out])
        drawn.append(
            [
                _over(standardized, span, count - held, questions)[first + 1 - span :]
                for span in spans
            ]
        )
    return np.concatenate(drawn, axis=1)


def _over(
    standardized: Evidence, span: int, reference_windows: int, questions: Sequence[Question]
) -> Floats:
    """Scores of every run of `span` windows: shape (windows - span + 1, questions).

    A sum is divided by its standard deviation for independent windows, the error of the reference's
    own mean included. A single window's score beyond CERTAIN goes by its effect: otherwise one wild
    reference day with a certain but small change would hide every larger one.
    """
    scores = standardized.scores
    if span == 1:
        certain = np.sign(scores) * CERTAIN * (1 + SIZE * standardized.effects)
        sums = np.where(np.abs(scores) > CERTAIN, certain, scores)
    else:
        clipped = np.clip(scores, -CLIP, CLIP)
        total = np.cumsum(np.vstack([np.zeros(clipped.shape[1]), clipped]), axis=0)
        sums = (total[span:] - total[:-span]) / np.sqrt(span * (1 + span / reference_windows))
    one_sided = np.array([question.distance or question.upper for question in questions])
    return np.where(one_sided, sums, np.abs(sums))


def _thresholds(greatest: Floats, rate: float) -> Floats:
    """Thresholds, one a span, each exceeded equally often and any of them with chance `rate`."""
    low, high = rate / len(greatest) / 2, rate
    for _ in range(30):
        middle = (low + high) / 2
        thresholds = np.quantile(greatest, 1 - middle, axis=1, method="higher")
        if (greatest > thresholds[:, None]).any(axis=0).mean() > rate:
            high = middle
        else:
            low = middle
    found: Floats = np.quantile(greatest, 1 - low, axis=1, method="higher")
    return found
