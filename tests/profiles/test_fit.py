"""What the reference's rows decide: kinds, grids, and which columns are left out."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftline.errors import ColumnError, DataError
from driftline.profiles.fit import fit_table
from driftline.profiles.frames import as_table
from driftline.profiles.grid import CategoricalGrid, NumericGrid, categorical_grid, numeric_grid
from driftline.profiles.profile import profile_table
from driftline.profiles.summary import summarize


def test_kinds_follow_types_and_declarations() -> None:
    frame = pd.DataFrame(
        {
            "number": [1.5, 2.5],
            "integer": [1, 2],
            "code": [1, 2],
            "word": ["a", "b"],
            "flag": [True, False],
            "coded": pd.Categorical(["a", "b"]),
        }
    )
    grids = fit_table(as_table(frame), categorical=["code"]).grids
    numeric = {name for name, grid in grids.items() if isinstance(grid, NumericGrid)}
    assert numeric == {"number", "integer"}
    assert grids.keys() == set(frame.columns)


def test_columns_that_cannot_be_compared_are_left_out_with_the_reason() -> None:
    frame = {
        "x": np.arange(200.0),
        "id": [f"row {i}" for i in range(200)],
        "at": np.full(200, np.datetime64("2024-01-01", "ns")),
        "took": np.full(200, np.timedelta64(1, "s")),
        "list": [[1]] * 200,
        "null": [None] * 200,
        "nan": np.full(200, np.nan),
        "endless": np.full(200, np.inf),
        "no_word": pa.nulls(200, pa.string()),
        "skipped": np.arange(200.0),
    }
    fitted = fit_table(as_table(frame), ignore=["skipped"])
    assert list(fitted.grids) == ["x"]
    assert fitted.left_out == {
        "id": "looks like an identifier (200 categories in 200 rows); "
        "name it in `categorical` to compare it",
        "at": "a column of type timestamp[ns]",
        "took": "a column of type duration[s]",
        "list": "a column of type list<item: int64>",
        "null": "no values",
        "nan": "no values",
        "endless": "no finite values",
        "no_word": "no values",
    }


def test_numbers_with_decimal_commas_are_no_categories_however_often_they_come() -> None:
    days = [f"{i % 200},0" for i in range(2000)]
    table = pa.table({"days": days, "litres": ["1,5", "2,0"] * 1000, "x": [1.0, 2.0] * 1000})
    fitted = fit_table(table)
    assert list(fitted.grids) == ["litres", "x"]
    assert fitted.left_out["days"].startswith("numbers with decimal commas, read as text")
    assert "days" in fit_table(table, categorical=["days"]).grids


def test_an_identifier_that_is_declared_a_category_is_kept() -> None:
    table = pa.table({"id": [f"row {i}" for i in range(2000)]})
    grid = fit_table(table, categorical=["id"]).grids["id"]
    assert isinstance(grid, CategoricalGrid)
    assert (len(grid.categories), len(grid.others)) == (1000, 1000)


def test_the_profile_of_the_fitted_rows_is_that_of_profiling_them() -> None:
    rng = np.random.default_rng(0)
    table = pa.table(
        {
            "x": np.append(rng.normal(size=5000), [np.nan, np.inf, -np.inf]),
            "c": [f"c{i}" for i in rng.integers(0, 1500, 5003)],
            "i": pa.array([None, *range(5002)]),
        }
    )
    fitted = fit_table(table)
    assert profile_table(fitted.grids, table) == fitted.profile


def test_a_reference_without_rows_or_columns_is_refused() -> None:
    with pytest.raises(DataError, match="no rows"):
        fit_table(pa.table({"x": pa.array([], pa.float64())}))
    with pytest.raises(DataError, match=r"no column that can be compared \(x: no values\)"):
        fit_table(pa.table({"x": pa.nulls(3)}))
    with pytest.raises(ColumnError, match='"kod"; did you mean "kode"'):
        fit_table(pa.table({"kode": [1]}), categorical=["kod"])


@pytest.mark.parametrize("sign", [1, -1])
def test_values_between_zero_and_a_reference_on_one_side_of_it_are_counted_apart(sign: int) -> None:
    grid = numeric_grid(np.sort(sign * np.arange(10.0, 1000.0)))
    small, beyond = (
        summarize(grid, pa.chunked_array([pa.array([sign * value])])) for value in (3.0, -3.0)
    )
    assert small != beyond
    low, high = (edge[small.counts > 0].item() for edge in grid.edges)
    assert {abs(low), abs(high)} == {0.0, 10.0}


def test_scores_beyond_those_of_the_reference_are_counted_apart_from_what_is_no_score() -> None:
    grid = numeric_grid(np.linspace(0.1, 0.8))
    score, none = (summarize(grid, pa.chunked_array([pa.array([x])])) for x in (0.99, 1.03))
    assert score != none
    assert grid.edges[1][score.counts > 0].item() == grid.edges[0][none.counts > 0].item() == 1


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_a_grid_is_rising_and_finite_and_holds_every_value(values: list[float]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        grid = numeric_grid(np.sort(np.array(values)))
    assert np.isfinite(grid.points).all()
    assert (grid.points[1:] > grid.points[:-1]).all()
    assert np.isin(np.array(values) + 0.0, grid.points).all()
    assert np.isfinite(grid.midpoints).all()


@pytest.mark.parametrize("size", [1001, 5000, 100_003])
def test_between_two_points_of_a_grid_lies_less_than_a_thousandth(size: int) -> None:
    ordered = np.sort(np.random.default_rng(size).normal(size=size))
    points = numeric_grid(ordered).points
    inside = np.diff(np.searchsorted(ordered, points, "right")) - 1
    assert inside.max() <= size / 999
    assert (ordered[0], ordered[-1]) == tuple(points[np.isin(points, ordered)][[0, -1]])


def test_grids_that_differ_only_in_what_is_other_are_different() -> None:
    assert CategoricalGrid(("a", "")) != CategoricalGrid(("a",), frozenset({""}))
    assert categorical_grid({"a": 2, "b": 1}) == CategoricalGrid(("a", "b"))


def test_rarer_categories_share_a_cell_and_unseen_ones_have_their_own() -> None:
    grid = categorical_grid({"a": 5, "b": 3, "c": 1, "d": 1}, max_categories=2)
    profile = profile_table({"c": grid}, pa.table({"c": ["a", "b", "c", "d", "e", None]}))
    assert profile.columns["c"].counts.tolist() == [1, 1, 2, 1]
    assert profile.columns["c"].unseen == 1
