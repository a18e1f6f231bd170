"""Real processes are killed while they record; the store must never show a part of a step."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from driftline.stores import open_store
from driftline.stores.tables import metadata
from driftline.windows import iso

WORKER = Path(__file__).parent / "store_worker.py"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.slow
def test_a_store_whose_writers_are_killed_holds_every_window_once_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "driftline.db"
    random = Random(20)
    acknowledged: Counter[str] = Counter()
    for _ in range(20):
        acknowledged.update(_record_until_killed(path, random))
        _assert_whole(path, acknowledged)
    assert len(acknowledged) > 20
    last = subprocess.run(
        [sys.executable, WORKER, "record", f"sqlite:///{path}", str(len(acknowledged) + 40)],
        check=True,
        capture_output=True,
        text=True,
    )
    acknowledged.update(last.stdout.split())
    _assert_whole(path, acknowledged)
    assert set(acknowledged.values()) == {1}


def _record_until_killed(path: Path, random: Random) -> list[str]:
    """What the process said it had recorded before it was killed, a random while after it began."""
    with subprocess.Popen(
        [sys.executable, WORKER, "record", f"sqlite:///{path}", "100000"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(random.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        return [first.strip(), *(line.strip() for line in process.stdout if line.endswith("\n"))]


def _assert_whole(path: Path, acknowledged: Counter[str]) -> None:
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
    store = open_store(f"sqlite:///{path}")
    state = store.model("m")
    assert state is not None
    count = (state.position - BEGIN) // HOUR
    starts = [BEGIN + number * HOUR for number in range(count)]
    assert [result.window.start for result in store.windows("m")] == starts
    blobs = {start: Random(iso(start)).randbytes(60_000) for start in starts}
    assert {window.start: blob for window, blob in store.profiles("m").items()} == blobs
    assert [window.start for window in store.predictions("m")] == starts
    assert [window.start for window in store.outcomes("m")] == starts
    incidents = store.incidents("m")
    assert [incident.since for incident in incidents] == starts
    assert all(len(store.events(incident.id)) == 1 for incident in incidents)
    assert store.outbox.counts() == {"pending": count}
    assert acknowledged.keys() <= {iso(start) for start in starts}
    store.close()


@pytest.mark.slow
def test_a_process_killed_while_it_makes_the_tables_leaves_none_or_all(tmp_path: Path) -> None:
    random = Random(5)
    for number in range(5):
        path = tmp_path / f"{number}.db"
        process = subprocess.Popen([sys.executable, WORKER, "open", f"sqlite:///{path}"])
        while not path.exists():
            assert process.poll() is None
        time.sleep(random.uniform(0, 0.2))
        process.kill()
        process.wait()
        with sqlite3.connect(path) as connection:
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            assert len(names.fetchall()) in (0, 1 + len(metadata.tables))
        connection.close()
        store = open_store(f"sqlite:///{path}")
        assert store.models() == []
        store.close()
