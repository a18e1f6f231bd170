"""The rules that the reference pages state: pooling, bins, floors, new categories."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from driftline.profiles.fit import fit_table
from driftline.profiles.grid import CategoricalGrid, numeric_grid
from driftline.profiles.profile import profile_table
from driftline.profiles.summary import Summary, count_numbers
from driftline.statistics import statistics
from driftline.statistics.bins import shares
from driftline.statistics.chi_squared import chi_squared
from driftline.statistics.jensen_shannon import jensen_shannon
from driftline.statistics.missing_share import missing_share
from driftline.statistics.new_category_share import new_category_share
from driftline.statistics.psi import psi
from driftline.statistics.tables import chi_square, chi_square_p, two_shares_p
from driftline.statistics.wasserstein import wasserstein


def _counts(*rows: int) -> Summary:
    """Own categories' rows, then other and unseen."""
    grid = CategoricalGrid(tuple(f"c{i}" for i in range(len(rows) - 2)))
    return Summary(grid, np.array(rows, dtype=np.int64))


def _array(*rows: int) -> NDArray[np.int64]:
    return np.array(rows, dtype=np.int64)


def _sample(reference: object, current: object) -> tuple[Summary, Summary]:
    fitted = fit_table(pa.table({"c": reference})).profile
    return fitted.columns["c"], profile_table(fitted.grids, pa.table({"c": current})).columns["c"]


def test_rare_cells_are_pooled_by_name_into_pools_of_at_least_five_expected_rows() -> None:
    # 60 rows a side, 30 expected in c0; in c1 to c8 are 4, 3, 4, 2, 4, 3, 4, 4 and in other 2, all
    # rare, 30 together. Cut where ten and twenty have gone by: c1 c2 c3, c4 c5 c6, c7 c8 other.
    reference = _counts(30, 4, 6, 4, 0, 4, 0, 8, 0, 4, 0)
    current = _counts(30, 4, 0, 4, 4, 4, 6, 0, 8, 0, 0)
    table = _array(30, 14, 4, 12), _array(30, 8, 14, 8)
    assert chi_squared(reference, current) == pytest.approx(chi_square(*table))


def test_a_pool_that_stays_rare_is_judged_by_fisher_beside_the_other_cells() -> None:
    reference, current = _counts(600, 399, 1, 0), _counts(50, 47, 0, 3)
    common = chi_square_p(chi_square(_array(600, 399), _array(50, 47)), 2)
    rare = two_shares_p(1, 1000, 3, 100)
    assert chi_squared.p_value(reference, current) == pytest.approx(2 * min(common, rare))
    assert rare < common


def test_one_unseen_row_among_many_is_no_drift() -> None:
    assert chi_squared.p_value(_counts(6000, 4000, 0, 0), _counts(60, 39, 0, 1)) > 0.01


def test_a_rare_flag_that_becomes_common_is_seen_in_a_small_window() -> None:
    assert chi_squared.p_value(_counts(9900, 100, 0, 0), _counts(50, 50, 0, 0)) < 1e-20


def test_a_window_that_prefers_other_rare_categories_is_seen() -> None:
    reference = np.repeat([f"c{i}" for i in range(500)], 20)
    current = reference[: len(reference) // 2 : 20]
    assert chi_squared.p_value(*_sample(reference, current)) < 1e-6


@pytest.mark.parametrize("skew", [0, 1, 2])
@pytest.mark.parametrize(("n", "m"), [(1000, 1000), (20_000, 150), (60, 40), (500, 5000)])
def test_the_tests_keep_their_promise_on_samples_of_one_distribution(
    skew: int, n: int, m: int
) -> None:
    rng = np.random.default_rng(1)
    chance = 1.0 / np.arange(1, 201) ** skew
    chance /= chance.sum()
    names = np.array([f"c{i}" for i in rng.permutation(200)])
    found: dict[str, list[float]] = {"chi_squared": [], "new_category_share": []}
    for _ in range(500):
        a, b = rng.multinomial(n, chance), rng.multinomial(m, chance)
        order = np.argsort(-a, kind="stable")
        order = order[a[order] > 0]
        grid = CategoricalGrid(tuple(names[order]))
        sides = (
            Summary(grid, np.append(a[order], [0, 0])),
            Summary(grid, np.append(b[order], [0, m - b[order].sum()])),
        )
        for name, p_values in found.items():
            p_values.append(statistics()[name].p_value(*sides))
    for name, p_values in found.items():
        for level in (0.05, 0.01):
            share = np.mean(np.array(p_values) <= level)
            assert share <= level + 4 * np.sqrt(level / 500), name


def test_psi_bins_a_sample_of_the_same_distribution_as_stable() -> None:
    rng = np.random.default_rng(0)
    reference = rng.lognormal(0, 2, 5000)
    grid = numeric_grid(np.sort(reference))
    current = count_numbers(grid, rng.lognormal(0, 2, 1000))
    assert psi(count_numbers(grid, reference), current) < 0.03


def test_deciles_hold_a_tenth_of_the_reference_each() -> None:
    values = np.random.default_rng(0).normal(size=20_000)
    summary = count_numbers(numeric_grid(np.sort(values)), values)
    p, q = shares(summary, summary)
    assert len(p) == 10
    assert np.abs(p - 0.1).max() < 0.0011
    assert (p == q).all()


def test_values_outside_the_reference_go_to_the_outer_deciles() -> None:
    values = np.arange(100.0)
    grid = numeric_grid(values)
    outside = count_numbers(grid, np.array([-1e9, -np.inf, 1e9, np.inf]))
    _, q = shares(count_numbers(grid, values), outside)
    assert q[[0, -1]].tolist() == [0.5, 0.5]


def test_a_constant_reference_has_one_bin() -> None:
    grid = numeric_grid(np.full(10, 3.0))
    reference = count_numbers(grid, np.full(10, 3.0))
    for value in (-5.0, 3.0, 99.0):
        assert psi(reference, count_numbers(grid, np.full(4, value))) == 0


def test_an_emptied_bin_counts_as_the_floor_in_psi() -> None:
    found = psi(_counts(10, 10, 0, 0), _counts(10, 0, 0, 0))
    assert found == pytest.approx(0.5 * np.log(2) + (0.5 - 1e-4) * np.log(0.5 / 1e-4))


def test_disjoint_sides_are_at_the_greatest_jensen_shannon_distance() -> None:
    assert jensen_shannon(_counts(5, 0, 0, 0), _counts(0, 0, 0, 3)) == 1


def test_missing_values_take_no_part_in_a_distance_but_in_the_missing_share() -> None:
    grid = numeric_grid(np.arange(10.0))
    full = count_numbers(grid, np.arange(10.0))
    sparse = count_numbers(grid, np.append(np.arange(10.0), np.full(90, np.nan)))
    assert wasserstein(full, sparse) == psi(full, sparse) == 0
    assert missing_share(full, sparse) == pytest.approx(0.9)
    assert missing_share.p_value(full, sparse) < 1e-6


def test_a_category_of_a_left_out_window_is_new_to_the_rest() -> None:
    whole, window = _counts(50, 8, 5, 0, 0), _counts(3, 0, 5, 0, 0)
    assert new_category_share(whole - window, window) == 5 / 8


def test_a_long_tail_of_categories_has_new_ones_every_day_without_alarm() -> None:
    rng = np.random.default_rng(3)
    p_values = [
        new_category_share.p_value(
            *_sample(
                [f"c{int(x)}" for x in rng.pareto(0.9, 4000) * 20],
                [f"c{int(x)}" for x in rng.pareto(0.9, 500) * 20],
            )
        )
        for _ in range(200)
    ]
    assert np.mean(np.array(p_values) <= 0.05) <= 0.08


def test_new_categories_beyond_the_tail_are_seen() -> None:
    reference = ["a"] * 500 + ["b"] * 400 + ["c"]
    assert new_category_share.p_value(*_sample(reference, ["a"] * 90 + ["new"] * 10)) < 1e-6
    assert new_category_share.p_value(*_sample(reference, ["a"] * 90 + ["b"] * 10)) == 1
