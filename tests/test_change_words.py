"""What changed in a column is told with figures that are true of the values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftline.alarms.verdict import ColumnVerdict, Relation
from driftline.change_words import change_in_words, quantile_cell
from driftline.profiles.grid import categorical_grid, numeric_grid
from driftline.profiles.summary import Summary, summarize


def numbers(reference: list[float], current: list[float]) -> tuple[Summary, Summary]:
    grid = numeric_grid(np.sort(np.array(reference, dtype=float)))
    sides = [
        summarize(grid, pa.chunked_array([pa.array(v, pa.float64())])) for v in (reference, current)
    ]
    return sides[0], sides[1]


def words(sides: tuple[Summary, Summary], statistic: str = "kolmogorov_smirnov") -> str:
    missing = sides[1].missing_share
    column = ColumnVerdict("x", "numeric", True, statistic, 0.5, 0.0, 0.5, 2.0, missing, 0.0, 0.02)
    return change_in_words(column, *sides)


@pytest.mark.parametrize(
    ("relation", "told"),
    [
        (Relation("y", 0.62, 0.41), "with y weaker: correlation 0.41 (reference 0.62)"),
        (Relation("y", 0.62, 0.73), "with y stronger: correlation 0.73 (reference 0.62)"),
        (Relation("y", 0.62, None), "with y changed"),
        (None, "with another column changed"),
    ],
)
def test_a_relation_is_told_by_its_correlation(relation: Relation | None, told: str) -> None:
    column = ColumnVerdict("x", "numeric", True, "coupling", 0.5, 0.0, 0.5, 2.0, 0.0, 0.0, 0.02)
    sides = numbers([1.0, 2.0], [1.0, 2.0])
    said = change_in_words(replace(column, relation=relation), *sides)
    assert said == f"x: relation {told}"


def test_a_shift_is_told_by_its_median_and_usual_range() -> None:
    values = list(range(100))
    sides = numbers([float(v) for v in values], [v / 2 for v in values])
    assert words(sides) == (
        "x: median 24.5 (reference 49); 80\u202f% of values in 4 to 45 (reference 9 to 89)"
    )


def test_far_beyond_the_reference_a_range_is_told_not_a_value() -> None:
    reference = [float(v) for v in range(100)]
    assert words(numbers(reference, [150.0] * 9)).startswith(
        "x: median 148.5 to 198 (reference 49)"
    )
    assert words(numbers(reference, [1e9] * 9)).startswith("x: median over ")
    assert words(numbers(reference, [-1e9] * 9)).startswith("x: median under ")
    assert "80\u202f% of values in under " in words(numbers(reference, [-1e9] * 9))


def test_no_edge_of_the_grid_is_told_as_a_value_where_the_reference_has_none() -> None:
    ages = [float(v) for v in range(10, 1000)]
    new = [float(v % 10) for v in range(300)]  # customers of less than ten days
    assert words(numbers(ages, [*new, *ages[:700]])) == (
        "x: median 209 (reference 504); "
        "80\u202f% of values in under 10 to 609 (reference 108 to 900)"
    )
    assert "80\u202f% of values in 168 to over 999 (" in words(
        numbers(ages, [*ages, *[1030.0] * 600])
    )
    assert words(numbers(ages, [1030.0] * 9)) == (
        "x: median 999 to 1123 (reference 504); "
        "80\u202f% of values in 999 to 1123 (reference 108 to 900)"
    )


def test_values_never_had_come_first_where_they_are_what_alarmed() -> None:
    delays = [float(v) for v in range(100)]
    said = words(numbers(delays, [v + 30.5 for v in delays]), "new_value_share")
    assert said.startswith("x: 50.0\u202f% of values are ones the reference never had; median ")


def test_values_out_of_range_are_told_with_the_range() -> None:
    humidity = [float(v) for v in range(101)]
    said = words(numbers(humidity, [1.609 * v for v in humidity]), "out_of_range_share")
    assert said.startswith(
        "x: 50.0\u202f% of values are outside 0 to 100, the reference's range; median "
    )


def test_a_change_that_no_quantile_shows_is_told_where_it_is_greatest() -> None:
    reference = [0.0] * 10 + [1.0] * 80 + [2.0] * 10
    current = [0.0] * 17 + [1.0] * 73 + [2.0] * 10
    assert words(numbers(reference, current)) == (
        "x: 17.0\u202f% of values are up to 0 (reference 10.0\u202f%)"
    )


def test_a_category_is_told_by_the_two_shares_that_moved_most() -> None:
    grid = categorical_grid({"a": 5, "b": 3, "c": 2})
    one, two = (
        summarize(grid, pa.chunked_array([pa.array(list(text))]))
        for text in ("aaaaabbbcc", "abbbbbbbcc")
    )
    assert words((one, two), "chi_squared") == (
        'x: "a" 10.0\u202f% (reference 50.0\u202f%); "b" 70.0\u202f% (reference 30.0\u202f%)'
    )


finite = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))


@given(st.lists(finite, min_size=1, max_size=50), st.lists(finite, min_size=1, max_size=50))
def test_the_cell_of_a_quantile_holds_it(reference: list[float], current: list[float]) -> None:
    _, after = numbers(reference, current)
    for share in (0.1, 0.5, 0.9):
        low, high = quantile_cell(after, share)
        exact = np.quantile(current, share, method="inverted_cdf")
        assert low <= exact <= high


def test_new_categories_are_named_whichever_question_alarmed() -> None:
    grid = categorical_grid({"a": 60, "b": 40})
    sides = [summarize(grid, pa.array(v)) for v in (["a"] * 60 + ["b"] * 40, ["a", "b", "x", "x"])]
    column = ColumnVerdict(
        "plan", "categorical", True, "new_category_share", 0.5, 0.0, 0.5, 2.0, 0.0, 0.0, 0.02
    )
    column = replace(column, newcomers=(("x", 0.5),))
    told = "categories never seen before"
    assert change_in_words(column, *sides) == (
        'plan: 50.0\u202f% of rows have a category never seen before: "x" 50.0\u202f%'
    )
    column = replace(column, statistic="chi_squared")
    assert f'{told} ("x" 50.0\u202f%) 50.0\u202f%' in change_in_words(column, *sides)
    assert f"{told} 50.0\u202f%" in change_in_words(replace(column, newcomers=()), *sides)
