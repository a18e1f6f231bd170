"""Jensen-Shannon: a distance between two distributions that is always finite."""

from __future__ import annotations

import numpy as np

from driftline.profiles.grid import Floats
from driftline.profiles.summary import Summary
from driftline.statistics import statistic
from driftline.statistics.bins import shares


@statistic(unit="none")
def jensen_shannon(reference: Summary, current: Summary) -> float:
    """The Jensen-Shannon distance between the shares of rows per bin.

    Formula: sqrt((KL(p, m) + KL(q, m)) / 2), m = (p + q) / 2, KL(p, m) = sum of p log2(p / m). The
    root of the divergence, to the base 2: a true metric. 0: the same shares; 1: no bin in common.

    Binning: as for `psi`: deciles of the reference for numeric columns (so exchanging the sides
    changes the bins and a little the value), a bin per category otherwise, other and unseen
    included. No floor is needed: a bin that is empty on one side adds a finite amount.

    Range: 0 to 1. Without drift its square is about (bins - 1) (1/n + 1/m) / (8 ln 2). Missing
    values take no part. Empty side: nan.

    Source: Lin (1991), Divergence measures based on the Shannon entropy; Endres &
    Schindelin (2003), A new metric for probability distributions.

    All rows in a against half of them in b: m = 3/4, 1/4; KL(p, m) = log2(4/3) = 0.4150; KL(q, m) =
    1/2 log2(2/3) + 1/2 log2(2) = 0.2075; sqrt((0.4150 + 0.2075) / 2) = 0.5579.

    >>> grid = CategoricalGrid(("a", "b"))                  # cells a, b, other, unseen
    >>> reference = Summary(grid, np.array([8, 0, 0, 0]))
    >>> current = Summary(grid, np.array([4, 4, 0, 0]))
    >>> round(jensen_shannon(reference, current), 4)
    0.5579
    """
    p, q = shares(reference, current)
    middle = (p + q) / 2
    divergence = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2
    return float(np.sqrt(min(1.0, max(0.0, divergence))))


def _relative_entropy(p: Floats, m: Floats) -> float:
    used = p > 0
    return float(np.sum(p[used] * np.log2(p[used] / m[used])))
