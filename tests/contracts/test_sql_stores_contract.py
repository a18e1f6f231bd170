"""What holds of the SQL store on every database beyond what holds of every store."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from driftline.errors import StoreError
from driftline.records import Changes, Event, Incident, ModelState, OutboxRow
from driftline.stores import open_store
from driftline.stores.engine import make_engine, reading, writing
from driftline.stores.incident_rows import incident_row
from driftline.stores.schema import alembic_config, stored_version
from driftline.stores.tables import SCHEMA_VERSION, VERSION_TABLE, metadata
from driftline.windows import to_micros

WORKER = Path(__file__).parents[1] / "stores" / "store_worker.py"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def run_at_once(count: int, *arguments: str) -> list[str]:
    """What `count` worker processes started together print; each must end well."""
    processes = [
        subprocess.Popen(
            [sys.executable, WORKER, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    printed = []
    for process in processes:
        out, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        printed.append(out)
    return printed


def test_the_migrations_make_exactly_the_tables_that_are_declared(sql_url: str) -> None:
    open_store(sql_url).close()
    engine = make_engine(sql_url)
    with reading(engine) as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        script = ScriptDirectory.from_config(alembic_config(connection))
        assert script.get_current_head() == SCHEMA_VERSION
        assert stored_version(connection) == SCHEMA_VERSION
    engine.dispose()


def test_processes_that_open_a_new_store_at_once_all_succeed(sql_url: str) -> None:
    run_at_once(4, "open", sql_url)
    store = open_store(sql_url)
    assert store.models() == []
    store.close()


def test_two_processes_never_claim_the_same_row(sql_url: str) -> None:
    store = open_store(sql_url)
    state = ModelState("m", "key", b"", BEGIN)
    store.begin(state)
    incident = Incident(
        *("i", "m", "data_drift", "high", "open", BEGIN, BEGIN, None, BEGIN, (), "moved"),
    )
    event = Event("e", incident, "opened", BEGIN)
    names = [f"{number:03}" for number in range(300)]
    rows = tuple(OutboxRow(name, "e", "m", str(int(name)), "pending", BEGIN) for name in names)
    changes = Changes(state.next(), incidents=(incident,), events=(event,), outbox=rows)
    assert store.record(changes)
    claimed = [out.split() for out in run_at_once(2, "claim", sql_url, "300")]
    assert sorted(claimed[0] + claimed[1]) == names
    assert store.outbox.counts() == {"claimed": 300}
    store.close()


def test_processes_that_record_the_same_model_share_the_windows(sql_url: str) -> None:
    store = open_store(sql_url)
    store.begin(ModelState("m", "key", b"", BEGIN))
    acknowledged = [out.split() for out in run_at_once(2, "record", sql_url, "40")]
    assert len(acknowledged[0]) + len(acknowledged[1]) == 40
    assert len(set(acknowledged[0] + acknowledged[1])) == 40
    assert len(store.windows("m")) == 40
    store.close()


def test_a_store_of_a_newer_version_is_refused_and_left_alone(sql_url: str) -> None:
    open_store(sql_url).close()
    engine = make_engine(sql_url)
    with writing(engine) as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"newer Driftline .*9999.* knows up to .*upgrade"):
        open_store(sql_url)
    with reading(engine) as connection:
        assert stored_version(connection) == "9999"
    engine.dispose()


def test_other_tables_in_the_database_are_left_alone(sql_url: str) -> None:
    engine = make_engine(sql_url)
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('of another')"))
        connection.execute(text("CREATE TABLE models (id INTEGER)"))
    store = open_store(sql_url)
    store.begin(ModelState("m", "key", b"", BEGIN))
    store.close()
    with reading(engine) as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).all() == [
            ("of another",)
        ]
    engine.dispose()


def test_a_damaged_result_is_told_as_such(sql_url: str) -> None:
    store = open_store(sql_url)
    state = ModelState("m", "key", b"", BEGIN)
    store.begin(state)
    incident = Incident(
        *("i", "m", "data_drift", "high", "open", BEGIN, BEGIN, None, BEGIN, (), "moved"),
    )
    assert store.record(Changes(state.next(), incidents=(incident,)))
    engine = make_engine(sql_url)
    with writing(engine) as connection:
        connection.execute(text("UPDATE driftline_incidents SET body = :b"), {"b": b"not zlib"})
    with pytest.raises(StoreError, match="damaged"):
        store.incidents()
    engine.dispose()
    store.close()


def test_threads_that_open_new_stores_at_once_all_succeed(sql_url: str, tmp_path: Path) -> None:
    urls = [sql_url, *(f"sqlite:///{tmp_path}/{number}.db" for number in range(3))]

    def opened(url: str) -> list[str]:
        store = open_store(url)
        store.begin(ModelState(url, "key", b"", BEGIN))
        names = store.models()
        store.close()
        return names

    with ThreadPoolExecutor(len(urls)) as pool:
        assert list(pool.map(opened, urls)) == [[url] for url in urls]


def test_processes_that_find_an_older_store_at_once_migrate_it_once(sql_url: str) -> None:
    engine = make_engine(sql_url)
    with writing(engine) as connection:
        command.upgrade(alembic_config(connection), "0001")
    engine.dispose()
    run_at_once(4, "open", sql_url)
    store = open_store(sql_url)
    store.begin(ModelState("m", "key", b"", BEGIN))
    assert store.models() == ["m"]
    store.close()


def test_incidents_of_an_older_store_are_found_by_when_they_began_and_ended(sql_url: str) -> None:
    engine = make_engine(sql_url)
    later = [BEGIN + number * timedelta(days=1) for number in range(9)]
    over = Incident(
        *("over", "m", "data_drift", "high", "resolved", later[2], later[5], later[5], BEGIN),
        *((), "moved"),
    )
    lasting = replace(over, id="lasting", state="open", resolved=None)
    damaged = replace(over, id="damaged")
    with writing(engine) as connection:
        command.upgrade(alembic_config(connection), "0004")
        for one in (over, lasting, damaged):
            row = incident_row(one) | {"opened": to_micros(one.opened)}
            row |= {"body": b"no zlib"} if one is damaged else {}
            connection.execute(
                text(
                    "INSERT INTO driftline_incidents (id, model, state, opened, body) "
                    "VALUES (:id, :model, :state, :opened, :body)"
                ),
                row,
            )
    with closing(open_store(sql_url)) as store:
        assert store.incidents("m", since=later[6]) == [lasting]
        with pytest.raises(StoreError, match="damaged"):
            store.incidents("m", since=later[2])
    with reading(engine) as connection:
        found = connection.execute(
            text("SELECT id, since, resolved FROM driftline_incidents ORDER BY id")
        ).all()
    assert [tuple(row) for row in found] == [
        ("damaged", to_micros(later[2]), to_micros(later[2])),
        ("lasting", to_micros(BEGIN), None),
        ("over", to_micros(BEGIN), to_micros(later[5])),
    ]
    engine.dispose()
