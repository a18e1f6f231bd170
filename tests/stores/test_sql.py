"""The SQL store asks for no more than what it needs."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from driftline.records import ModelState
from driftline.stores import open_store

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
END = BEGIN + timedelta(days=7)


def test_every_statement_finds_its_rows_by_an_index(tmp_path: Path) -> None:
    path = tmp_path / "driftline.db"
    store = open_store(f"sqlite:///{path}")
    store.begin(ModelState("m", "key", b"", BEGIN))
    asked: list[tuple[str, Any]] = []

    def listen(*about: Any) -> None:
        asked.append((about[2], about[3]))

    event.listen(Engine, "before_cursor_execute", listen)
    try:
        store.model("m")
        store.windows("m", BEGIN, END)
        store.profiles("m", BEGIN, END)
        store.predictions("m", BEGIN, END)
        store.outcomes("m", BEGIN)
        store.performance("m", BEGIN, END)
        store.drop_predictions("m", BEGIN)
        store.incidents("m", open_only=True)
        store.incidents("m")
        store.events("incident")
        store.incident("incident")
        store.outbox.claim("log", BEGIN)
        store.outbox.rows("failed")
        store.outbox.of_incident("incident")
    finally:
        event.remove(Engine, "before_cursor_execute", listen)
    store.close()
    connection = sqlite3.connect(path)
    asked = [(statement, values) for statement, values in asked if "driftline_" in statement]
    assert len(asked) == 14
    for statement, values in asked:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
        assert not [step for *_, step in plan if step.startswith("SCAN")], (statement, plan)
    connection.close()
