"""On independent rows the numbers are scipy's, to nine digits."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import chi2_contingency, fisher_exact, ks_2samp, wasserstein_distance

from driftline.profiles.grid import CategoricalGrid, numeric_grid
from driftline.profiles.summary import Summary, count_numbers
from driftline.statistics import statistics
from driftline.statistics.kolmogorov_smirnov import kolmogorov_smirnov, ks_error_bound
from driftline.statistics.tables import two_shares_p
from driftline.statistics.wasserstein import wasserstein

Values = NDArray[np.float64]


def _close(found: float, expected: float) -> bool:
    return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-300)


def _sample(values: st.SearchStrategy[float], most: int = 60) -> st.SearchStrategy[Values]:
    return st.lists(values, min_size=1, max_size=most).map(lambda v: np.array(v, dtype=float))


TIES = _sample(st.integers(0, 3).map(float))
CONSTANTS = st.builds(
    lambda v, n: np.full(n, v), st.sampled_from([0.0, -0.0, 1e-9]), st.integers(1, 9)
)
TINY = _sample(st.floats(-2, 2, width=16), 3)
INTEGERS = _sample(st.integers(-1000, 1000).map(float))
HEAVY = _sample(st.floats(allow_nan=False))
ANY = TIES | CONSTANTS | TINY | INTEGERS | HEAVY


def _sides(reference: Values, current: Values) -> tuple[Summary, Summary]:
    finite = np.sort(reference[np.isfinite(reference)])
    grid = numeric_grid(finite)
    return count_numbers(grid, reference), count_numbers(grid, current)


def _check_ks(reference: Values, current: Values) -> None:
    expected = ks_2samp(reference, current, method="asymp")
    sides = _sides(reference, current)
    assert _close(kolmogorov_smirnov(*sides), float(expected.statistic))
    assert _close(kolmogorov_smirnov.p_value(*sides), float(expected.pvalue))


@given(ANY, ANY)
def test_ks_distance_and_p_value_are_those_of_scipy(reference: Values, current: Values) -> None:
    assume(not np.isinf(reference).any())
    assume(len(reference) > 1 or len(current) > 1)  # scipy has no p-value for one against one
    _check_ks(reference, current)


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, n: rng.normal(size=n),
        lambda rng, n: rng.standard_cauchy(n),
        lambda rng, n: np.exp(rng.normal(0, 30, n)),
        lambda rng, n: rng.poisson(3, n).astype(float),
        lambda rng, n: rng.integers(0, 2, n).astype(float),
    ],
    ids=["normal", "cauchy", "lognormal", "poisson", "bits"],
)
@pytest.mark.parametrize(("n", "m"), [(1000, 5000), (900, 13), (7, 20_000)])
def test_ks_is_exact_up_to_a_thousand_distinct_reference_values(
    draw: Callable[[np.random.Generator, int], Values], n: int, m: int
) -> None:
    rng = np.random.default_rng(n + m)
    _check_ks(draw(rng, n), draw(rng, m) * 1.1)


@pytest.mark.parametrize("seed", range(5))
def test_ks_on_quantiles_is_never_further_off_than_its_stated_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    reference, current = rng.normal(size=50_000), rng.normal(0.05 * seed, 1 + 0.1 * seed, 3000)
    sides = _sides(reference, current)
    bound = ks_error_bound(sides[0])
    assert 0 < bound <= 1 / 999
    short = float(ks_2samp(reference, current).statistic) - kolmogorov_smirnov(*sides)
    assert 0 <= short <= bound


def test_ks_states_no_error_when_the_grid_holds_every_value() -> None:
    assert ks_error_bound(_sides(np.arange(1000.0), np.zeros(1))[0]) == 0


def test_ks_of_one_row_against_one_is_no_evidence() -> None:
    assert kolmogorov_smirnov.p_value(*_sides(np.zeros(1), np.ones(1))) == 1


@given(ANY, st.data())
def test_wasserstein_of_values_on_the_grid_is_that_of_scipy(
    reference: Values, data: st.DataObject
) -> None:
    assume(np.abs(reference).max() < 1e100)  # scipy's own sums overflow beyond
    current = np.array(data.draw(st.lists(st.sampled_from(reference.tolist()), min_size=1)))
    spread = float(reference.std()) if len(set(reference)) > 1 else abs(reference[0]) or 1.0
    assume(spread > 1e-100)
    expected = wasserstein_distance(reference, current) / spread
    assert wasserstein(*_sides(reference, current)) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_wasserstein_of_a_shift_is_the_shift_in_standard_deviations() -> None:
    values = np.random.default_rng(0).normal(50, 7, 100_000)
    assert wasserstein(*_sides(values, values + 7)) == pytest.approx(1, rel=5e-3)


def test_wasserstein_bears_the_greatest_and_the_smallest_numbers() -> None:
    for scale in (1e308, 1e-320):
        sides = _sides(np.array([-scale, scale]), np.array([scale, scale]))
        assert wasserstein(*sides) == pytest.approx(1)


def test_wasserstein_of_a_constant_reference_is_a_relative_change() -> None:
    assert wasserstein(*_sides(np.full(9, 4.0), np.full(3, 4.5))) == pytest.approx(0.125)
    assert wasserstein(*_sides(np.zeros(9), np.full(3, 0.5))) == pytest.approx(0.5)


COUNTS = st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), min_size=2, max_size=12)


def _categories(rows: NDArray[np.int64]) -> Summary:
    grid = CategoricalGrid(tuple(f"c{i}" for i in range(len(rows) - 2)))
    return Summary(grid, rows)


@given(COUNTS)
@settings(max_examples=300)
def test_chi_squared_is_that_of_scipy_when_no_cell_is_rare(counts: list[tuple[int, int]]) -> None:
    table = np.array(counts, dtype=np.int64).T
    filled = table[:, table.sum(axis=0) > 0]
    assume(filled.shape[1] > 0 and filled.sum(axis=1).min() > 0)
    expected = chi2_contingency(filled, correction=False)
    assume(expected.expected_freq.min() >= 5)
    chi_squared = statistics()["chi_squared"]
    sides = _categories(table[0]), _categories(table[1])
    found = chi_squared(*sides)
    assert math.isclose(found, float(expected.statistic), rel_tol=1e-9, abs_tol=1e-12)
    assert math.isclose(chi_squared.p_value(*sides), float(expected.pvalue), rel_tol=1e-9)


@given(st.integers(0, 60), st.integers(1, 200), st.integers(0, 60), st.integers(1, 200))
@settings(max_examples=300)
def test_the_test_of_two_shares_is_chi_square_or_fisher_as_stated(
    hits_a: int, rows_a: int, hits_b: int, rows_b: int
) -> None:
    hits_a, hits_b = min(hits_a, rows_a), min(hits_b, rows_b)
    table = np.array([[hits_a, rows_a - hits_a], [hits_b, rows_b - hits_b]])
    found = two_shares_p(hits_a, rows_a, hits_b, rows_b)
    if table.sum(axis=0).min() == 0:
        assert found == 1
        return
    expected = chi2_contingency(table, correction=False)
    if expected.expected_freq.min() >= 5:
        assert _close(found, float(expected.pvalue))
    else:
        assert found == pytest.approx(float(fisher_exact(table)[1]), rel=1e-9)


def test_fisher_keeps_its_digits_on_millions_of_rows() -> None:
    expected = float(fisher_exact(np.array([[2, 999_998], [4, 996]]))[1])
    assert two_shares_p(2, 1_000_000, 4, 1000) == pytest.approx(expected, rel=1e-6)


def test_a_column_read_from_arrow_gives_the_same_numbers() -> None:
    from driftline.profiles.fit import fit_table
    from driftline.profiles.profile import profile_table

    reference, current = [1, 1, 2, 5, None], [2, 5, 5, 7]
    fitted = fit_table(pa.table({"x": reference})).profile
    other = profile_table(fitted.grids, pa.table({"x": current}))
    expected = ks_2samp([1, 1, 2, 5], current, method="asymp")
    assert _close(
        kolmogorov_smirnov(fitted.columns["x"], other.columns["x"]), float(expected.statistic)
    )
