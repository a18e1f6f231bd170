"""What does not fit is refused with a problem document that names row and field; nothing of it is
kept, and nothing of other requests is touched."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest

if TYPE_CHECKING:
    from httpx import Response
    from tests.log.conftest import Site

NDJSON = "application/x-ndjson"
ARROW = "application/vnd.apache.arrow.stream"
FIRST = {"ts": "2024-03-01T12:00:00Z", "id": "a", "late": True, "zone": "x", "amount": 1.5}
Opens = Callable[..., "Site"]


@pytest.fixture
def used(site: Site) -> Site:
    """A site whose log has a row, and so its columns."""
    assert site.post("predictions", [FIRST]).status_code == 202
    return site


def problem(answer: Response, status: int) -> dict[str, Any]:
    """The answer, which must be a problem document of that status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    assert document["type"] == "about:blank"
    assert document["title"]
    assert document["detail"]
    return document


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "text for a number": ({"amount": "12"}, "amount", 'must be a number; found "12"'),
    "truth for a number": ({"amount": True}, "amount", "must be a number; found true"),
    "a number for truth": ({"late": 1}, "late", "must be true or false; found 1"),
    "a list": ({"amount": [1, 2]}, "amount", "must be a number; found a list"),
    "an object": ({"amount": {"a": 1}}, "amount", "must be a number; found an object"),
    "no moment": (
        {"ts": "yesterday"},
        "ts",
        'ISO 8601 moment from 1900 to 2199; found "yesterday"',
    ),
    "a moment as a number": ({"ts": 1709294400}, "ts", "must be an ISO 8601 moment"),
    "a moment too far": ({"ts": "9999-01-01"}, "ts", "from 1900 to 2199"),
    "no id": ({"id": None}, "id", "missing; every row needs it"),
    "a list as id": ({"id": ["a"]}, "id", "must be text or a number; found a list"),
    "a category that is none": ({"zone": {}}, "zone", "must be text or a number"),
    "a number too large": ({"amount": 2**60}, "amount", "at most 2^53"),
    "infinity": ({"amount": 1e999}, "amount", "float64 can hold"),
    "an unknown column": ({"amuont": 1.5}, "amuont", 'unknown column; did you mean "amount"?'),
    "other letters": ({"Amount": 1.5}, "Amount", 'differs from "amount" only in capital letters'),
    "our own column": ({"driftline_day": 1}, "driftline_day", "is a column of the log itself"),
    "no name": ({"": 1}, "", "must be 1 to 200 printable characters"),
    "a long name": ({"x" * 201: 1}, "x" * 200, "must be 1 to 200 printable characters"),
    "half a character": ({"zone": "\ud800"}, "zone", "lone surrogate"),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_row_and_the_field_of_what_is_wrong_are_told(used: Site, name: str) -> None:
    change, field, told = WRONG[name]
    rows = [{**FIRST, "id": f"{i}"} for i in range(9)]
    rows[6] |= change
    body = json.dumps({"rows": rows}).replace("Infinity", "1e999").encode()
    document = problem(used.post("predictions", body), 422)
    (fault,) = document["errors"]
    assert (fault["row"], fault["field"]) == (6, field)
    assert told in fault["message"]
    assert f'row 6, field "{field}": ' in document["detail"]
    assert [row["id"] for row in used.rows()] == ["a"]


def test_the_first_twenty_faults_are_told_and_all_are_counted(used: Site) -> None:
    document = problem(used.post("predictions", [{**FIRST, "amount": "x"}] * 50), 422)
    assert [fault["row"] for fault in document["errors"]] == list(range(20))
    assert "(and 49 more)" in document["detail"]
    assert document["rows"] == [[0, 49]]


def test_values_of_the_wrong_type_do_not_hide_those_that_are_wrong_otherwise(used: Site) -> None:
    rows = [{**FIRST, "ts": "yesterday"}, {**FIRST, "ts": 1709294400}, FIRST]
    document = problem(used.post("predictions", rows), 422)
    assert sorted(fault["row"] for fault in document["errors"]) == [0, 1]
    assert document["rows"] == [[0, 1]]


MALFORMED: dict[str, tuple[bytes, str, int, str]] = {
    "no JSON": (b'{"rows": [', "application/json", 400, "malformed JSON"),
    "no rows": (b'{"data": []}', "application/json", 400, "an object was expected"),
    "a list": (b"[1]", "application/json", 400, "found a list"),
    "more than rows": (b'{"rows": [], "a": 1}', "application/json", 400, '"a" is not known beside'),
    "a row that is none": (b'{"rows": [{}, 3]}', "application/json", 400, "rows[1] must be an"),
    "NaN": (b'{"rows": [{"id": NaN}]}', "application/json", 400, "NaN is no value of JSON"),
    "bytes": (b"\xff\xfe\x00", "application/json", 400, "not UTF-8"),
    "depth": (b"[" * 100_000, "application/json", 400, "nested too deeply"),
    "digits": (b'{"rows": [' + b"9" * 5000 + b"]}", "application/json", 400, "malformed JSON"),
    "a bad line": (b'{"id": 1}\n{"id": \n', NDJSON, 400, "row 1: malformed JSON"),
    "two in a line": (b'{"id": 1}, {"id": 2}\n{"id": 3}', NDJSON, 400, "row 0: malformed JSON"),
    "a line that is none": (b'{"id": 1}\n7\n', NDJSON, 400, "row 1 must be an object"),
    "no Arrow": (b"not arrow at all", ARROW, 400, "malformed Arrow stream"),
    "nothing": (b"", ARROW, 400, "malformed Arrow stream"),
    "another kind": (b"id\n1\n", "text/csv", 415, 'found "text/csv"'),
    "no kind": (b"{}", "", 415, "found nothing"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_body_is_refused_with_the_reason(used: Site, name: str) -> None:
    body, media, status, told = MALFORMED[name]
    assert told in problem(used.post("predictions", body, media), status)["detail"]
    assert len(used.rows()) == 1


def test_a_cut_arrow_stream_is_refused(used: Site, as_stream: Callable[..., bytes]) -> None:
    whole = as_stream(pa.Table.from_pylist([FIRST] * 500))
    for size in (9, len(whole) // 2, len(whole) - 200):
        document = problem(used.post("predictions", whole[:size], ARROW), 400)
        assert "malformed Arrow stream" in document["detail"]


def test_damaged_arrow_streams_never_do_harm(used: Site, as_stream: Callable[..., bytes]) -> None:
    rows = [{**FIRST, "id": f"{i}", "note": "n" * i} for i in range(60)]
    whole = np.frombuffer(as_stream(pa.Table.from_pylist(rows)), np.uint8)
    random = np.random.default_rng(5)
    for _ in range(60):
        damaged = whole.copy()
        places = random.integers(0, len(whole), 3)
        damaged[places] = random.integers(0, 256, 3)
        assert used.post("predictions", damaged.tobytes(), ARROW).status_code in (202, 400, 422)
    assert used.post("predictions", [{**FIRST, "id": "last"}]).status_code == 202
    assert used.rows()[-1]["id"] == "last"


def test_a_body_that_is_too_large_is_refused(open_site: Opens) -> None:
    site = open_site(api={"max_body_mb": 0.01, "max_rows": 20})
    row = {"id": "a", "note": "n" * 20_000}
    assert "up to 0.01 MB" in problem(site.post("predictions", [row]), 413)["detail"]
    many = [{"id": "a"}] * 21
    assert "more than 20 rows" in problem(site.post("predictions", many), 413)["detail"]
    lines = b'{"id": 1}\n' * 21
    assert "more than 20 rows" in problem(site.post("predictions", lines, NDJSON), 413)["detail"]
    assert site.rows() == []
    assert site.post("predictions", many[:20]).status_code == 202


def test_a_dictionary_that_would_be_huge_is_refused(
    used: Site, as_stream: Callable[..., bytes]
) -> None:
    codes = pa.array(np.zeros(60_000, np.int8))
    huge = pa.DictionaryArray.from_arrays(codes, pa.array(["x" * 10_000]))
    table = pa.table({"id": np.arange(60_000), "zone": huge})
    document = problem(used.post("predictions", as_stream(table), ARROW), 422)
    assert "too large when its dictionary is written out" in document["detail"]


def test_an_unknown_model_is_told_with_the_nearest(site: Site) -> None:
    document = problem(site.post("predictions", [FIRST], model="shpo"), 404)
    assert 'no model is called "shpo"; did you mean "shop"?' in document["detail"]


def test_a_model_that_reads_its_rows_elsewhere_is_told_what_to_say(
    open_site: Opens, model: Mapping[str, Any]
) -> None:
    site = open_site({**model, "labels": {**model["labels"], "source": "csv", "path": "l.csv"}})
    document = problem(site.post("labels", [{"id": "a", "actual": 1}]), 409)
    assert "`labels: {source: ingest, ..}`" in document["detail"]


def test_labels_have_the_columns_of_the_settings_and_no_others(site: Site) -> None:
    document = problem(site.post("labels", [{"id": "a", "actual": 1, "why": "late"}]), 422)
    assert document["errors"][0]["field"] == "why"
    assert "known are id, known_at, actual" in document["errors"][0]["message"].replace(
        "known_at, id", "id, known_at"
    )


def test_declared_features_are_the_only_ones_from_the_first_request_on(
    open_site: Opens, model: Mapping[str, Any]
) -> None:
    predictions = {**model["predictions"], "features": ["amount"]}
    site = open_site({**model, "predictions": predictions})
    document = problem(site.post("predictions", [{**FIRST, "age": 4}]), 422)
    assert document["errors"][0]["field"] == "age"
    assert site.post("predictions", [FIRST]).status_code == 202


def test_new_columns_are_taken_where_the_settings_say_so(
    open_site: Opens, model: Mapping[str, Any]
) -> None:
    predictions = {**model["predictions"], "new_columns": True}
    site = open_site({**model, "predictions": predictions})
    site.post("predictions", [FIRST])
    site.move()
    assert site.post("predictions", [{**FIRST, "id": "b", "age": 4}]).status_code == 202
    assert problem(site.post("predictions", [{**FIRST, "age": "old"}]), 422)
    assert [row.get("age") for row in site.rows()] == [None, 4.0]
    site.move()
    assert [row["age"] for row in site.rows()] == [None, 4.0]
    assert site.post("predictions", [{**FIRST, "id": "c"}]).status_code == 202
    assert [row.get("age") for row in site.rows()] == [None, 4.0, None]


def test_a_column_that_was_always_null_takes_the_type_of_its_first_value(used: Site) -> None:
    site = used
    site.post("predictions", [{**FIRST, "id": "b", "amount": None}])
    assert site.post("labels", [{"id": "a", "actual": None}]).status_code == 202
    assert site.post("labels", [{"id": "a", "actual": "yes"}]).status_code == 202
    assert problem(site.post("labels", [{"id": "a", "actual": 1}]), 422)
    site.move()
    assert {row["actual"] for row in site.rows("labels")} == {None, "yes"}


def test_a_column_that_some_rows_of_an_arrow_stream_have_is_told_by_row(
    used: Site, as_stream: Callable[..., bytes]
) -> None:
    rows = [{**FIRST, "id": f"{i}", "extra": 1 if i in (2, 5) else None} for i in range(8)]
    whole = pa.Table.from_pylist(rows)
    document = problem(used.post("predictions", as_stream(whole), ARROW), 422)
    assert [fault["row"] for fault in document["errors"]] == [2, 5]
    rest = whole.take(pa.array([i for i in range(8) if i not in (2, 5)]))
    assert used.post("predictions", as_stream(rest), ARROW).status_code == 202
    assert "extra" not in used.rows()[0]


ARROW_TYPES: dict[str, tuple[pa.Array, Any]] = {
    "int8": (pa.array([7], pa.int8()), 7.0),
    "uint64": (pa.array([7], pa.uint64()), 7.0),
    "float32": (pa.array([1.5], pa.float32()), 1.5),
    "half": (pa.array([np.float16(1.5)], pa.float16()), 1.5),
    "decimal": (pa.array([1], pa.decimal128(5, 2)), 1.0),
    "NaN": (pa.array([float("nan")]), None),
    "null": (pa.nulls(1), None),
}


@pytest.mark.parametrize("name", ARROW_TYPES)
def test_numbers_of_every_arrow_type_are_numbers(
    used: Site, as_stream: Callable[..., bytes], name: str
) -> None:
    column, kept = ARROW_TYPES[name]
    table = pa.table({"id": ["z"], "amount": column})
    assert used.post("predictions", as_stream(table), ARROW).status_code == 202
    assert used.rows()[-1]["amount"] == kept


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[1]]),
        pa.array([b"x"]),
        pa.array([{"a": 1}]),
        pa.array(["x"]),
        pa.array([True]),
        pa.array([2**60], pa.int64()),
        pa.array([2**63], pa.uint64()),
    ],
    ids=str,
)
def test_other_arrow_types_for_a_number_are_refused(
    used: Site, as_stream: Callable[..., bytes], column: pa.Array
) -> None:
    table = pa.table({"id": ["z"], "amount": column})
    document = problem(used.post("predictions", as_stream(table), ARROW), 422)
    assert document["errors"][0]["field"] == "amount"
    assert len(used.rows()) == 1


def test_a_column_that_is_there_twice_is_refused(
    used: Site, as_stream: Callable[..., bytes]
) -> None:
    table = pa.Table.from_arrays(
        [pa.array(["z"]), pa.array([1.0]), pa.array([2.0])], ["id", "amount", "amount"]
    )
    document = problem(used.post("predictions", as_stream(table), ARROW), 422)
    assert document["errors"][0]["message"] == "is there twice"


EXOTIC = [
    pa.array([1], pa.timestamp("ns", "Mars/Olympus")),
    pa.array([1], pa.timestamp("s", "+14:00")),
    pa.array([2**62], pa.timestamp("s")),
    pa.array([1], pa.date32()),
    pa.array([2**40 * 86_400_000 // 1000], pa.date64()),
    pa.array([1], pa.time64("ns")),
    pa.array([1], pa.duration("s")),
    pa.array([None], pa.list_(pa.int8())),
    pa.array(["x"], pa.large_string()),
    pa.array(["x"], pa.string_view()),
    pa.array([b"x"], pa.binary_view()),
    pa.array([b"xxxx"], pa.binary(4)),
    pa.array([10**60], pa.decimal256(70, 2)),
    pa.array([(1, 2, 3)], pa.month_day_nano_interval()),
    pa.array(["1"]).dictionary_encode(),
    pa.DictionaryArray.from_arrays(pa.array([0]), pa.array([1.5])),
    pa.DictionaryArray.from_arrays(pa.array([None], pa.int8()), pa.array([], pa.string())),
    pa.RunEndEncodedArray.from_arrays(pa.array([1], pa.int32()), pa.array(["x"])),
    pa.array([{"a": [1]}]),
    pa.MapArray.from_arrays([0, 1], ["a"], [1]),
]


@pytest.mark.parametrize("column", EXOTIC, ids=lambda column: str(column.type)[:30])
def test_any_arrow_type_in_any_column_is_taken_or_refused(
    used: Site, as_stream: Callable[..., bytes], column: pa.Array
) -> None:
    for name in ("ts", "id", "late", "zone", "amount"):
        columns = {"id": pa.array(["z"]), name: column}
        answer = used.post("predictions", as_stream(pa.table(columns)), ARROW)
        assert answer.status_code in (202, 400, 422), (name, answer.text)
    used.move()
    assert used.rows()[0]["id"]
