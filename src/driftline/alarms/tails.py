"""Tails: from the scores of honest windows to the thresholds that few of them exceed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from driftline.profiles.grid import Floats

TAIL = 0.8
"""Quantile from which on the tail of honest scores is taken to be exponential."""

PLAIN = 5.0
"""The greatest score of a kind of question that is taken as it is: a kind with wilder windows is
scaled down to it, a calmer one is not scaled up, because what was never met may be met yet."""


def exceeded_with(chance: float, honest: Floats) -> float:
    """The value that honest scores exceed with this chance, `1 - TAIL` at most.

    Few windows hold no such quantile: the largest of 60 is exceeded by one in 61. Beyond their
    TAIL quantile u honest scores are taken to fall off exponentially, with their mean excess b over
    it: u + b log((1 - TAIL) / chance).
    """
    start = float(np.quantile(honest, TAIL))
    excess = float((honest[honest > start] - start).mean()) if honest.max() > start else 0.0
    return start + excess * float(np.log((1 - TAIL) / chance))


def spread_of(scores: Floats, kinds: Sequence[str], chance: float) -> Floats:
    """What scores of single windows (windows x questions) are divided by.

    Each kind of question has tails of its own: values never seen before come in bursts, mean ranks
    do not. So the greatest score of each kind is brought to one scale, that the wild ones do not
    set the threshold for the others.
    """
    spread = np.ones(scores.shape[1])
    for kind in sorted(set(kinds)):
        own = np.array([one == kind for one in kinds])
        usual = exceeded_with(chance, scores[:, own].max(axis=1))
        spread[own] = max(usual / PLAIN, 1.0)
    return spread


def spread_of_sums(sums: Floats) -> Floats:
    """What sums over several windows are divided by: neighbours in time add up to more than
    windows that know nothing of each other."""
    return np.maximum(np.quantile(sums, 0.95, axis=0) / 1.96, 0.8)
