"""Persistence: how much a day resembles the day before it, and what that does to a mean."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from driftline.profiles.grid import Floats

BLOCKS_FOR_PERSISTENCE = 10
MOST_PERSISTENCE = 0.8


def persistence_of(series: Iterable[Floats | None]) -> float:
    """First autocorrelation of some series together, corrected for its bias, 0 to 0.8; 0 when all
    are short. Each counts by its length: a step between two of them is no resemblance of days."""
    found, weights = [], []
    for pseudo in series:
        if pseudo is None or len(pseudo) < BLOCKS_FOR_PERSISTENCE:
            continue
        centred = pseudo - pseudo.mean()
        power = float(np.dot(centred, centred))
        if power > 0:
            raw, size = float(np.dot(centred[1:], centred[:-1])) / power, len(pseudo)
            found.append((raw + 1 / size) / (1 - 3 / size))
            weights.append(size)
    if not found:
        return 0.0
    return min(MOST_PERSISTENCE, max(0.0, float(np.average(found, weights=weights))))


def inflation(persistence: float, blocks: int) -> float:
    """Variance of the mean of a persistent series over that of independent values."""
    lags = np.arange(1, blocks)
    return 1 + 2 * float(np.sum((1 - lags / blocks) * persistence**lags))
