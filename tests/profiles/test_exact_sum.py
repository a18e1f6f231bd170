from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftline.profiles.exact_sum import SCALE, exact_sum, exact_sum_of_squares, to_float

floats = st.floats(allow_nan=False, allow_infinity=False, width=64)
rows = st.lists(floats, max_size=40)


def summed(values: list[float]) -> int:
    return exact_sum(np.array(values, dtype=np.float64))


@given(rows)
def test_a_sum_is_the_sum_of_the_rationals(values: list[float]) -> None:
    assert Fraction(summed(values), 2**SCALE) == sum(map(Fraction, values))


@given(st.lists(st.floats(-1e300, 1e300), max_size=40))
def test_a_rounded_sum_is_the_best_float(values: list[float]) -> None:
    assert to_float(summed(values)) == math.fsum(values)


@given(rows, rows)
def test_sums_add_and_subtract(a: list[float], b: list[float]) -> None:
    assert summed(a) + summed(b) == summed(a + b)
    assert summed(a + b) - summed(b) == summed(a)


@given(st.lists(st.floats(1e-140, 1e150) | st.floats(-1e150, -1e-140) | st.just(0.0), max_size=20))
def test_squares_are_not_rounded(values: list[float]) -> None:
    exact = exact_sum_of_squares(np.array(values, dtype=np.float64))
    assert Fraction(exact, 2**SCALE) == sum(Fraction(v) ** 2 for v in values)


def test_many_rows_are_as_exact_as_few() -> None:
    values = np.full(300_000, 0.1)
    assert exact_sum(values) == 300_000 * exact_sum(values[:1])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        summed([1.0, bad])
    with pytest.raises(ValueError, match="finite"):
        exact_sum_of_squares(np.array([1e200]))


def test_a_sum_beyond_the_floats_is_infinite() -> None:
    assert to_float(summed([1.7e308] * 3)) == math.inf
    assert to_float(summed([-1.7e308] * 3)) == -math.inf
