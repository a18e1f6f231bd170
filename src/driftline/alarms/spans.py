"""Spans: the evidence of several windows together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from driftline.alarms.questions import Question
from driftline.profiles.grid import Floats

CERTAIN = 8.0
"""Scales beyond which one window's change is certain, and only its size still counts."""

SIZE = 10.0
"""How much a certain change's score grows with its effect: the larger, the further ahead."""

CLIP = 3.0
"""One window's greatest contribution to a sum over several, in scales: a wild day is no trend."""

DISTANCES = 2
"""Longest span over which distances are summed: they have no direction in which to persist."""


NEVER = -1e6
"""The score of a question that is not asked over a span."""


@dataclass(frozen=True)
class Run:
    """Windows one after the other.

    Attributes:
        scores: shape (windows, F + P): standard scores, of every question by itself and of the
            weighed ones given the other columns.
        effects: shape (windows, F).
        wild: shape (F + P,): what a single window's scores are divided by.
    """

    scores: Floats
    effects: Floats
    wild: Floats


@dataclass(frozen=True)
class Sums:
    """How scores are put together over the windows of a span.

    Attributes:
        weighed: the P questions that are weighed against other columns.
        distance: shape (F + P,): distances.
        one_sided: shape (F + P,): scores of which only large ones count.
        windows: reference windows, whose own error is a part of every sum.
    """

    weighed: NDArray[np.int64]
    distance: NDArray[np.bool_]
    one_sided: NDArray[np.bool_]
    windows: int

    def over(self, run: Run, span: int) -> Floats:
        """Scores of every `span` windows in a row: shape (windows - span + 1, F + P).

        A sum is divided by its standard deviation for independent windows, the error of the
        reference's own mean included. A single window's score beyond CERTAIN goes by its effect:
        otherwise one wild reference day with a certain but small change would hide every larger
        one.
        """
        if span == 1:
            scores = run.scores / run.wild
            effects = np.hstack([run.effects, run.effects[:, self.weighed]])
            certain = np.sign(scores) * CERTAIN * (1 + SIZE * effects)
            sums = np.where(np.abs(scores) > CERTAIN, certain, scores)
        else:
            clipped = np.clip(run.scores, -CLIP, CLIP)
            total = np.cumsum(np.vstack([np.zeros(clipped.shape[1]), clipped]), axis=0)
            sums = (total[span:] - total[:-span]) / np.sqrt(span * (1 + span / self.windows))
            if span > DISTANCES:
                sums[:, self.distance] = NEVER
        return np.where(self.one_sided, sums, np.abs(sums))


def sums_for(questions: Sequence[Question], windows: int) -> Sums:
    """The sums of these questions, the residuals of the weighed ones behind them."""
    weighed = np.array([i for i, q in enumerate(questions) if q.weighed], dtype=np.int64)
    none = np.zeros(len(weighed), dtype=bool)
    return Sums(
        weighed=weighed,
        distance=np.append([q.distance for q in questions], none).astype(bool),
        one_sided=np.append([not q.two_sided for q in questions], none).astype(bool),
        windows=windows,
    )
