"""Profiles add: profile(a) + profile(b) == profile(a and b), exactly, however rows are cut."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftline.errors import DataError, GridMismatch, ProfileError
from driftline.profiles.codec import decode_profile, encode_profile
from driftline.profiles.fit import fit_table
from driftline.profiles.grid import numeric_grid
from driftline.profiles.profile import (
    Grids,
    Profile,
    profile_batches,
    profile_groups,
    profile_table,
)
from driftline.profiles.summary import Summary, count_numbers

Row = tuple[object, ...]

TYPES = {
    "number": pa.float64(),
    "integer": pa.int64(),
    "word": pa.string(),
    "flag": pa.bool_(),
    "coded": pa.dictionary(pa.int32(), pa.string()),
    "coded_number": pa.dictionary(pa.int8(), pa.float64()),
    "code": pa.int16(),
    "text_for_number": pa.string(),
}
NUMBERS = st.none() | st.floats() | st.sampled_from([-0.0, 0.0, 1.0, 5e-324, 1e308, np.inf])
WORDS = st.none() | st.sampled_from(["a", "b", "", "è", "new", "(other)", "(unseen)"])
ROWS: st.SearchStrategy[list[Row]] = st.lists(
    st.tuples(
        NUMBERS,
        st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(0, 5),
        WORDS,
        st.none() | st.booleans(),
        WORDS,
        NUMBERS,
        st.none() | st.integers(0, 4),
        st.none() | st.sampled_from(["1", " 2.5 ", "high", "nan", "inf", "1_0"]),
    ),
    max_size=30,
)


@cache
def _grids() -> Grids:
    """Grids of a reference with every kind of column, two of which no table below has."""
    rng = np.random.default_rng(0)
    n = 3000
    words = np.array(["a", "b", "c", "è", ""])
    reference = pa.table(
        {
            "number": rng.normal(size=n),
            "integer": rng.integers(-3, 10, n),
            "word": rng.choice(words, n),
            "flag": rng.random(n) < 0.3,
            "coded": pa.array(rng.choice(words, n)).dictionary_encode(),
            "coded_number": rng.normal(size=n),
            "code": rng.integers(0, 3, n),
            "text_for_number": rng.normal(size=n),
            "gone": rng.normal(size=n),
            "gone_word": rng.choice(words, n),
        }
    )
    return fit_table(reference, categorical=["code"]).grids


def _table(rows: list[Row]) -> pa.Table:
    columns = {}
    for i, (name, kind) in enumerate(TYPES.items()):
        values = [row[i] for row in rows]
        if pa.types.is_dictionary(kind):
            columns[name] = pa.array(values, kind.value_type).dictionary_encode()
        else:
            columns[name] = pa.array(values, kind)
    return pa.table(columns)


def _profile(rows: list[Row]) -> Profile:
    return profile_table(_grids(), _table(rows))


@given(ROWS, ROWS)
def test_the_sum_of_two_profiles_is_the_profile_of_both(a: list[Row], b: list[Row]) -> None:
    assert _profile(a) + _profile(b) == _profile(a + b)


@given(ROWS, ROWS, ROWS)
def test_adding_is_associative_and_commutative(a: list[Row], b: list[Row], c: list[Row]) -> None:
    p, q, r = _profile(a), _profile(b), _profile(c)
    assert (p + q) + r == p + (q + r)
    assert p + q == q + p


@given(ROWS)
def test_the_empty_profile_is_neutral_and_is_that_of_no_rows(rows: list[Row]) -> None:
    profile, empty = _profile(rows), Profile.empty(_grids())
    assert profile + empty == profile == empty + profile
    assert profile - empty == profile
    assert profile - profile == empty == _profile([])


@given(ROWS, ROWS)
def test_subtraction_undoes_addition(a: list[Row], b: list[Row]) -> None:
    p, q = _profile(a), _profile(b)
    assert (p + q) - q == p
    assert (p + q) - p == q


@given(ROWS, st.lists(st.integers(0, 30)), st.randoms(use_true_random=False))
def test_rows_may_come_in_any_batches_and_order(
    rows: list[Row], cuts: list[int], random: object
) -> None:
    whole = _profile(rows)
    mixed = list(rows)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    bounds = [0, *sorted(min(cut, len(mixed)) for cut in cuts), len(mixed)]
    parts = [_table(mixed[i:j]) for i, j in pairwise(bounds)]
    assert profile_batches(_grids(), parts) == whole
    batches = [batch for part in parts for batch in part.to_batches()]
    assert profile_batches(_grids(), batches) == whole
    assert profile_table(_grids(), pa.concat_tables(parts)) == whole


@given(ROWS, st.data())
def test_groups_are_the_profiles_of_their_slices(rows: list[Row], data: st.DataObject) -> None:
    size = len(rows)
    groups = np.array(
        data.draw(st.lists(st.integers(-1, 4), min_size=size, max_size=size)), dtype=np.int64
    )
    table = _table(rows)
    for numbers in (groups, np.sort(groups)):
        found = profile_groups(_grids(), table, numbers, 4)
        for group, profile in enumerate(found):
            assert profile == profile_table(_grids(), table.filter(pa.array(numbers == group)))


@given(ROWS)
def test_every_row_is_counted_once_in_every_column(rows: list[Row]) -> None:
    profile = _profile(rows)
    for name, summary in profile.columns.items():
        assert summary.rows == len(rows) == profile.rows
        assert summary.unreadable + summary.absent <= summary.missing
        assert summary.absent == (len(rows) if name.startswith("gone") else 0)


@given(ROWS)
def test_a_profile_comes_back_from_bytes_as_it_was(rows: list[Row]) -> None:
    profile = _profile(rows)
    assert decode_profile(encode_profile(profile), _grids()) == profile


@given(st.lists(st.floats(), max_size=60), st.lists(st.floats(allow_nan=False), min_size=1))
def test_a_value_is_in_the_cell_whose_edges_hold_it(
    values: list[float], reference: list[float]
) -> None:
    finite = np.array([v for v in reference if np.isfinite(v)])
    grid = numeric_grid(np.sort(finite))
    low, high = grid.edges
    expected = np.zeros(grid.cells, dtype=np.int64)
    for value in values:
        if not np.isnan(value):
            at_point = (low == value) & (high == value) & np.isfinite(value)
            between = (low < value) & (value < high)
            ends = (low == value) & np.isinf(value) | (high == value) & np.isinf(value)
            (cell,) = np.flatnonzero(at_point if at_point.any() else between | ends)
            expected[cell] += 1
    found = count_numbers(grid, np.array(values))
    assert found.counts.tolist() == expected.tolist()
    assert found.missing == int(np.isnan(values).sum())
    assert found.infinite == int(np.isinf(values).sum())


def test_profiles_on_other_columns_or_grids_do_not_add() -> None:
    profile = _profile([])
    fewer = Profile(0, {"number": profile.columns["number"]})
    with pytest.raises(GridMismatch, match="coded"):
        profile + fewer
    other = fit_table(pa.table({"number": [1.0, 2.0]})).profile
    with pytest.raises(GridMismatch, match="profile both with the same reference"):
        fewer + other


@pytest.mark.parametrize(
    "more", [{"missing": 1}, {"missing": 1, "unreadable": 1}, {"infinite": 1}, {"absent": 1}]
)
def test_what_was_never_added_cannot_be_subtracted(more: dict[str, int]) -> None:
    grid = _grids()["number"]
    counts = np.ones(grid.cells, dtype=np.int64)
    with pytest.raises(ProfileError, match="not a part"):
        Summary(grid, counts) - Summary(grid, counts * 0, **more)
    with pytest.raises(ProfileError, match="not a part"):
        Summary(grid, counts) - Summary(grid, counts * 2)
    with pytest.raises(ProfileError, match="cannot subtract 3 rows from 2"):
        Profile(2, {}) - Profile(3, {})


def test_two_columns_of_one_name_are_refused() -> None:
    table = pa.table([[1.0], [2.0]], names=["number", "number"])
    with pytest.raises(DataError, match=r"distinct.*number"):
        profile_table(_grids(), table)
    with pytest.raises(DataError, match=r"distinct.*number"):
        profile_groups(_grids(), table, np.zeros(1, dtype=np.int64), 1)
    with pytest.raises(DataError, match=r"distinct.*number"):
        fit_table(table)
