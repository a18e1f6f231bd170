"""What is logged arrives, once, whatever form it has; logging never stops the service."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from driftline import Client, SettingsError
from driftline.client import Limits, new_id

if TYPE_CHECKING:
    from tests.client.conftest import Server

Make = Callable[..., Client]
ROWS = [{"id": "a", "price": 1.5, "country": "de"}, {"id": "b", "price": 2.5, "country": None}]
COLUMNS: dict[str, list[Any]] = {name: [row[name] for row in ROWS] for name in ROWS[0]}


def duck() -> Any:
    return duckdb.sql(
        "SELECT 'a' id, 1.5::DOUBLE price, 'de' country UNION ALL VALUES ('b', 2.5, NULL)"
    )


@pytest.mark.parametrize(
    "given",
    [
        ROWS,
        tuple(ROWS),
        COLUMNS,
        {**COLUMNS, "price": np.array([1.5, 2.5])},
        pd.DataFrame(COLUMNS),
        pl.DataFrame(COLUMNS),
        pa.table(COLUMNS),
        pa.record_batch(COLUMNS),
        duck(),
    ],
    ids=["dicts", "tuple", "lists", "arrays", "pandas", "polars", "table", "batch", "duckdb"],
)
def test_every_form_of_rows_arrives_as_the_same_rows(
    given: object, make: Make, server: Server
) -> None:
    client = make()
    client.log_labels(given)
    assert client.flush()
    assert server.recorder.rows() == ROWS
    assert client.stats.sent == 2


def test_one_dict_is_one_prediction_and_gets_the_moment_at_which_it_was_logged(
    make: Make, server: Server
) -> None:
    before = datetime.now(UTC)
    client = make()
    client.log_predictions({"id": "a", "price": 1.5})
    client.log_predictions({"id": "b", "price": 1.5, "timestamp": datetime(2024, 1, 1)})  # noqa: DTZ001
    client.log_predictions([{"id": "c", "at": None}], timestamp="at")
    assert client.flush()
    rows = {row["id"]: row for row in server.recorder.rows()}
    later = datetime.now(UTC) + timedelta(milliseconds=1)
    assert before - timedelta(milliseconds=1) <= rows["a"]["timestamp"] <= later
    assert rows["b"]["timestamp"] == datetime(2024, 1, 1, tzinfo=UTC)
    assert before - timedelta(milliseconds=1) <= rows["c"]["at"] <= later


@pytest.mark.parametrize(
    "given",
    [
        COLUMNS,
        pd.DataFrame(COLUMNS),
        pl.DataFrame(COLUMNS),
        pd.DataFrame({**COLUMNS, "timestamp": [None, pd.Timestamp("2024-01-01")]}),
    ],
)
def test_frames_get_their_moments_too(given: object, make: Make, server: Server) -> None:
    client = make()
    client.log_predictions(given)
    assert client.flush()
    assert all(row["timestamp"] is not None for row in server.recorder.rows())
    assert len(server.recorder.rows()) == 2


def test_a_request_is_what_the_service_expects(make: Make, server: Server) -> None:
    client = make()
    client.log_predictions(ROWS[0])
    assert client.flush()
    client.log_labels({"id": "a", "returned": True})
    assert client.flush()
    first, second = server.recorder.requests
    assert first.path == "/v1/models/returns/predictions"
    assert second.path == "/v1/models/returns/labels"
    assert first.headers["Content-Type"] == "application/vnd.apache.arrow.stream"
    assert first.headers["Authorization"] == "Bearer key-1"
    assert len(first.key) == 32
    assert first.key != second.key
    assert second.rows == [{"id": "a", "returned": True}]


def test_values_of_all_kinds_keep_their_type(make: Make, server: Server) -> None:
    moment = datetime(2024, 5, 1, 12, tzinfo=UTC)
    row = {
        "whole": 3,
        "np_whole": np.int64(4),
        "half": np.float32(0.5),
        "money": Decimal("9.5"),
        "truth": True,
        "np_truth": np.bool_(False),
        "text": "größer \ud800",
        "at": moment,
        "np_at": np.datetime64("2024-05-01T12:00:00", "ns"),
        "pd_at": pd.Timestamp("2024-05-01T14:00:00", tz="Europe/Berlin"),
        "day": date(2024, 5, 1),
        "uuid": UUID(int=7),
        "list": [1, 2],
        "nan": float("nan"),
        "nat": pd.NaT,
        "na": pd.NA,
        "huge": 2**70,
        5: "a name that is no text",
    }
    client = make()
    client.log_labels([row, dict.fromkeys(row)])
    assert client.flush()
    found, empty = server.recorder.rows()
    assert found == {
        "whole": 3,
        "np_whole": 4,
        "half": 0.5,
        "money": 9.5,
        "truth": True,
        "np_truth": False,
        "text": "größer ?",
        "at": moment,
        "np_at": moment,
        "pd_at": moment,
        "day": date(2024, 5, 1),
        "uuid": str(UUID(int=7)),
        "list": "[1, 2]",
        "nan": None,
        "nat": None,
        "na": None,
        "huge": 2.0**70,
        "5": "a name that is no text",
    }
    assert set(empty.values()) == {None}


def test_rows_of_different_keys_are_united_and_odd_values_spoil_no_other_rows(
    make: Make, server: Server
) -> None:
    client = make(interval=0.3)
    client.log_labels({"id": 1, "age": 30})
    client.log_labels({"id": 2, "city": "x"})
    client.log_labels({"id": 3, "age": "thirty"})
    client.log_labels({"id": 4, "age": 40.5})
    assert client.flush()
    assert len(server.recorder.accepted) == 1
    assert server.recorder.rows() == [
        {"id": 1, "age": 30.0, "city": None},
        {"id": 2, "age": None, "city": "x"},
        {"id": 4, "age": 40.5, "city": None},
    ]
    assert client.stats.rejected == 1


def test_what_the_caller_changes_after_the_call_is_not_seen(make: Make, server: Server) -> None:
    client = make(interval=0.3)
    row, array, frame = {"id": 1}, np.array([2]), pd.DataFrame({"id": [3]})
    client.log_labels(row)
    client.log_labels({"id": array})
    client.log_labels(frame)
    row["id"] = array[0] = 9
    frame.loc[0, "id"] = 9
    assert client.flush()
    assert [row["id"] for row in server.recorder.rows()] == [1, 2, 3]


class Awful:
    def __str__(self) -> str:
        raise RuntimeError("no text for you")


@pytest.mark.parametrize(
    "given",
    [None, 3, "text", [1, 2], {"a": [1], "b": [1, 2]}, object(), {"x": Awful()}, pd.Series([1])],
)
def test_what_is_not_rows_is_counted_and_told_but_not_raised(
    given: object, make: Make, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    client = make()
    with caplog.at_level(logging.WARNING, "driftline.client"):
        client.log_predictions(given)
        client.log_predictions({"id": "fine"})
        assert client.flush()
    assert [row["id"] for row in server.recorder.rows()] == ["fine"]
    assert client.stats.rejected == 1
    assert len(caplog.records) == 1


def test_no_rows_are_no_fault(make: Make, server: Server) -> None:
    client = make()
    client.log_predictions([])
    client.log_predictions(pd.DataFrame({"a": []}))
    assert client.flush()
    assert server.recorder.requests == []
    assert client.stats.rejected == 0


def test_the_same_trouble_is_told_once(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    client = make()
    with caplog.at_level(logging.WARNING, "driftline.client"):
        for _ in range(50):
            client.log_predictions(3)
    assert len(caplog.records) == 1
    assert client.stats.rejected == 50


def test_rows_of_many_threads_all_arrive_in_few_requests(make: Make, server: Server) -> None:
    client = make()

    def log(thread: int) -> None:
        for i in range(500):
            client.log_predictions({"id": f"{thread}-{i}", "x": float(i)})

    threads = [threading.Thread(target=log, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.flush(30)
    ids = [row["id"] for row in server.recorder.rows()]
    assert len(ids) == len(set(ids)) == client.stats.sent == 4000
    assert len(server.recorder.requests) < 400


def test_a_large_frame_is_sent_in_pieces(make: Make, server: Server) -> None:
    client = make()
    client.log_labels({"id": np.arange(25_000), "x": np.zeros(25_000)})
    assert client.flush(30)
    assert [row["id"] for row in server.recorder.rows()] == list(range(25_000))
    assert len(server.recorder.requests) == 3


def test_memory_is_bounded_and_what_does_not_fit_is_counted(
    make: Make, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    client = make(memory_bytes=100_000, interval=0.5)
    for i in range(1000):
        client.log_predictions({"id": i, "text": "x" * 1000})
    stats = client.stats
    assert stats.queued < 100
    assert stats.queued + stats.sent + stats.spooled + stats.dropped == 1000
    assert stats.dropped > 0
    assert "memory_bytes" in caplog.text


def test_a_closed_client_sends_what_it_had_and_drops_what_comes_later(
    make: Make, server: Server
) -> None:
    with make(interval=60) as client:
        client.log_predictions({"id": 1})
    assert [row["id"] for row in server.recorder.rows()] == [1]
    client.log_predictions({"id": 2})
    assert client.stats.dropped == 1
    assert client.flush()
    client.close()


def test_a_client_that_nobody_holds_sends_what_it_had(
    make: Make, server: Server, spool: Any
) -> None:
    client = Client(server.url, None, "returns", spool=spool, limits=Limits(interval=60))
    client.log_predictions({"id": 1})
    del client
    assert server.recorder.wait_for(1)
    assert "Authorization" not in server.recorder.requests[0].headers


@pytest.mark.parametrize(
    ("url", "key", "model", "told"),
    [
        ("driftline:8501", "k", "m", "url: must be http"),
        ("http://u:p@host", "k", "m", "no user, password"),
        ("http://host", "sec\nret", "m", "key: must be printable"),
        ("http://host", "k", "a/b", "model: must be"),
    ],
)
def test_a_wrong_address_is_told_when_the_service_starts(
    url: str, key: str, model: str, told: str
) -> None:
    with pytest.raises(SettingsError, match=told) as caught:
        Client(url, key, model)
    assert "ret" not in str(caught.value)
    assert "p@" not in str(caught.value)


def test_limits_are_checked() -> None:
    with pytest.raises(SettingsError, match="interval: must be more than 0; found 0"):
        Limits(interval=0)


def test_the_docs_tell_every_limit() -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "log-from-your-service.md"
    told = re.findall(r"^\| `(\w+)` \| ([\d.]+)( MiB)? \|", page.read_text(), flags=re.MULTILINE)
    found = {name: float(value) * (2**20 if unit else 1) for name, value, unit in told}
    assert found == asdict(Limits())


def test_the_key_is_nowhere_to_be_seen() -> None:
    assert "hush" not in repr(Client("http://127.0.0.1:1", "hush", "m"))


def test_new_ids_are_new() -> None:
    assert len({new_id() for _ in range(1000)}) == 1000


def test_neither_making_a_client_nor_its_work_imports_what_is_heavy(
    server: Server, spool: Any
) -> None:
    code = f"""
import sys, driftline
client = driftline.Client({server.url!r}, None, "m", spool={str(spool)!r})
print(*{{name.partition(".")[0] for name in sys.modules}})
client.log_predictions({{"id": 1, "text": "x", "at": None}})
assert client.flush()
print(*{{name.partition(".")[0] for name in sys.modules}})
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after = (set(line.split()) for line in told.stdout.splitlines())
    heavy = {"pandas", "scipy", "sklearn", "sqlalchemy", "pydantic", "httpx", "fastapi"}
    assert not before & (heavy | {"pyarrow", "numpy"})
    assert not after & heavy
    assert len(server.recorder.rows()) == 1
