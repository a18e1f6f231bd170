"""Tests that two samples share one proportion, or one distribution over categories."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import chdtrc, gammaln

from driftline.profiles.grid import Counts, Floats

ENOUGH = 5
"""Expected rows below which the chi-square law is not trusted for a cell."""


def chi_square(a: Counts, b: Counts) -> float:
    """Pearson's chi-square of the 2 x k table of counts `a` over `b`, without correction.

    With n and m rows it is n m sum((a/n - b/m)^2 / (a + b)), over cells with any rows.
    """
    n, m = int(a.sum()), int(b.sum())
    both = a + b
    used = both > 0
    if n == 0 or m == 0:
        return 0.0
    difference = a[used] / n - b[used] / m
    return float(n * m * np.sum(difference**2 / both[used]))


def chi_square_p(value: float, cells: int) -> float:
    """Upper tail of the chi-square law with `cells` - 1 degrees of freedom; 1 for a single cell."""
    return float(chdtrc(cells - 1, value)) if cells > 1 else 1.0


def two_shares_p(hits_a: int, rows_a: int, hits_b: int, rows_b: int) -> float:
    """Two-sided p-value of equal shares: `hits_a` of `rows_a` against `hits_b` of `rows_b`.

    Pearson's chi-square on the 2 x 2 table when every expected count is at least 5, otherwise
    Fisher's exact test (all tables no more probable than the observed one).

    >>> round(two_shares_p(1, 9, 11, 15), 6)       # Fisher
    0.009423
    """
    hits, rows = hits_a + hits_b, rows_a + rows_b
    if hits in (0, rows) or rows_a == 0 or rows_b == 0:
        return 1.0
    if min(hits, rows - hits) * min(rows_a, rows_b) >= ENOUGH * rows:
        a = np.array([hits_a, rows_a - hits_a], dtype=np.int64)
        b = np.array([hits_b, rows_b - hits_b], dtype=np.int64)
        return chi_square_p(chi_square(a, b), 2)
    return _fisher_p(hits_a, rows_a, hits, rows)


def _fisher_p(hits_a: int, rows_a: int, hits: int, rows: int) -> float:
    possible = np.arange(max(0, rows_a - (rows - hits)), min(hits, rows_a) + 1)
    chance = _log_choose(hits, possible) + _log_choose(rows - hits, rows_a - possible)
    observed = chance[hits_a - possible[0]]
    weight = np.exp(chance - chance.max())
    return math.fsum(weight[chance <= observed + 1e-7]) / math.fsum(weight)


def _log_choose(n: int, k: Counts) -> Floats:
    chosen: Floats = gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)
    return chosen
