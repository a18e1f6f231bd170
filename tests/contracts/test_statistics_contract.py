"""What every statistic must do, whoever wrote it."""

from __future__ import annotations

import copy
import doctest
import math

import numpy as np
import pytest

from driftline.errors import GridMismatch
from driftline.profiles.grid import CategoricalGrid, NumericGrid
from driftline.profiles.summary import Summary, empty_summary
from driftline.statistics import Statistic, statistics

NUMERIC = NumericGrid(np.arange(40.0))
CATEGORICAL = CategoricalGrid(tuple("abcdefg"), frozenset({"x", "y"}))


def _numeric(seed: int, scale: int = 50) -> Summary:
    rng = np.random.default_rng(seed)
    return Summary(NUMERIC, rng.integers(0, scale, NUMERIC.cells), missing=int(rng.integers(20)))


def _categorical(seed: int, scale: int = 50) -> Summary:
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, scale, CATEGORICAL.cells)
    return Summary(CATEGORICAL, counts, missing=int(rng.integers(20)))


def _one_cell(grid: NumericGrid | CategoricalGrid, cell: int, rows: int) -> Summary:
    counts = np.zeros(grid.cells, dtype=np.int64)
    counts[cell] = rows
    return Summary(grid, counts)


def _references(statistic: Statistic) -> list[Summary]:
    """References of the kinds that the statistic applies to, as a fit makes them: none unseen."""
    found: list[Summary] = []
    for scale in (2, 3, 50, 5000):
        categorical = _categorical(scale, scale).counts
        categorical[0] += 1
        categorical[-1] = 0
        numeric = _numeric(scale, scale).counts
        numeric[1] += 1
        found += [Summary(NUMERIC, numeric, missing=3), Summary(CATEGORICAL, categorical)]
    found += [_one_cell(NUMERIC, 7, 100), _one_cell(NUMERIC, 0, 1), _one_cell(CATEGORICAL, 0, 9)]
    return [summary for summary in found if statistic.applies_to(summary)]


def _currents(reference: Summary) -> list[Summary]:
    grid = reference.grid
    made = [_numeric(n) if isinstance(grid, NumericGrid) else _categorical(n) for n in range(6)]
    cells = range(0, grid.cells, 3)
    return [*made, *(_one_cell(grid, cell, 1 + 10 * cell) for cell in cells), reference]


ALL = pytest.mark.parametrize("statistic", statistics().values(), ids=list(statistics()))


def test_the_statistics_that_the_product_needs_are_found() -> None:
    assert {
        "kolmogorov_smirnov",
        "chi_squared",
        "psi",
        "jensen_shannon",
        "wasserstein",
        "missing_share",
        "new_category_share",
        "total_variation",
    } <= set(statistics())


@ALL
def test_a_value_is_in_its_range_and_a_p_value_between_0_and_1(statistic: Statistic) -> None:
    for reference in _references(statistic):
        for current in _currents(reference):
            value = statistic(reference, current)
            assert type(value) is float
            assert statistic.low <= value <= statistic.high
            if statistic.test is not None:
                p_value = statistic.p_value(reference, current)
                assert type(p_value) is float
                assert 0 <= p_value <= 1


@ALL
def test_equal_sides_are_no_distance_apart(statistic: Statistic) -> None:
    for reference in _references(statistic):
        assert statistic(reference, copy.deepcopy(reference)) == 0
        if statistic.test is not None:
            assert statistic.p_value(reference, reference) == 1


@ALL
def test_exchanging_the_sides_changes_nothing_exactly_when_declared(statistic: Statistic) -> None:
    differences = [
        abs(statistic(reference, current) - statistic(current, reference))
        for reference in _references(statistic)
        for current in _currents(reference)
        if current.present
    ]
    assert (max(differences) < 1e-9) == statistic.symmetric


@ALL
def test_a_side_without_rows_gives_nan_and_no_evidence(statistic: Statistic) -> None:
    for some in _references(statistic):
        none = empty_summary(some.grid)
        for reference, current in ((some, none), (none, some), (none, none)):
            assert math.isnan(statistic(reference, current))
            if statistic.test is not None:
                assert statistic.p_value(reference, current) == 1


@ALL
def test_a_side_that_has_rows_but_no_value_is_no_error(statistic: Statistic) -> None:
    for reference in _references(statistic):
        blank = Summary(reference.grid, np.zeros(reference.grid.cells, dtype=np.int64), missing=50)
        value = statistic(reference, blank)
        assert math.isnan(value) == statistic.of_values


@ALL
def test_the_value_depends_on_nothing_but_the_summaries(statistic: Statistic) -> None:
    for reference in _references(statistic):
        for current in _currents(reference):
            before = copy.deepcopy((reference, current))
            first = statistic(reference, current)
            statistic.p_value(reference, current)
            assert statistic(reference, current) == first
            assert (reference, current) == before


@ALL
def test_sides_on_different_grids_are_refused(statistic: Statistic) -> None:
    for reference in _references(statistic):
        other = (
            CategoricalGrid(("p", "q"))
            if "categorical" in statistic.kinds
            else NumericGrid(np.array([3.0]))
        )
        with pytest.raises(GridMismatch):
            statistic(reference, _one_cell(other, 1, 5))
        with pytest.raises(GridMismatch):
            statistic.p_value(reference, _one_cell(other, 1, 5))


@ALL
def test_the_docstring_is_a_reference_page_whose_example_holds(statistic: Statistic) -> None:
    page = " ".join(statistic.doc.split())
    empty = "Empty side: nan" if statistic.of_values else "A side without rows: nan"
    for words in ("Formula: ", "Range: ", "Source: ", empty):
        assert words in page
    assert ("Test: " in page) == (statistic.test is not None)
    known = {
        "np": np,
        "Summary": Summary,
        "NumericGrid": NumericGrid,
        "CategoricalGrid": CategoricalGrid,
        statistic.name: statistic,
    }
    example = doctest.DocTestParser().get_doctest(statistic.doc, known, statistic.name, None, 0)
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0


@ALL
def test_it_lives_in_a_module_of_its_own_name(statistic: Statistic) -> None:
    assert statistic.compute.__module__.rpartition(".")[2] == statistic.name
