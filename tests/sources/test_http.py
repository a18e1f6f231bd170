"""A real HTTP service: what is asked, what may be answered, and what happens when it is wrong."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from driftline.errors import ColumnError, SettingsError, SourceError
from driftline.settings import parse_settings
from driftline.settings.models import ReferenceSource
from driftline.sources import Source
from driftline.sources.http import HttpSettings
from driftline.sources.http.reading import HttpSource

START = datetime(2024, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SECRET = "s3cr3t-t0ken"

Start = Callable[..., Any]
Answer = tuple[int, dict[str, str], str]


def rows(days: int = 4) -> list[dict[str, Any]]:
    return [{"ts": (START + i * DAY).isoformat(), "x": i} for i in range(days)]


def source(
    url: str, timestamp: str | None = "ts", required: tuple[str, ...] = (), **keys: Any
) -> HttpSource:
    waits: list[float] = []
    made = HttpSource(
        HttpSettings.model_validate({"url": url, **keys}), timestamp, required, waits.append
    )
    made.waits = waits  # type: ignore[attr-defined]
    return made


def waits(of: Source) -> list[float]:
    found: list[float] = of.waits  # type: ignore[attr-defined]
    return found


def x_of(of: Source, start: datetime | None = None, end: datetime | None = None) -> list[Any]:
    table = of.batches(start, end).table()
    return sorted(table["x"].to_pylist()) if table.num_rows else []


def answering(rows_service: Start, *answers: Any) -> Any:
    return rows_service(rows(), answers=list(answers))


def test_the_span_and_the_version_are_asked_for_with_headers_and_parameters(
    rows_service: Start,
) -> None:
    service = rows_service(rows())
    asked = source(
        service.url + "/late",
        model_version="7",
        headers={"Authorization": f"Bearer {SECRET}"},
        parameters={"tenant": "shop & co"},
    )
    assert x_of(asked, START + DAY, START + 3 * DAY) == [1, 2]
    ((path, query, headers),) = service.asked
    assert path == "/late"
    assert query == {
        "start_time": "2024-03-02T00:00:00Z",
        "end_time": "2024-03-04T00:00:00Z",
        "model_version": "7",
        "tenant": "shop & co",
    }
    assert headers["authorization"] == f"Bearer {SECRET}"


def test_labels_are_asked_for_at_ground_truth_and_the_version_is_the_models() -> None:
    text = """
models:
  - name: late
    version: "2013-03"
    task: binary
    predictions: {source: http, url: "http://h/late/", timestamp: ts, id: id, prediction: late}
    labels: {source: http, url: "http://h/late", id: id, label: late}
    reference: {source: http, url: "http://h/train", endpoint: rows, model_version: other}
"""
    (model,) = parse_settings(text, {}).models
    assert model.labels is not None
    assert isinstance(model.reference, ReferenceSource)
    origins: list[Any] = [
        section.origin for section in (model.predictions, model.labels, model.reference)
    ]
    assert [(origin.address, origin.model_version) for origin in origins] == [
        ("http://h/late", "2013-03"),
        ("http://h/late/ground-truth", "2013-03"),
        ("http://h/train/rows", "other"),
    ]


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"url": "ftp://h/x"}, "must begin with http"),
        ({"url": f"http://h/x?key={SECRET}"}, "under `parameters`"),
        ({"url": f"http://me:{SECRET}@h/x"}, "must not hold a password"),
        ({"headers": {"A": f"{SECRET}\nB: c"}}, "one line of ASCII"),
        ({"headers": {"A b": "c"}}, "cannot be the name of a header"),
        ({"parameters": {"end_time": "x"}}, "end_time is given by Driftline itself"),
        ({"at_once": "1d"}, "needs `since`"),
        ({"page_by": "cursor"}, "must be page or offset"),
    ],
)
def test_settings_that_cannot_work_are_refused_without_their_secrets(
    keys: dict[str, Any], told: str
) -> None:
    section = {"source": "http", "url": "http://h/x", "timestamp": "ts", **keys}
    model = {
        "name": "m",
        "predictions": section,
        "reference": {"from": "2024-01-01", "to": "2024-02-01"},
    }
    with pytest.raises(SettingsError) as error:
        parse_settings(json.dumps({"models": [model]}), {})
    assert told in str(error.value)
    assert SECRET not in str(error.value)


def test_a_secret_may_end_in_a_newline() -> None:
    made = HttpSettings.model_validate({"url": "http://h", "headers": {"A": f"{SECRET}\n"}})
    assert made.headers["A"].get_secret_value() == SECRET


# What may be answered


@pytest.mark.parametrize(
    "answer",
    [
        '{"features": [{"x": 1}, {"x": 2}]}',
        '[{"x": 1}, {"x": 2}]',
        ' \n{"total": 2, "next": null, "rows":\n[{"x":1},{"x":2}] , "meta": {"a": [1, {}]}}\n',
        '\ufeff{"data": [{"x": 1}, {"x": 2}]}',
    ],
)
def test_rows_are_found_in_every_usual_shape(rows_service: Start, answer: str) -> None:
    service = answering(rows_service, (200, {}, answer))
    assert x_of(source(service.url, None)) == [1, 2]


def test_rows_may_be_under_a_key_of_their_own(rows_service: Start) -> None:
    service = answering(rows_service, (200, {}, '{"rows": [], "hits": [{"x": 1}]}'))
    assert x_of(source(service.url, None, rows="hits")) == [1]


def test_lists_that_belong_together_are_rows(rows_service: Start) -> None:
    truth = {"true_labels": [1, 0, None], "predictions": [1, 1, 0], "model": "late"}
    table = source(rows_service(truth={"": truth}).url + "/ground-truth", None).batches().table()
    assert table.to_pylist() == [
        {"true_labels": 1, "predictions": 1},
        {"true_labels": 0, "predictions": 1},
        {"true_labels": None, "predictions": 0},
    ]


def test_types_may_differ_from_row_to_row(rows_service: Start) -> None:
    given = [
        {"n": 1, "mixed": 1, "flag": True, "deep": {"b": [1], "a": None}},
        {"n": 2.5, "mixed": "a", "flag": None, "deep": [1]},
        {"n": None, "later": "x"},
        {"n": float("nan"), "big": 2**70},
    ]
    service = answering(rows_service, (200, {}, json.dumps({"features": given})))
    table = source(service.url, None).batches().table()
    assert table["n"].to_pylist() == [1, 2.5, None, None]
    assert table["mixed"].to_pylist() == ["1", "a", None, None]
    assert table["flag"].to_pylist() == [True, None, None, None]
    assert table["deep"].to_pylist() == ['{"a": null, "b": [1]}', "[1]", None, None]
    assert table["later"].to_pylist() == [None, None, "x", None]
    assert float(table["big"].to_pylist()[3]) == 2**70


def test_moments_may_be_written_as_flask_writes_them(rows_service: Start) -> None:
    given = [{"ts": "Fri, 01 Mar 2024 06:00:00 GMT", "x": 1}, {"ts": None, "x": 2}]
    service = answering(rows_service, (200, {}, json.dumps(given)))
    assert x_of(source(service.url), START, START + DAY) == [1]


def test_moments_that_are_numbers_are_told(rows_service: Start) -> None:
    service = answering(rows_service, (200, {}, '[{"ts": 1709251200, "x": 1}]'))
    with pytest.raises(ColumnError, match=r'"ts": a timestamp column must hold .* found int64'):
        source(service.url).batches(START)


def test_a_service_that_ignores_the_span_is_narrowed_to_it(rows_service: Start) -> None:
    service = answering(rows_service, (200, {}, json.dumps(rows(9))))
    assert x_of(source(service.url), START + DAY, START + 3 * DAY) == [1, 2]


def test_a_few_entries_that_are_no_rows_are_left_out_and_told(rows_service: Start) -> None:
    service = answering(rows_service, (200, {}, '[{"x": 1}, null, [2], {"x": 3}]'))
    reading = source(service.url, None).batches()
    assert reading.table()["x"].to_pylist() == [1, 3]
    (problem,) = reading.problems
    assert (problem.code, problem.rows) == ("bad_lines", 2)
    assert "2 entries of the list left out: not an object but such as null" in problem.message


def test_compressed_answers_and_redirects_within_the_service_are_read(rows_service: Start) -> None:
    packed = gzip.compress(json.dumps(rows()).encode())
    service = answering(
        rows_service,
        (307, {"Location": "/late/?start_time=x"}, ""),
        (200, {"Content-Encoding": "gzip", "Content-Length": str(len(packed))}, packed),
    )
    assert x_of(source(service.url + "/late")) == [0, 1, 2, 3]
    assert [path for path, _, _ in service.asked] == ["/late", "/late/"]


def test_rows_of_many_pages_are_not_asked_for_twice(rows_service: Start) -> None:
    service = rows_service(rows(25), paging="page")
    assert x_of(source(service.url, page_by="page", page_size=10)) == list(range(25))
    assert [query["page"] for _, query, _ in service.asked] == ["1", "2", "3", "4"]


def test_smaller_pages_than_asked_for_lose_no_row(
    rows_service: Start,
) -> None:
    pages = [json.dumps({"features": rows(9)[i : i + 4]}) for i in (0, 4, 8, 12)]
    service = answering(rows_service, *((200, {}, page) for page in pages))
    assert x_of(source(service.url, page_by="offset", page_size=50)) == list(range(9))
    assert [query["offset"] for _, query, _ in service.asked] == ["0", "4", "8", "9"]


def test_a_long_span_is_asked_for_in_pieces(rows_service: Start) -> None:
    service = rows_service(rows(6))
    pieces = source(service.url, at_once="2d", since="2024-03-01")
    assert x_of(pieces, START + DAY, START + 6 * DAY) == [1, 2, 3, 4, 5]
    asked = [(query["start_time"][:10], query["end_time"][:10]) for _, query, _ in service.asked]
    assert asked == [
        ("2024-03-02", "2024-03-04"),
        ("2024-03-04", "2024-03-06"),
        ("2024-03-06", "2024-03-07"),
    ]


def test_columns_are_found_by_few_rows(rows_service: Start) -> None:
    recent = [{"ts": datetime.now(UTC).isoformat(), "x": 1}]
    service = rows_service(recent + rows())
    assert source(service.url).columns().names == ["ts", "x"]
    assert source(service.url).columns(START, START + DAY).names == ["ts", "x"]
    assert len(service.asked) == 2
    assert source(rows_service().url).columns().names == []


# What is wrong with an answer


WRONG = {
    "page": ((200, {}, "<html><title>Sign in</title></html>"), r'a page \("Sign in"\), no JSON'),
    "empty": ((200, {}, ""), "the answer is empty"),
    "nothing": ((204, {}, ""), r"204 No Content; a span without rows is an empty list"),
    "text": ((200, {}, "nothing here"), "no JSON at character 0: Expecting value"),
    "number": ((200, {}, "17"), "must be a list or an object; found 17"),
    "no list": (
        (200, {}, '{"features": null}'),
        '"features" must be a list of objects; found null',
    ),
    "other key": ((200, {}, '{"feature": [{"x": 1}]}'), 'no list .* found "feature": set `rows`'),
    "an error": ((200, {}, '{"error": "no such model"}'), 'is an error: "no such model"'),
    "two lists": ((200, {}, '{"rows": [], "data": []}'), 'two lists of rows, "rows" and "data"'),
    "no objects": ((200, {}, "[[1, 2], [3, 4]]"), r"rows must be objects; found such as \[1, 2\]"),
    "lengths": (
        (200, {}, '{"true_labels": [1, 0], "predictions": [1]}'),
        "lists of different lengths: true_labels has 2, predictions has 1",
    ),
    "ends": ((200, {}, '{"features": [{"x": 1}, {"x":'), "ends in the middle, after 29"),
    "ends after a row": ((200, {}, '{"features": [{"x": 1},'), "ends in the middle, after 23"),
    "comma": ((200, {}, '[{"x": 1},]'), "no JSON at character 10: a comma too many"),
    "more": ((200, {}, '[{"x": 1}][]'), "there is more behind the end"),
    "deep": ((200, {}, '{"a": ' + "[" * 200_000), "too deep"),
    "digits": ((200, {}, "[" + "9" * 5000 + "]"), "a number that is too long"),
    "bytes": ((200, {}, b'[{"x": "\xff"}]'), "not UTF-8"),
    "next": ((200, {}, '{"rows": [{"x": 1}], "next": 2}'), '"next" must be an address or null'),
    "same": ((200, {}, '{"rows": [{"x": 1}], "next": "?start_time=1"}'), "that was read before"),
    "401": ((401, {}, ""), r"answered 401 Unauthorized; give what it asks for in `headers`"),
    "403": ((403, {}, '{"detail": "no"}'), 'answered 403 Forbidden: "no"; give'),
    "404": ((404, {}, "<html>"), "answered 404 Not Found; are `url` and `endpoint` right"),
    "422": (
        (422, {}, '{"detail": [{"loc": ["query", "day"], "msg": "Field required"}]}'),
        "answered 422 .*Field required",
    ),
    "elsewhere": (
        (302, {"Location": "https://login.example.com/x?token=abc"}, ""),
        r"redirects to another service, https://login\.example\.com/x, which is not asked",
    ),
    "next elsewhere": (
        (200, {}, '{"rows": [{"x": 1}], "next": "http://evil.example.com/"}'),
        "the next page leads to another service",
    ),
    "loop": ((302, {"Location": "/late"}, ""), "redirects more than 5 times"),
}


@pytest.mark.parametrize(("answer", "told"), WRONG.values(), ids=WRONG)
def test_a_wrong_answer_is_an_error_and_never_no_rows(
    rows_service: Start, answer: Any, told: str
) -> None:
    service = answering(rows_service, *[answer] * 10)
    wrong = source(service.url + "/late", None, headers={"X-Key": SECRET})
    with pytest.raises(SourceError, match=told) as error:
        list(wrong.batches())
    assert str(error.value).startswith(f"{service.url}/late: ")
    assert "token=abc" not in str(error.value)
    assert waits(wrong) == []


PASSING = {
    "429": ((429, {}, '{"message": "slow down"}'), 'answered 429 Too Many Requests: "slow down"'),
    "500": ((500, {}, "boom"), 'answered 500 Internal Server Error: "boom"'),
    "503": ((503, {}, ""), "answered 503 Service Unavailable; 4 tries"),
    "cut off": ((200, {"Content-Length": "999"}, '[{"x": 1},'), "the answer was cut off"),
    "damaged": ((200, {"Content-Encoding": "gzip"}, b"no gzip"), "compressed answer is damaged"),
}


@pytest.mark.parametrize(("answer", "told"), PASSING.values(), ids=PASSING)
def test_what_may_pass_is_tried_again_and_then_an_error(
    rows_service: Start, answer: Any, told: str
) -> None:
    mended = source(answering(rows_service, answer, answer).url)
    assert x_of(mended) == [0, 1, 2, 3]
    assert waits(mended) == [0.5, 1.0]
    lasting = source(answering(rows_service, *[answer] * 4).url)
    with pytest.raises(SourceError, match=told):
        lasting.batches()
    assert waits(lasting) == [0.5, 1.0, 2.0]


def test_who_says_when_is_asked_again_then(rows_service: Start) -> None:
    busy = (429, {"Retry-After": "7"}, "")
    patient = source(answering(rows_service, busy).url)
    assert x_of(patient) == [0, 1, 2, 3]
    assert waits(patient) == [7.0]
    long = source(answering(rows_service, (503, {"Retry-After": "3600"}, "")).url)
    with pytest.raises(SourceError, match="wants to be left alone for 3600 s") as error:
        long.batches()
    assert error.value.after == timedelta(hours=1)
    assert waits(long) == []


def test_a_service_that_does_not_answer_is_an_error_in_time(rows_service: Start) -> None:
    silent = source(answering(rows_service, None, None).url, timeout="1s", retries=0)
    with pytest.raises(SourceError, match="no whole answer within 1s"):
        silent.batches()


def test_a_service_that_is_not_there_is_an_error() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    gone = source(f"http://127.0.0.1:{port}/late")
    for ask in (gone.batches, gone.span, gone.columns):
        with pytest.raises(SourceError, match=r"cannot be reached: .*refused; 4 tries"):
            ask()
    with pytest.raises(SourceError, match="is no address: there is no port 99999"):
        source("http://127.0.0.1:99999/").batches()


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_that_is_too_large_is_not_taken(rows_service: Start, packed: bool) -> None:
    body = json.dumps([{"x": "a" * 1000}] * 2000).encode()
    headers = {"Content-Encoding": "gzip"} if packed else {}
    answer = (200, headers, gzip.compress(body) if packed else body)
    with pytest.raises(SourceError, match=r"larger than 1 MB; ask for pages"):
        source(answering(rows_service, answer).url, None, max_mb=1).batches()


def test_a_service_that_does_not_know_pages_is_found_out(rows_service: Start) -> None:
    service = rows_service(rows(), paging="none")
    with pytest.raises(SourceError, match="pages repeat: does it know `page` and `limit`"):
        list(source(service.url, page_by="page").batches())
    assert len(service.asked) == 2


def test_full_pages_may_be_alike_by_chance(rows_service: Start) -> None:
    same: Answer = (200, {}, '{"true_labels": [0, 0], "predictions": [0, 0]}')
    end: Answer = (200, {}, '{"true_labels": [], "predictions": []}')
    service = answering(rows_service, *[same] * 5, end)
    reading = source(service.url, None, page_by="offset", page_size=2).batches()
    assert reading.table().num_rows == 10


def test_a_failure_in_the_middle_is_an_error_though_rows_came_before(rows_service: Start) -> None:
    many = json.dumps([{"x": i, "more": "a" * 100} for i in range(40_000)])
    service = answering(rows_service, (200, {}, many[:-30]))
    with pytest.raises(SourceError, match=r"ends in the middle, after [\d,]+ ch"):
        for _ in source(service.url, None).batches():
            pass


def test_no_secret_is_in_any_word(rows_service: Start, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    echo: Answer = (400, {}, json.dumps({"detail": f"bad key {SECRET} in Bearer {SECRET}"}))
    service = answering(rows_service, (200, {}, json.dumps(rows())), echo)
    asked = source(
        service.url, headers={"Authorization": f"Bearer {SECRET}"}, parameters={"key": SECRET}
    )
    assert x_of(asked) == [0, 1, 2, 3]
    with pytest.raises(SourceError, match=r"bad key \*\*\* in \*\*\*") as error:
        asked.batches()
    told = [str(error.value), repr(asked), repr(asked.settings), caplog.text, asked.name]
    assert SECRET not in "".join(told)
    assert SECRET in str(service.asked)


def test_retries_must_be_few() -> None:
    with pytest.raises(ValidationError):
        HttpSettings.model_validate({"url": "http://h", "retries": 100})


MEASURE = """
import json, resource, sys
from driftline.sources import open_source
from driftline.sources.http import HttpSettings

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

def read(path):
    source = open_source(HttpSettings(url=sys.argv[1] + path), "ts")
    return [table.num_rows for table in source.batches()]

read("/few")
before = peak()
sizes = read("/many")
print(json.dumps([sum(sizes), max(sizes), peak() - before]))
"""


def test_one_answer_of_half_a_million_rows_is_streamed(rows_service: Start) -> None:
    """As Python objects they would be about 300 MB; the answer itself has 60."""
    row = '{"ts": "2024-03-01T00:00:00Z", "id": %d, "x": 0.25, "kind": "a", "y": 1.5, "z": "b"}'
    many = '{"features": [' + ",".join(row % i for i in range(500_000)) + "]}"
    service = answering(rows_service, (200, {}, f"[{row % 1}]"), (200, {}, many))
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, service.url], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    total, largest, megabytes = json.loads(done.stdout)
    assert total == 500_000
    assert largest <= 2**17
    assert megabytes < 150, megabytes
