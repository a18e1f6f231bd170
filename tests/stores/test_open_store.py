"""Opening a store: what it costs, and what is said when it cannot be done."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event, text

from driftline.errors import StoreError
from driftline.records import ModelState
from driftline.stores import open_store
from driftline.stores.engine import make_engine, shown, writing
from driftline.stores.sql import open_sql_store

STATE = ModelState("m", "key", b"", datetime(2026, 3, 1, tzinfo=UTC))


def refusal(url: str) -> str:
    """What is said when `url` cannot be opened."""
    with pytest.raises(StoreError) as caught:
        open_store(url)
    return str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "driftline.db",
        "sqlite:/driftline.db",
        "sqlite+aiosqlite:///driftline.db",
        "mysql://me:hush@host/db",
        "postgresql+asyncpg://me:hush@host/db",
        "postgresql://me:hush@host:port/db",
        "postgres:/me:hush@host/db",
    ],
)
def test_what_is_not_the_url_of_a_store_is_told_what_is(url: str) -> None:
    said = refusal(url)
    assert "is not the URL of a store" in said
    assert '"sqlite:///driftline.db"' in said
    assert '"postgresql://user:password@host/database"' in said
    assert "hush" not in said


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_sqlite_in_memory_is_refused_because_each_thread_would_have_its_own(url: str) -> None:
    assert '"memory://"' in refusal(url)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    said = refusal(f"sqlite:///{tmp_path}/none/driftline.db")
    assert f"the folder {tmp_path}/none does not exist: create it" in said
    assert "Traceback" not in said


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    assert f"{tmp_path} is a folder: name a file in it" in refusal(f"sqlite:///{tmp_path}")


@pytest.mark.parametrize("content", [b"hi", b"a,b\n" * 5000])
def test_a_file_of_another_kind_is_refused_and_left_alone(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    assert f"{path} is a file of another kind" in refusal(f"sqlite:///{path}")
    assert path.read_bytes() == content


def test_a_busy_database_is_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("driftline.stores.engine.BUSY_SECONDS", 0.05)
    path = tmp_path / "driftline.db"
    store = open_store(f"sqlite:///{path}")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another process has kept it busy"):
        store.begin(STATE)
    assert store.models() == []
    other.execute("ROLLBACK")
    other.close()
    store.begin(STATE)
    assert store.models() == ["m"]
    store.close()


def test_a_server_that_does_not_answer_is_told_without_the_password() -> None:
    pytest.importorskip("psycopg", reason='needs: pip install "driftline[postgresql]"')
    said = refusal("postgresql://me:hush@127.0.0.1:1/db")
    assert "postgresql://me:***@127.0.0.1:1/db cannot be used" in said
    assert "check that the server runs" in said
    assert "hush" not in said


def test_a_password_with_an_at_sign_is_told_how_to_write_it() -> None:
    said = refusal("postgresql://me:hu@sh@127.0.0.1:1/db")
    assert "%40" in said
    assert "sh@" not in said


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://me:hush@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me:hu:s@h@host/db", "postgresql://me:***@host/db"),
        ("postgresql://host/db?user=me&password=hush", "postgresql://host/db"),
        ("postgres//me:hush@host/db", "postgres//me:***@host/db"),
        ("postgresql://me:hu:s/h@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("sqlite:///driftline.db", "sqlite:///driftline.db"),
    ],
)
def test_messages_show_urls_without_passwords(url: str, expected: str) -> None:
    assert shown(url) == expected


def test_a_store_works_in_a_folder_with_an_unusual_name(tmp_path: Path) -> None:
    folder = tmp_path / "a folder with 100% ünusual # name"
    folder.mkdir()
    open_store(f"sqlite:///{folder / 'a store.db'}").close()
    assert (folder / "a store.db").exists()


def test_only_a_new_store_needs_alembic_and_only_a_database_needs_sqlalchemy(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/driftline.db"
    program = """if True:
        import sys
        from driftline.stores import open_store
        open_store("memory://").close()
        assert "sqlalchemy" not in sys.modules
        open_store(sys.argv[1]).close()
        assert "sqlalchemy" in sys.modules
        assert "sqlalchemy.orm" not in sys.modules or "alembic" in sys.modules
        print("alembic" in sys.modules)
    """
    printed = [
        subprocess.run(
            [sys.executable, "-c", program, url], check=True, capture_output=True, text=True
        ).stdout.strip()
        for _ in range(2)
    ]
    assert printed == ["True", "False"]


def test_a_full_disk_says_so_loses_nothing_and_goes_on_when_there_is_space(tmp_path: Path) -> None:
    store = open_sql_store(f"sqlite:///{tmp_path}/driftline.db")
    store.begin(STATE)
    pages = ["PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000"]

    def limit(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(pages[0])

    event.listen(store.engine, "checkout", limit)
    with pytest.raises(StoreError, match="full; free space there: nothing was lost"):
        store.begin(replace(STATE, name="n", reference=b"x" * 1_000_000))
    assert store.models() == ["m"]
    pages.pop(0)
    store.begin(replace(STATE, name="n", reference=b"x" * 1_000_000))
    assert store.models() == ["m", "n"]
    store.close()


def test_a_server_that_takes_no_writes_says_so(postgresql_url: str) -> None:
    open_store(postgresql_url).close()
    engine = make_engine(postgresql_url)
    with writing(engine) as connection:
        name = engine.url.database
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    engine.dispose()
    store = open_store(postgresql_url)
    assert store.models() == []
    with pytest.raises(StoreError, match="takes no writes now"):
        store.begin(STATE)
    store.close()
