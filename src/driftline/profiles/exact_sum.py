"""Exact sums of floats, as integers: they add in any order, subtract, and lose nothing.

A finite float64 is a whole number of 2**-1074 (the smallest positive float). Counted in that unit,
a sum is a Python integer, so that sum(a) + sum(b) == sum(a and b) holds with `==`, and one window
can be taken out of a total without a trace.
"""

from __future__ import annotations

import math

import numpy as np

from driftline.profiles.grid import Floats

SCALE = 1074
"""Sums are counted in units of 2**-SCALE."""

_FRACTION = np.int64(2**52 - 1)
_LOW = np.int64(2**26 - 1)
_ROWS = 2**25


def exact_sum(values: Floats) -> int:
    """The sum of finite floats in units of 2**-1074. ValueError for NaN or infinity.

    A float is a mantissa of 53 bits at one of 2046 places. The mantissas of each place are added
    apart, in two halves of which 2**25 rows fit into a float64 exactly.

    >>> to_float(exact_sum(np.array([0.1, 1e300, -1e300])))
    0.1
    """
    values = np.ascontiguousarray(values, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError("an exact sum takes finite values; count NaN and infinities apart")
    return sum(_sum_rows(values[at : at + _ROWS]) for at in range(0, len(values), _ROWS))


def _sum_rows(values: Floats) -> int:
    bits = values.view(np.int64)
    places = (bits >> 52) & 0x7FF
    mantissas = (bits & _FRACTION) + np.where(places > 0, _FRACTION + 1, 0)
    signs = np.where(bits < 0, -1.0, 1.0)
    shifts = np.maximum(places - 1, 0)
    high = np.bincount(shifts, weights=signs * (mantissas >> 26))
    low = np.bincount(shifts, weights=signs * (mantissas & _LOW))
    used = np.flatnonzero((high != 0) | (low != 0))
    return sum(((int(high[s]) << 26) + int(low[s])) << int(s) for s in used)


def exact_sum_of_squares(values: Floats) -> int:
    """The sum of squares in units of 2**-1074, without the rounding of each square.

    Each square is split into its float and that float's error (Dekker 1971), which are added both.
    Exact for values of 1e-145 to 1e150 in size, and 0; ValueError when a square is not finite.
    """
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        squares = values * values
        scaled = values * 134_217_729.0
        high = scaled - (scaled - values)
        low = values - high
        errors = ((high * high - squares) + 2.0 * high * low) + low * low
    return exact_sum(squares) + exact_sum(errors)


def to_float(total: int, divisor: int = 1) -> float:
    """An exact sum, divided by a whole number if given, as the nearest float; infinite beyond them.

    >>> to_float(exact_sum(np.full(3, 0.5)), 3)
    0.5
    """
    try:
        return total / (divisor << SCALE)
    except OverflowError:
        return math.inf if total > 0 else -math.inf
