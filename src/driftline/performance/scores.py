"""Metrics of scores: how well they rank, and how good they are as probabilities."""

from __future__ import annotations

import numpy as np

from driftline.performance import metric
from driftline.profiles.exact_sum import to_float
from driftline.profiles.grid import Counts, NumericGrid
from driftline.profiles.outcomes import Outcomes

BINS = 10


def _counts(outcomes: Outcomes) -> tuple[Counts, Counts] | None:
    """Rows per cell of the score grid, of negative and positive labels; None if a side is empty."""
    if outcomes.scores is None:
        return None
    negative, positive = (summary.counts for summary in outcomes.scores)
    return (negative, positive) if negative.any() and positive.any() else None


def _proper(outcomes: Outcomes) -> int:
    """Rows with a score, or 0 when some scores are no probabilities."""
    if outcomes.scores is None or outcomes.improper_scores:
        return 0
    return outcomes.scores[0].present + outcomes.scores[1].present


@metric("binary")
def roc_auc(outcomes: Outcomes) -> float | None:
    """Chance that a positive scores above a negative, ties counting half, 0 to 1; 0.5 is guessing.

    The area under the receiver operating characteristic as the Mann-Whitney statistic of the score
    counts. Scores between the same two points of the grid count as ties, so that the value is exact
    when every score is a point of the grid and otherwise off by at most `roc_auc_error_bound`.
    Undefined when all labels are the same. It does not change when positives become rarer.
    """
    counts = _counts(outcomes)
    if counts is None:
        return None
    negative, positive = counts
    below = np.cumsum(negative) - negative
    pairs = float(negative.sum()) * float(positive.sum())
    return float(np.dot(positive, below + 0.5 * negative)) / pairs


def roc_auc_error_bound(outcomes: Outcomes) -> float | None:
    """The most by which `roc_auc` can differ from that of the scores themselves."""
    counts = _counts(outcomes)
    if counts is None:
        return None
    negative, positive = counts[0].astype(np.float64), counts[1].astype(np.float64)
    between = float(np.dot(negative[0::2], positive[0::2]))
    return 0.5 * between / (float(negative.sum()) * float(positive.sum()))


@metric("binary", better="less", high=float(-np.log(np.finfo(np.float64).eps)), unit="nats")
def log_loss(outcomes: Outcomes) -> float | None:
    """Mean of -log(probability given to what happened), 0 to 36.04 nats; exact.

    Probabilities are clipped to [2**-52, 1 - 2**-52], as scikit-learn does. Undefined without
    scores, or when a score is not in [0, 1].
    """
    rows = _proper(outcomes)
    return to_float(outcomes.sums["log_loss"], rows) if rows else None


@metric("binary", better="less", unit="squared share")
def brier(outcomes: Outcomes) -> float | None:
    """Mean squared distance of the probability from what happened (0 or 1), 0 to 1; exact.

    Undefined without scores, or when a score is not in [0, 1].
    """
    rows = _proper(outcomes)
    return to_float(outcomes.sums["squared_error"], rows) if rows else None


@metric("binary", better="less")
def calibration_error(outcomes: Outcomes) -> float | None:
    """Expected calibration error: by how much probabilities miss what happens, on average, 0 to 1.

    Ten bins of equal width, [0, 0.1), [0.1, 0.2), ... [0.9, 1]; the sum over bins of the share of
    rows in the bin times |mean score - share of positives|. Scores are taken at the middle of their
    cell of the score grid: exact when every score is a point of the grid. Undefined without scores,
    or when a score is not in [0, 1].
    """
    rows = _proper(outcomes)
    if not rows or outcomes.scores is None:
        return None
    negative, positive = outcomes.scores
    assert isinstance(negative.grid, NumericGrid)
    middle = np.clip(negative.grid.midpoints, 0.0, 1.0)
    bins = np.minimum((middle * BINS).astype(np.int64), BINS - 1)
    expected = np.bincount(bins, (negative.counts + positive.counts) * middle, BINS)
    happened = np.bincount(bins, positive.counts, BINS)
    return float(np.abs(expected - happened).sum()) / rows
