"""Others read the log as it is: DuckDB and Polars, from a folder and from object storage."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import pytest

from driftline.errors import SourceError

if TYPE_CHECKING:
    from tests.log.conftest import Site

Opens = Callable[..., "Site"]
NOW = datetime.now(UTC)


def filled(site: Site) -> Site:
    """Three moves over three days, the last with a new column; one more row waits."""
    for day in range(3):
        more = {"fresh": "yes"} if day == 2 else {}
        rows = [
            {
                "ts": (NOW - timedelta(days=day)).isoformat(),
                "id": f"{day}-{i}",
                "late": bool(i % 2),
                "amount": i / 2 if i else None,
                **more,
            }
            for i in range(10)
        ]
        assert site.post("predictions", rows).status_code == 202
        site.move()
    return site


@pytest.fixture
def growing(model: dict[str, Any]) -> dict[str, Any]:
    """The model, that takes new columns."""
    return {**model, "predictions": {**model["predictions"], "new_columns": True}}


def day_of(back: int) -> date:
    return (NOW - timedelta(days=back)).date()


def told(frame: pl.DataFrame) -> None:
    """It is what was sent."""
    assert frame.height == 30
    assert frame["amount"].sum() == 3 * 22.5
    assert frame["amount"].null_count() == 3
    assert frame["fresh"].drop_nulls().to_list() == ["yes"] * 10
    assert frame["ts"].dt.convert_time_zone("UTC").max() == NOW
    assert frame.schema["late"] == pl.Boolean


def test_polars_reads_the_table(open_site: Opens, growing: dict[str, Any]) -> None:
    site = filled(open_site(growing))
    told(pl.read_delta(site.place().table))


def test_duckdb_reads_the_table_without_an_extension(
    open_site: Opens, growing: dict[str, Any]
) -> None:
    site = filled(open_site(growing))
    files = site.table().file_uris()
    query = "SELECT * FROM read_parquet(?, hive_partitioning = true, union_by_name = true)"
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
        frame = pl.from_arrow(connection.sql(query, params=[files]).to_arrow_table())
    assert isinstance(frame, pl.DataFrame)
    told(frame)


def test_a_reader_of_one_day_opens_the_files_of_that_day(
    open_site: Opens, growing: dict[str, Any]
) -> None:
    site = filled(open_site(growing))
    day = day_of(1).isoformat()
    frame = pl.scan_delta(site.place().table).filter(pl.col("driftline_day") == day_of(1))
    assert frame.collect()["id"].to_list() == [f"1-{i}" for i in range(10)]
    assert len([uri for uri in site.table().file_uris() if f"driftline_day={day}" in uri]) == 1


@pytest.fixture(scope="module")
def object_storage() -> Iterator[dict[str, str]]:
    """A loopback S3 with a bucket `logs`; the options to reach it."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                asked = urllib.request.Request(f"{address}/logs", method="PUT")
                urllib.request.urlopen(asked, timeout=5).close()
                break
            except (urllib.error.URLError, ConnectionError):
                assert time.monotonic() < deadline
                assert server.poll() is None
                time.sleep(0.1)
        yield {
            "AWS_ENDPOINT_URL": address,
            "AWS_ALLOW_HTTP": "true",
            "AWS_S3_ADDRESSING_STYLE": "path",
            "AWS_ACCESS_KEY_ID": "someone",
            "AWS_SECRET_ACCESS_KEY": "a-long-secret",
            "AWS_REGION": "us-east-1",
        }
    finally:
        server.terminate()
        server.wait(20)


def test_the_log_lives_in_object_storage(
    open_site: Opens, growing: dict[str, Any], object_storage: dict[str, str]
) -> None:
    where = {"path": "s3://logs/driftline", "storage": object_storage, "retention": "30d"}
    site = filled(open_site(growing, log=where))
    assert not (site.folder / "driftline-log").exists()
    told(pl.read_delta("s3://logs/driftline/shop/predictions", storage_options=object_storage))
    site.post("predictions", [{"id": "waits", "ts": f"{NOW + timedelta(days=20)}"}])
    assert len(site.rows()) == 31
    site.move(NOW + timedelta(days=31))
    left = {row["id"] for row in site.rows()}
    assert left == {"waits"}, "what is older than 30 days went"


def test_object_storage_that_is_away_keeps_rows_waiting_and_tells_no_secret(
    open_site: Opens, object_storage: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    away = {**object_storage, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
    quick = {"max_retries": "0", "connect_timeout": "1s", "retry_timeout": "1s"}
    site = open_site(log={"path": "s3://logs/away", "storage": {**away, **quick}})
    assert site.post("predictions", [{"id": "a"}]).status_code == 202
    site.move()
    assert "rows wait in the journal" in caplog.text
    assert "Connection refused" in caplog.text
    assert "a-long-secret" not in caplog.text + repr(site.settings) + repr(site.place())
    assert site.waiting() == 1


def test_a_bucket_that_is_not_there_is_told_as_such(
    open_site: Opens, object_storage: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    site = open_site(log={"path": "s3://none-of-this-name/log", "storage": object_storage})
    site.post("predictions", [{"id": "a"}])
    site.move()
    assert "rows wait in the journal: " in caplog.text
    assert "NoSuchBucket" in caplog.text
    with pytest.raises(SourceError, match=r"cannot be read: .*NoSuchBucket$"):
        site.rows()


def test_the_folder_of_a_model_with_any_name_can_be_read(
    open_site: Opens, model: dict[str, Any]
) -> None:
    name = "späti 2=a%20'x'"
    site = open_site({**model, "name": name})
    assert (
        site.post("predictions", [{"id": "a"}], model=name.replace("%", "%25")).status_code == 202
    )
    site.move()
    folder = site.place(model=name).table
    assert Path(folder).is_dir()
    assert pl.read_delta(folder).height == 1
    assert [row["id"] for row in site.rows(model=name)] == ["a"]
