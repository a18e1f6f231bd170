"""How columns of every type are read: as numbers, as categories, as times."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from driftline.errors import ColumnError, DataError
from driftline.profiles.columns import to_codes, to_floats
from driftline.profiles.fit import fit_table
from driftline.profiles.frames import as_table, require_columns, to_microseconds
from driftline.profiles.grid import UNSEEN, CategoricalGrid
from driftline.profiles.profile import profile_table
from driftline.profiles.summary import Summary


def _named(column: object) -> list[str | None]:
    """What each row is called as a category."""
    codes, names = to_codes(column)
    return [names[code] if code >= 0 else None for code in codes]


def _read(grid_of: object, column: object) -> Summary:
    """The summary of `column` on the grid fitted to `grid_of`."""
    grids = fit_table(as_table({"c": grid_of})).grids
    return profile_table(grids, as_table({"c": column})).columns["c"]


def _counted(summary: Summary) -> Mapping[str, int]:
    assert isinstance(summary.grid, CategoricalGrid)
    counts = dict(zip(summary.grid.names, summary.counts.tolist(), strict=True))
    return {name: rows for name, rows in counts.items() if rows}


@pytest.mark.parametrize(
    ("column", "names"),
    [
        (pa.array([3.0, 2.5, None, float("nan"), -0.0, 1e15]), "3 2.5 - - 0 1000000000000000"),
        (pa.array([0.1, 3, None], pa.float32()), "0.1 3 -"),
        (pa.array([0.5, None], pa.float16()), "0.5 -"),
        (pa.array([2**63 - 1, -3, None]), "9223372036854775807 -3 -"),
        (pa.array([2**64 - 1], pa.uint64()), "18446744073709551615"),
        (pa.array([True, False, None]), "true false -"),
        (pa.array([Decimal("1.50"), Decimal("2.00"), None]), "1.5 2 -"),
        (pa.array([Decimal("1.5")], pa.decimal256(40, 3)), "1.5"),
        (pa.array(["a", None], pa.large_string()), "a -"),
        (pa.array(["a", None], pa.string_view()), "a -"),
        (pa.array([None, None]), "- -"),
        (pa.array([[1], None]), "[1] -"),
        (pa.array([b"0" * 16, None], pa.uuid()), "30303030-3030-3030-3030-303030303030 -"),
        (pa.DictionaryArray.from_arrays(pa.array([0, 1, None]), pa.array(["a", None])), "a - -"),
        (pa.RunEndEncodedArray.from_arrays([2, 3], pa.array(["a", None])), "a a -"),
        (pa.chunked_array([], pa.string()), ""),
        (pa.chunked_array([], pa.dictionary(pa.int8(), pa.string())), ""),
    ],
    ids=lambda value: str(value.type) if hasattr(value, "type") else "",
)
def test_categories_are_named_as_people_write_them(column: object, names: str) -> None:
    assert _named(column) == [None if name == "-" else name for name in names.split()]


def test_the_same_category_has_one_name_whatever_the_type() -> None:
    assert _named(pa.array([1, 2])) == _named(pa.array([1.0, 2.0])) == _named(pa.array(["1", "2"]))
    summary = _read(["1", "2", "1"], np.array([1.0, 2.0, 5.0, np.nan]))
    assert _counted(summary) == {"1": 1, "2": 1, "(unseen)": 1}
    assert summary.missing == 1


def test_chunks_may_have_different_dictionaries() -> None:
    chunks = [pa.array(["a", "b"]).dictionary_encode(), pa.array(["c", "a"]).dictionary_encode()]
    assert _named(pa.chunked_array(chunks)) == ["a", "b", "c", "a"]


def test_dictionaries_that_together_outgrow_their_code_type_are_widened() -> None:
    small = pa.dictionary(pa.int8(), pa.string())
    names = [[f"{letter}{i}" for i in range(100)] for letter in "ab"]
    chunks = [pa.array(part).dictionary_encode().cast(small) for part in names]
    assert _named(pa.chunked_array(chunks)) == names[0] + names[1]


def test_text_that_is_not_utf8_is_read_with_marks() -> None:
    bad = pa.Array.from_buffers(
        pa.string(),
        2,
        [None, pa.py_buffer(np.array([0, 1, 2], np.int32).tobytes()), pa.py_buffer(b"\xffa")],
    )
    assert _named(bad) == ["�", "a"]


@pytest.mark.parametrize(
    ("column", "values", "unreadable"),
    [
        (pa.array([1, None], pa.int8()), [1, np.nan], 0),
        (pa.array([2**64 - 1], pa.uint64()), [2.0**64], 0),
        (pa.array([1.5], pa.float16()), [1.5], 0),
        (pa.array([Decimal("1.5"), None]), [1.5, np.nan], 0),
        (pa.array([Decimal("1.5")], pa.decimal256(40, 2)), [1.5], 0),
        (pa.array([True, None]), [1, np.nan], 0),
        (pa.array(["1e3", " 2 ", "x", "", "1_0", "inf", None]), [1e3, 2, *[np.nan] * 3, np.inf], 3),
        (pa.array(["1", "x"]).dictionary_encode(), [1, np.nan], 1),
        (pa.array([1.5, np.nan]).dictionary_encode(), [1.5, np.nan], 0),
        (pa.RunEndEncodedArray.from_arrays([2], pa.array([1.5])), [1.5, 1.5], 0),
        (pa.array([1, None], pa.timestamp("s")), [np.nan] * 2, 1),
        (pa.array([[1.0], None]), [np.nan] * 2, 1),
        (pa.array([None, None]), [np.nan] * 2, 0),
        (pa.chunked_array([], pa.float64()), [], 0),
    ],
    ids=lambda value: str(value.type) if hasattr(value, "type") else "",
)
def test_numbers_are_read_from_every_type(
    column: pa.Array, values: list[float], unreadable: int
) -> None:
    found, bad = to_floats(column)
    expected = np.array(values + [np.nan] * (len(column) - len(values)))
    np.testing.assert_array_equal(found, expected)
    assert (0 if bad is None else int(bad.sum())) == unreadable


def test_integers_beyond_the_precision_of_floats_keep_their_order() -> None:
    summary = _read(np.array([2**53, 2**62]), np.array([2**53, 2**62, -(2**63), 2**63 - 1]))
    assert summary.counts.sum() == 4
    assert summary.missing == summary.infinite == 0


def test_unreadable_text_in_a_numeric_column_is_missing_and_told_apart() -> None:
    summary = _read(np.arange(5.0), np.array(["1", "high", None, "3"], dtype=object))
    assert (summary.present, summary.missing, summary.unreadable) == (2, 2, 1)


def test_minus_zero_is_zero() -> None:
    for zero in (0.0, -0.0):
        summary = _read(np.array([zero, 1.0]), np.array([0.0, -0.0]))
        assert summary.counts.max() == 2


def test_infinities_are_in_the_end_cells_and_counted() -> None:
    summary = _read(np.array([1.0, 2.0, np.inf]), np.array([-np.inf, np.inf, np.inf, 1.0]))
    assert (summary.counts[0], summary.counts[-1], summary.infinite) == (1, 2, 3)


FRAME = {
    "number": [1.5, np.nan, 3.0, -2.0],
    "integer": [1, 2, 3, 4],
    "word": ["a", "b", None, "a"],
    "flag": [True, False, True, True],
}


def _frames() -> dict[str, object]:
    frame = pd.DataFrame(FRAME)
    coded = frame.assign(word=frame["word"].astype("category"))
    return {
        "pandas": frame,
        "pandas categorical": coded,
        "pandas object": frame.astype(object),
        "pandas nullable": frame.convert_dtypes(),
        "pandas arrow": frame.convert_dtypes(dtype_backend="pyarrow"),
        "pandas int32": frame.astype({"integer": "int32"}),
        "arrow": pa.Table.from_pandas(frame),
        "batch": pa.RecordBatch.from_pandas(frame),
        "reader": pa.Table.from_pandas(frame).to_reader(max_chunksize=3),
        "numpy": {name: frame[name].to_numpy() for name in frame},
        "numpy objects": {name: np.array(values, dtype=object) for name, values in FRAME.items()},
        "lists": FRAME,
    }


@pytest.mark.parametrize("kind", _frames())
def test_a_frame_gives_the_same_profile_whoever_made_it(kind: str) -> None:
    fitted = fit_table(as_table(pa.Table.from_pandas(pd.DataFrame(FRAME)))).profile
    assert profile_table(fitted.grids, as_table(_frames()[kind])) == fitted
    assert fit_table(as_table(_frames()[kind])).profile == fitted


def test_a_duckdb_relation_gives_the_same_profile() -> None:
    duckdb = pytest.importorskip("duckdb")
    table = pa.Table.from_pandas(pd.DataFrame(FRAME))
    fitted = fit_table(table).profile
    assert profile_table(fitted.grids, as_table(duckdb.from_arrow(table))) == fitted


def test_a_polars_frame_gives_the_same_profile() -> None:
    polars = pytest.importorskip("polars")
    table = pa.Table.from_pandas(pd.DataFrame(FRAME))
    fitted = fit_table(table).profile
    assert profile_table(fitted.grids, as_table(polars.from_arrow(table))) == fitted


def test_a_column_of_mixed_types_becomes_text_beside_the_others() -> None:
    odd = [1, "a", None, np.nan, pd.NaT, pd.NA, np.float32("nan"), Decimal("NaN"), "nan"]
    table = as_table(pd.DataFrame({"odd": pd.Series(odd, dtype=object), "x": range(9)}))
    assert table["odd"].to_pylist() == ["1", "a", *[None] * 6, "nan"]
    assert pa.types.is_integer(table.schema.field("x").type)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([2**70, None], dtype=object), [str(2**70), None]),
        (np.array(["\ud800b", "a"], dtype=object), ["?b", "a"]),
        (pd.arrays.SparseArray([1.0, 0.0]), [1.0, 0.0]),
        (np.array([1.5, np.nan], dtype=np.longdouble), [1.5, None]),
        (np.zeros((2, 2)), [[0.0, 0.0]] * 2),
        (np.ma.array([1.0, 2.0], mask=[False, True]), [1.0, None]),
    ],
    ids=["huge", "surrogate", "sparse", "longdouble", "two-dimensional", "masked"],
)
def test_odd_arrays_are_read_or_become_text(values: object, expected: list[object]) -> None:
    assert as_table({"x": values})["x"].to_pylist() == expected


def test_intervals_of_pandas_cut_are_categories() -> None:
    bins = pd.cut(pd.Series([1.0, 2.0, 9.0]), [0, 3, 10])
    assert sum(_counted(_read(bins, bins)).values()) == 3


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ([1, 2], "cannot read a list as a table"),
        ("file.csv", "cannot read a str"),
        (pd.Series([1.0]), "cannot read a Series"),
        ({"x": "abc"}, 'column "x" must be an array'),
        ({"x": 3}, 'column "x" must be an array'),
        ({"x": [1], "y": [1, 2]}, "same length"),
        ({1: [1], "1": [2]}, "distinct"),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), "distinct"),
        (pa.table([[1], [2]], names=["x", "x"]), "distinct"),
    ],
)
def test_what_is_no_table_is_refused_with_what_would_be(frame: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        as_table(frame)


def test_a_missing_column_is_named_with_its_nearest() -> None:
    with pytest.raises(ColumnError, match=r'"tmp"; did you mean "temp"'):
        require_columns(["tmp"], pa.table({"temp": [1]}), "features")


LOST = int(np.iinfo(np.int64).min)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([1, None], pa.timestamp("s")), [10**6, LOST]),
        (pa.array([-1, None], pa.timestamp("ms")), [-1000, LOST]),
        (pa.array([7, None], pa.timestamp("us", "Europe/Rome")), [7, LOST]),
        (pa.array([-1, None], pa.timestamp("ns")), [-1, LOST]),
        (pa.array([2**62, -(2**62), None], pa.timestamp("s")), [LOST] * 3),
        (pa.array([1, 2**31 - 1, None], pa.int32()).cast(pa.date32()), [86400 * 10**6, LOST, LOST]),
        (pa.array([86400 * 1000]).cast(pa.date64()), [86400 * 10**6]),
        (pa.array(["1970-01-01T00:00:01Z", "soon", None]), [10**6, LOST, LOST]),
        (pa.array(["1970-01-01T01:00:01+01:00"]).dictionary_encode(), [10**6]),
        (pa.array([None]), [LOST]),
        (pa.chunked_array([], pa.timestamp("us")), []),
    ],
    ids=lambda value: str(value.type) if hasattr(value, "type") else "",
)
def test_times_are_microseconds_in_utc(column: pa.Array, expected: list[int]) -> None:
    assert to_microseconds(column).tolist() == expected


@pytest.mark.parametrize("column", [pa.array([1]), pa.array([1.5]), pa.array([True])])
def test_numbers_are_no_times(column: pa.Array) -> None:
    with pytest.raises(ColumnError, match="must hold timestamps"):
        to_microseconds(column)


@pytest.mark.parametrize(
    "column",
    [
        [True, False, True, None],
        [1, 0, 1, None],
        [1.0, 0.0, 1.0, None],
        ["True", "False", "TRUE", None],
        ["1", "0", "1", None],
    ],
)
def test_truths_are_the_same_in_a_database_that_has_no_booleans(column: list[object]) -> None:
    for true, false in (("true", "false"), ("True", "False"), ("1", "0")):
        found = _read(pa.array([true, false]), pa.array(column))
        assert _counted(found) == {true: 2, false: 1}
        assert found.missing == 1
    assert _counted(_read(pa.array([True, False]), pa.array([1, 2]))) == {"true": 1, UNSEEN: 1}
    several = pa.array(["0", "1", "true"])
    assert _counted(_read(several, pa.array(["1", "true", "0"]))) == {"1": 1, "true": 1, "0": 1}
