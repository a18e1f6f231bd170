"""Tables and queries of real databases: types, moments, names, failures, and how much is read."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine, create_engine, event, text

from driftline.errors import ColumnError, SourceError
from driftline.sources import Source, open_source
from driftline.sources.sql import SqlSettings

START = datetime(2024, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def run(url: str, *statements: str) -> None:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def source(url: str, timestamp: str | None = "ts", **more: Any) -> Source:
    return open_source(SqlSettings(url=url, **more), timestamp)  # type: ignore[arg-type]


@pytest.fixture
def statements() -> Iterator[list[tuple[str, Any]]]:
    """Every statement that is sent, with its parameters."""
    sent: list[tuple[str, Any]] = []

    def keep(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((" ".join(statement.split()), parameters))

    event.listen(Engine, "before_cursor_execute", keep)
    yield sent
    event.remove(Engine, "before_cursor_execute", keep)


MANY_TYPES = """
    CREATE TABLE many AS SELECT
        TIMESTAMP '2024-03-01 12:00' AS ts, 12.50::numeric(10, 2) AS price, 'NaN'::numeric AS odd,
        DATE '2024-02-29' AS day, TRUE AS paid, '{"b": 1, "a": [2]}'::jsonb AS details,
        '0b7e6ec4-4e04-4d5e-8ab5-5e8d6d3a7a01'::uuid AS who, INTERVAL '90 seconds' AS took,
        TIME '08:30' AS at, ARRAY[1, 2] AS list, '\\x00ff'::bytea AS raw, 2::smallint AS few,
        1.5::real AS share, 'basic'::varchar(9) AS plan, NULL::integer AS nothing,
        '10.0.0.1'::inet AS host
"""


def test_every_type_of_postgresql_becomes_one_of_arrow(postgresql_url: str) -> None:
    run(postgresql_url, MANY_TYPES)
    for asked in ({"table": "many"}, {"query": "SELECT * FROM many"}):
        many = source(postgresql_url, **asked)
        (row,) = many.batches().table().to_pylist()
        assert row == {
            "ts": datetime(2024, 3, 1, 12, tzinfo=UTC),
            "price": 12.5,
            "odd": None,
            "day": date(2024, 2, 29),
            "paid": True,
            "details": '{"a": [2], "b": 1}',
            "who": "0b7e6ec4-4e04-4d5e-8ab5-5e8d6d3a7a01",
            "took": 90.0,
            "at": "08:30:00",
            "list": "[1, 2]",
            "raw": "00ff",
            "few": 2,
            "share": 1.5,
            "plan": "basic",
            "nothing": None,
            "host": "10.0.0.1",
        }
    types = {one.name: str(one.type) for one in source(postgresql_url, table="many").columns()}
    assert (types["paid"], types["price"], types["nothing"]) == ("bool", "double", "int64")


def test_sqlite_may_hold_anything_in_any_column(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'data.db'}"
    run(
        url,
        "CREATE TABLE t (ts TIMESTAMP, paid BOOLEAN, amount NUMERIC(9, 2), n INTEGER, name TEXT)",
        "INSERT INTO t VALUES ('2024-03-01 01:00:00', 1, 1.25, 7, 'a')",
        "INSERT INTO t VALUES ('2024-03-01T02:00:00+01:00', 0, 'dear', 'x', 5)",
        "INSERT INTO t VALUES ('2024-03-01', NULL, NULL, NULL, CAST(x'ff' AS TEXT))",
    )
    table = source(url, table="t").batches(START, START + DAY).table()
    assert table["paid"].to_pylist() == [True, False, None]
    assert table["amount"].to_pylist() == ["1.25", "dear", None]
    assert table["n"].to_pylist() == ["7", "x", None]
    assert table["name"].to_pylist() == ["a", "5", "\ufffd"]


def test_only_the_span_and_the_wanted_columns_are_asked_for(
    sql_url: str, statements: list[tuple[str, Any]]
) -> None:
    run(
        sql_url,
        "CREATE TABLE t (ts TIMESTAMP, x INTEGER, secret TEXT)",
        *(f"INSERT INTO t VALUES ('2024-03-0{day} 05:00:00', {day}, '')" for day in range(1, 10)),
    )
    days = source(sql_url, table="t")
    days.columns()
    statements.clear()
    reading = days.batches(START + DAY, START + 3 * DAY, ["x"])
    assert reading.table()["x"].to_pylist() == [2, 3]
    (asked, parameters), _ = [one for one in statements if "FROM t" in one[0]]
    assert asked.startswith("SELECT ts, x FROM t WHERE ts >=")
    assert "2024" not in asked
    assert "2024-03" in str(parameters) or "2024, 3" in str(parameters)


def test_names_are_quoted_and_never_run(sql_url: str) -> None:
    name = 'a"; DROP TABLE kept; --'
    quoted = '"' + name.replace('"', '""') + '"'
    run(
        sql_url,
        "CREATE TABLE kept (x INTEGER)",
        f'CREATE TABLE {quoted} ("Order" TIMESTAMP, "per cent %" INTEGER)',
        f"INSERT INTO {quoted} VALUES ('2024-03-01 05:00:00', 1)",
    )
    odd = source(sql_url, "Order", table=name)
    assert odd.batches(START, START + DAY, ["per cent %"]).table()["per cent %"].to_pylist() == [1]
    assert odd.span() == (START + timedelta(hours=5),) * 2
    assert source(sql_url, None, table="kept").columns().names == ["x"]


def test_a_table_may_be_in_a_schema(postgresql_url: str) -> None:
    run(postgresql_url, "CREATE SCHEMA shop", "CREATE TABLE shop.rows AS SELECT 1 AS x")
    assert source(postgresql_url, None, table="shop.rows").columns().names == ["x"]


@pytest.mark.parametrize("column", ["TIMESTAMP", "TIMESTAMPTZ", "DATE", "TEXT"])
@pytest.mark.parametrize(
    "asked",
    [
        {"table": "t"},
        {"query": "SELECT ts, x FROM t ORDER BY x"},
        {"query": "WITH r AS (SELECT * FROM t) SELECT * FROM r WHERE x > 0;"},
        {"query": "SELECT * FROM t WHERE ts::timestamptz >= :start AND :end > ts::timestamptz"},
    ],
    ids=["table", "query", "with", "bounds"],
)
def test_moments_are_utc_wherever_the_server_is(
    postgresql_url: str, column: str, asked: dict[str, str]
) -> None:
    name = postgresql_url.rpartition("/")[2]
    rows = (f"('{START + i * timedelta(hours=8):%Y-%m-%d %H:%M}+00', {i + 1})" for i in range(9))
    run(
        postgresql_url,
        "SET TIME ZONE 'UTC'",
        f"CREATE TABLE t (ts {column}, x INTEGER)",
        f"INSERT INTO t VALUES {', '.join(rows)}",
        f"ALTER DATABASE {name} SET timezone = 'America/New_York'",
    )
    found = source(postgresql_url, **asked)
    days = [found.batches(START + i * DAY, START + (i + 1) * DAY, ["x"]).table() for i in range(3)]
    assert [sorted(day["x"].to_pylist()) for day in days] == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    last = START + 2 * DAY + (timedelta() if column == "DATE" else timedelta(hours=16))
    assert found.span() == (START, last)


def test_a_column_of_numbers_holds_no_moments(sql_url: str) -> None:
    run(sql_url, "CREATE TABLE t (ts INTEGER)", "INSERT INTO t VALUES (1709251200)")
    with pytest.raises(ColumnError, match=r'"ts" must hold .* found int \(such as 1709251200\)'):
        source(sql_url, table="t").batches(START, START + DAY)


def test_rows_without_a_moment_are_told_in_every_span(sql_url: str) -> None:
    run(
        sql_url,
        "CREATE TABLE t (ts TEXT, x INTEGER)",
        "INSERT INTO t VALUES ('2024-03-01', 1), (NULL, 2), ('20240301', 3), ('2024-03-01x', 4)",
    )
    reading = source(sql_url, table="t").batches(START, START + DAY)
    assert reading.table()["x"].to_pylist() == [1]
    (problem,) = reading.problems
    assert (problem.code, problem.rows) == ("bad_timestamps", 3)


# Failures


def no_server(user: str = "me") -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"postgresql://{user}:s3cr3t@127.0.0.1:{probe.getsockname()[1]}/db"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        pytest.param(no_server(), "refused", id="refused"),
        ("sqlite:///no/such/file.db", "no such file: no/such/file.db"),
        ("sqlite://", "names no file"),
        ("nosuch://me:s3cr3t@host/db", "is no database URL"),
        ("postgresql://me:hu@s3cr3t@127.0.0.1/db", "is no database URL.*write @ as %40"),
        pytest.param(no_server("me@server"), "refused", id="a user with an @"),
        ("mssql+pymssql://me:s3cr3t@host/db", 'needs the package "pymssql"'),
    ],
)
def test_a_database_that_cannot_be_reached_is_an_error_without_its_password(
    url: str, told: str
) -> None:
    gone = source(url, table="t")
    for ask in (gone.batches, gone.span, gone.columns):
        with pytest.raises(SourceError, match=told) as error:
            ask()
        assert "s3cr3t" not in str(error.value) + repr(gone) + gone.name


def test_a_wrong_password_is_told_without_it(postgresql_url: str) -> None:
    wrong = postgresql_url.replace("throw-away", "not-it")
    with pytest.raises(SourceError, match="password authentication failed") as error:
        source(wrong, table="t").batches()
    assert "not-it" not in str(error.value)


def test_a_table_that_is_not_there_is_told_with_the_nearest(sql_url: str) -> None:
    run(sql_url, "CREATE TABLE predictions (ts TIMESTAMP)")
    with pytest.raises(SourceError, match='no table "predicitons"; did you mean "predictions"'):
        source(sql_url, table="predicitons").batches()


def test_a_query_that_fails_is_an_error(sql_url: str) -> None:
    run(sql_url, "CREATE TABLE t (ts TIMESTAMP)")
    with pytest.raises(SourceError, match="nope"):
        source(sql_url, query="SELECT nope FROM t").batches()


def test_two_columns_of_one_name_are_an_error(postgresql_url: str) -> None:
    with pytest.raises(SourceError, match="two columns called x; give one of them another name"):
        source(postgresql_url, None, query="SELECT 1 AS x, 2 AS x").batches()


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({}, "found neither"),
        ({"table": "t", "query": "SELECT 1"}, "found both"),
        ({"query": "DELETE FROM t"}, "must be one SELECT"),
        ({"query": "SELECT * FROM t WHERE d > :start::date"}, "CAST"),
    ],
)
def test_settings_that_cannot_work_are_refused(keys: dict[str, str], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        SqlSettings(url="sqlite:///x.db", **keys)  # type: ignore[arg-type]


def test_nothing_can_be_written(postgresql_url: str, tmp_path: Path) -> None:
    run(
        postgresql_url,
        "CREATE TABLE t (x INTEGER)",
        "INSERT INTO t VALUES (1)",
        "CREATE FUNCTION lose() RETURNS INTEGER LANGUAGE sql AS 'DELETE FROM t; SELECT 1'",
    )
    with pytest.raises(SourceError, match="read-only"):
        source(postgresql_url, None, query="SELECT lose() AS x").batches()
    url = f"sqlite:///{tmp_path / 'data.db'}"
    run(url, "CREATE TABLE t (x INTEGER)", "INSERT INTO t VALUES (1)")
    with pytest.raises(SourceError):
        source(url, None, query="SELECT 1) ; DELETE FROM t; --").batches()
    for kept in (postgresql_url, url):
        assert source(kept, None, table="t").batches().table().num_rows == 1


FOREVER = {
    "sqlite": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) "
    "SELECT max(x) AS x FROM n",
    "postgresql": "SELECT pg_sleep(600)::text AS x",
}


def test_a_query_that_takes_too_long_is_an_error(sql_url: str) -> None:
    run(sql_url, "CREATE TABLE t (x INTEGER)")
    query = FOREVER[sql_url.partition(":")[0]]
    with pytest.raises(SourceError, match=r"no answer after 0:00:00\.2"):
        source(sql_url, None, query=query, timeout=timedelta(seconds=0.2)).batches()


def test_a_server_that_goes_away_in_the_middle_is_an_error(postgresql_url: str) -> None:
    query = "SELECT n FROM generate_series(1, 200000) AS n"
    tables = iter(source(postgresql_url, None, query=query).batches())
    assert next(tables).num_rows < 200_000
    run(
        postgresql_url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    with pytest.raises(SourceError, match="connection"):
        list(tables)


MEASURE = """
import json, resource, sys
from driftline.sources import open_source
from driftline.sources.sql import SqlSettings

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

def read(rows):
    columns = "n AS id, now() AS ts, n * 0.5::float8 AS x, 'a' || n % 7 AS kind, n % 5 AS y"
    query = f"SELECT {columns} FROM generate_series(1, {rows}) AS n"
    source = open_source(SqlSettings(url=sys.argv[1], query=query), "ts")
    return [table.num_rows for table in source.batches()]

read(1000)
before = peak()
sizes = read(1_000_000)
print(json.dumps([sum(sizes), max(sizes), peak() - before]))
"""


def test_a_million_rows_are_streamed(postgresql_url: str) -> None:
    """As Python objects they would be about 500 MB."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, postgresql_url], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rows, largest, megabytes = json.loads(done.stdout)
    assert rows == 1_000_000
    assert largest <= 2**17
    assert megabytes < 200, megabytes
