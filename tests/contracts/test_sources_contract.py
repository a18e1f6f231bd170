"""What every source must do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from pydantic import SecretStr
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Double,
    MetaData,
    Table,
    Text,
    create_engine,
    insert,
)

from driftline.errors import ColumnError
from driftline.log.columns import Rules
from driftline.log.moving import Mover
from driftline.log.place import Place
from driftline.log.taking import Log
from driftline.sources import Source, open_source
from driftline.sources.csv import CsvSettings
from driftline.sources.dataframe import frame_source
from driftline.sources.http import HttpSettings
from driftline.sources.ingest import IngestSettings
from driftline.sources.parquet import ParquetSettings
from driftline.sources.sql import SqlSettings
from driftline.stores.journal import LogId
from driftline.stores.schema import open_database

START = datetime(2013, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)

Open = Callable[..., Source]
Needs = pytest.FixtureRequest


def hourly(rows: int = 240) -> pa.Table:
    moments = [START + i * HOUR for i in range(rows)]
    return pa.table(
        {
            "ts": pa.array(moments, pa.timestamp("us", "UTC")),
            "id": pa.array(range(rows), pa.int64()),
            "x": pa.array([i / 7 for i in range(rows)], pa.float64()),
            "kind": pa.array([["a", "b", None][i % 3] for i in range(rows)], pa.string()),
        }
    )


def fill(url: str, table: pa.Table) -> None:
    """Write a table into the database, with the column types that people would choose."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))

    def kind(of: pa.DataType) -> Any:
        if pa.types.is_timestamp(of):
            return DateTime(timezone=of.tz is not None)
        return {pa.int64(): BigInteger, pa.float64(): Double, pa.string(): Text}[of]

    columns = [Column(one.name, kind(one.type)) for one in table.schema]
    rows = Table("the rows", MetaData(), *columns)
    rows.metadata.create_all(engine)
    with engine.begin() as connection:
        if table.num_rows:
            connection.execute(insert(rows), table.to_pylist())
    engine.dispose()


def open_parquet(needs: Needs, table: pa.Table, *of: Any) -> Source:
    path = needs.getfixturevalue("tmp_path") / "data.parquet"
    pq.write_table(table, path, row_group_size=50)
    return open_source(ParquetSettings(path=str(path)), *of)


def open_csv(needs: Needs, table: pa.Table, *of: Any) -> Source:
    path = needs.getfixturevalue("tmp_path") / "data.csv"
    pa.csv.write_csv(table, path)
    return open_source(CsvSettings(path=str(path)), *of)


def open_frame(needs: Needs, table: pa.Table, *of: Any) -> Source:
    return frame_source(table, *of)


def open_sqlite(needs: Needs, table: pa.Table, *of: Any) -> Source:
    url = f"sqlite:///{needs.getfixturevalue('tmp_path') / 'data.db'}"
    fill(url, table)
    return open_source(SqlSettings(url=SecretStr(url), table="the rows"), *of)


def open_postgresql(needs: Needs, table: pa.Table, *of: Any) -> Source:
    url = needs.getfixturevalue("postgresql_url")
    fill(url, table)
    return open_source(SqlSettings(url=SecretStr(url), table="the rows"), *of)


def open_query(needs: Needs, table: pa.Table, *of: Any) -> Source:
    url = needs.getfixturevalue("postgresql_url")
    fill(url, table)
    return open_source(SqlSettings(url=SecretStr(url), query='SELECT * FROM "the rows";'), *of)


def open_query_of_a_span(needs: Needs, table: pa.Table, *of: Any) -> Source:
    url = f"sqlite:///{needs.getfixturevalue('tmp_path') / 'data.db'}"
    fill(url, table)
    query = 'SELECT * FROM "the rows"'
    if "ts" in table.column_names:
        query += """ WHERE ts >= :start AND ts < :end OR ts IS NULL OR ts NOT LIKE '2%'"""
    return open_source(SqlSettings(url=SecretStr(url), query=query), *of)


def open_http(needs: Needs, table: pa.Table, *of: Any, **how: Any) -> Source:
    rows = [
        {n: v.isoformat() if isinstance(v, datetime) else v for n, v in row.items()}
        for row in table.to_pylist()
    ]
    paging = how.get("page_by") or how.pop("paging", "none")
    service = needs.getfixturevalue("rows_service")(rows, paging=paging)
    url = f"{service.url}/late"
    return open_source(HttpSettings.model_validate({"url": url, **how}), *of)


def open_http_pages(needs: Needs, table: pa.Table, *of: Any) -> Source:
    return open_http(needs, table, *of, page_by="page", page_size=7)


def open_http_offsets(needs: Needs, table: pa.Table, *of: Any) -> Source:
    return open_http(needs, table, *of, page_by="offset", page_size=100)


def open_http_next(needs: Needs, table: pa.Table, *of: Any) -> Source:
    return open_http(needs, table, *of, paging="next")


def open_http_link(needs: Needs, table: pa.Table, *of: Any) -> Source:
    return open_http(needs, table, *of, paging="link")


def open_http_pieces(needs: Needs, table: pa.Table, *of: Any) -> Source:
    if "ts" not in table.column_names:  # rows without moments cannot be told apart by span
        return open_http(needs, table, *of)
    return open_http(needs, table, *of, at_once="365d", since="2013-01-01")


def open_ingest(needs: Needs, table: pa.Table, *of: Any) -> Source:
    """The first half of the rows in the Delta table, the others not there yet."""
    folder = needs.getfixturevalue("tmp_path")
    store = f"sqlite:///{folder / 'driftline.db'}"
    place = Place("late", "predictions", str(folder / "log"), SecretStr(store))
    moment = "ts" if "ts" in table.column_names else None
    if moment:  # Arrow without a zone is UTC for the log too
        stamps = table["ts"].cast(pa.timestamp("us", "UTC"))
        table = table.set_column(table.column_names.index("ts"), "ts", stamps)
    log = Log(open_database(store), {place: Rules(moment)})
    which, half = LogId("late", "predictions"), table.num_rows // 2
    log.take(which, table.slice(0, half), None, 1).result(30)
    Mover(log).move_all(datetime.now(UTC))
    log.take(which, table.slice(half), None, 1).result(30)
    log.close()
    return open_source(IngestSettings(place=place), *of)


OPENERS = {
    "parquet": open_parquet,
    "csv": open_csv,
    "dataframe": open_frame,
    "sql, SQLite": open_sqlite,
    "sql, PostgreSQL": open_postgresql,
    "sql, query": open_query,
    "sql, query of a span": open_query_of_a_span,
    "http": open_http,
    "http, pages": open_http_pages,
    "http, offsets": open_http_offsets,
    "http, next": open_http_next,
    "http, Link header": open_http_link,
    "http, pieces": open_http_pieces,
    "ingest": open_ingest,
}


REFUSES_BAD_ROWS = ("ingest",)
"""Sources that cannot hold rows without a readable moment: who sent them was told so."""


@pytest.fixture(params=list(OPENERS))
def source_of(request: pytest.FixtureRequest) -> Open:
    def made(
        table: pa.Table, timestamp: str | None = "ts", required: tuple[str, ...] = ()
    ) -> Source:
        opened: Source = OPENERS[request.param](request, table, timestamp, required)
        return opened

    return made


@pytest.fixture
def source_of_any_rows(source_of: Open, request: pytest.FixtureRequest) -> Open:
    if request.node.callspec.params["source_of"] in REFUSES_BAD_ROWS:
        pytest.skip("such rows are refused when they come; tests/log has that")
    return source_of


def ids(source: Source, start: datetime | None = None, end: datetime | None = None) -> list[int]:
    table = source.batches(start, end).table()
    return sorted(table["id"].to_pylist()) if table.num_rows else []


def test_it_gives_all_rows_with_their_values(source_of: Open) -> None:
    table = source_of(hourly()).batches().table().sort_by("id")
    assert table.column_names == ["ts", "id", "x", "kind"]
    assert table["x"].to_pylist() == pytest.approx([i / 7 for i in range(240)])
    assert table["kind"].to_pylist() == hourly()["kind"].to_pylist()


def test_a_span_holds_its_start_and_not_its_end(source_of: Open) -> None:
    source = source_of(hourly())
    assert ids(source, START + 24 * HOUR, START + 48 * HOUR) == list(range(24, 48))
    assert ids(source, START + 100 * HOUR) == list(range(100, 240))
    assert ids(source, None, START + 3 * HOUR) == [0, 1, 2]
    assert ids(source, START + 1000 * HOUR, START + 1001 * HOUR) == []


def test_windows_side_by_side_hold_each_row_once(source_of: Open) -> None:
    source = source_of(hourly())
    days = [ids(source, START + i * 24 * HOUR, START + (i + 1) * 24 * HOUR) for i in range(10)]
    assert sorted(chain.from_iterable(days)) == list(range(240))


def test_rows_may_be_out_of_order(source_of: Open) -> None:
    table = hourly()
    shuffled = table.take(pa.array([(i * 97) % 240 for i in range(240)]))
    assert ids(source_of(shuffled), START + 24 * HOUR, START + 48 * HOUR) == list(range(24, 48))


def test_moments_without_a_zone_are_utc(source_of: Open) -> None:
    table = hourly().set_column(0, "ts", hourly()["ts"].cast(pa.timestamp("ms")))
    source = source_of(table)
    assert ids(source, START + 24 * HOUR, START + 26 * HOUR) == [24, 25]
    assert source.span() == (START, START + 239 * HOUR)


def test_the_bounds_may_be_in_any_zone(source_of: Open) -> None:
    from_elsewhere = datetime.fromisoformat("2013-01-02T02:00:00+02:00")
    assert ids(source_of(hourly()), from_elsewhere, START + 25 * HOUR) == [24]


def test_the_span_is_from_the_first_to_the_last_moment(source_of: Open) -> None:
    assert source_of(hourly()).span() == (START, START + 239 * HOUR)


def test_without_a_timestamp_column_all_rows_are_given(source_of: Open) -> None:
    source = source_of(hourly().drop_columns(["ts"]), timestamp=None)
    assert ids(source, START, START + HOUR) == list(range(240))
    assert source.span() is None


def test_rows_without_a_moment_are_counted_and_told(source_of_any_rows: Open) -> None:
    moments = hourly()["ts"].to_pylist()
    moments[5] = moments[7] = None
    table = hourly().set_column(0, "ts", pa.array(moments, pa.timestamp("us", "UTC")))
    reading = source_of_any_rows(table).batches()
    assert sorted(reading.table()["id"].to_pylist()) == [i for i in range(240) if i not in (5, 7)]
    (problem,) = reading.problems
    assert (problem.code, problem.rows) == ("bad_timestamps", 2)
    assert '2 rows left out: "ts" is missing or is no ISO 8601 moment' in problem.message


def test_moments_may_be_text_and_bad_ones_are_told(source_of_any_rows: Open) -> None:
    texts = [stamp.isoformat() for stamp in hourly()["ts"].to_pylist()]
    texts[3] = "yesterday"
    source = source_of_any_rows(hourly().set_column(0, "ts", pa.array(texts)))
    reading = source.batches(START, START + 5 * HOUR)
    assert reading.table()["id"].to_pylist() == [0, 1, 2, 4]
    (problem,) = reading.problems
    assert '1 row left out: "ts"' in problem.message
    assert '(such as "yesterday")' in problem.message
    assert source.span() == (START, START + 239 * HOUR)


def test_only_the_wanted_columns_and_the_moments_are_read(source_of: Open) -> None:
    table = source_of(hourly()).batches(columns=["x", "absent"]).table()
    assert table.column_names == ["ts", "x"]
    assert table.num_rows == 240


def test_columns_have_names_and_types(source_of: Open) -> None:
    columns = source_of(hourly()).columns()
    assert columns.names == ["ts", "id", "x", "kind"]
    id_type, *others = (str(columns.field(name).type) for name in ("id", "x", "kind"))
    assert id_type in ("int64", "double")  # all numbers of the log are doubles
    assert others == ["double", "string"]


def test_a_missing_timestamp_column_is_told_with_the_nearest(source_of: Open) -> None:
    with pytest.raises(ColumnError, match='no column "tz"; did you mean "ts"'):
        source_of(hourly(), "tz").batches()


def test_a_missing_required_column_is_told_with_the_nearest(source_of: Open) -> None:
    with pytest.raises(ColumnError, match='no column "ids"; did you mean "id"'):
        source_of(hourly(), "ts", ("ids",)).batches()


def test_no_rows_are_no_error(source_of: Open) -> None:
    source = source_of(hourly(0))
    assert list(source.batches()) == []
    assert source.span() is None


def test_a_source_can_be_read_again(source_of: Open) -> None:
    source = source_of(hourly())
    assert ids(source) == ids(source) == list(range(240))


def test_a_source_has_a_name(source_of: Open) -> None:
    assert source_of(hourly()).name
