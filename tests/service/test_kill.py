"""Checks that are killed at any moment or run at the same time leave what one quiet check does."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

if TYPE_CHECKING:
    from tests.service.conftest import World

DAYS = 90
WATCHED = 60
KILLS = 15


class Processes:
    """Real processes of the `driftline` command."""

    def __init__(self, server: subprocess.Popen[str], folder: Path) -> None:
        self._server = server
        self._folder = folder

    def _ask(self, line: str) -> int:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(line + "\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())

    def start(self, *words: str) -> int:
        """The pid."""
        return self._ask(json.dumps(words))

    def wait(self, pid: int) -> tuple[int, str, str]:
        """Exit code (minus the signal that killed it), stdout and stderr."""
        code = self._ask(f"wait {pid}")
        out, err = [(self._folder / f"{name}.{pid}").read_text() for name in ("OUT", "ERR")]
        assert "Traceback" not in err
        return code, out, err


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    folder = tmp_path_factory.mktemp("processes")
    script = Path(__file__).with_name("fork_server.py")
    with subprocess.Popen(
        [sys.executable, script, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    ) as server:
        yield Processes(server, folder)
        assert server.stdin is not None
        server.stdin.close()


@pytest.fixture(scope="module")
def eventful_world(
    new_world: Callable[[Path], World], tmp_path_factory: pytest.TempPathFactory
) -> World:
    """Sixty days to be watched in which much happens."""
    world = new_world(tmp_path_factory.mktemp("world"))

    def eventful(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        if 40 <= day < 44 or day >= 80:
            frame["amount"] *= 3
        if 60 <= day < 66:
            frame["actual"] = 1 - frame["late"]
        return frame.drop(columns="age") if day == 50 else frame

    world.live(range(DAYS), eventful, rows=60)
    world.label()
    world.settle(world.labelled(), channels=[{"kind": "stderr"}])
    return world


def recorded(world: World) -> int:
    """How many windows are in the store now; 0 before there is one."""
    try:
        with closing(
            sqlite3.connect(f"file:{world.folder}/driftline.db?mode=ro", uri=True)
        ) as connection:
            count = connection.execute("SELECT count(*) FROM driftline_windows").fetchone()[0]
    except sqlite3.OperationalError:
        return 0
    return int(count)


def kept(world: World) -> Any:
    """All that the store holds which people are told, as values to compare."""
    with world.store() as store:
        incidents = store.incidents()
        return {
            "windows": store.windows("late-arrival"),
            "profiles": store.profiles("late-arrival"),
            "outcomes": store.outcomes("late-arrival"),
            "performance": store.performance("late-arrival", every_judgement=True),
            "incidents": incidents,
            "events": {incident.id: store.events(incident.id) for incident in incidents},
            "notices": sum(store.outbox.counts().values()),
        }


def found_in(out: str) -> list[dict[str, Any]]:
    """What was found of each model, without the notes of the run that began it."""
    return [{k: v for k, v in m.items() if k != "notes"} for m in json.loads(out)["models"]]


def words(world: World) -> list[str]:
    return ["check", "--json", "--config", str(world.config), "--now", world.day(DAYS).isoformat()]


@pytest.fixture
def busy(eventful_world: World) -> World:
    """The same, with nothing stored."""
    eventful_world.forget()
    return eventful_world


@pytest.fixture(scope="module")
def undisturbed(eventful_world: World, processes: Processes) -> tuple[Any, Any]:
    """What a check that nobody disturbs stores and prints."""
    busy = eventful_world
    code, out, err = processes.wait(processes.start(*words(busy)))
    assert code == 1
    assert "Data drift opened" in err
    stored = kept(busy)
    assert len(stored["windows"]) == WATCHED
    assert {i.kind for i in stored["incidents"]} == {"data_drift", "data_quality", "performance"}
    return stored, found_in(out)


@pytest.mark.slow
def test_a_check_killed_at_any_moment_and_run_again_finds_what_it_would_have_found(
    undisturbed: tuple[Any, Any], busy: World, processes: Processes
) -> None:
    random = Random(15)
    killed: Counter[int] = Counter()
    for _ in range(KILLS):
        goal = min(recorded(busy) + random.choice([0, 0, 1, 2, 4, 6]), WATCHED - 2)
        pid = processes.start(*words(busy))
        deadline = time.monotonic() + 20
        while recorded(busy) < goal and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(random.uniform(0, 0.3 if goal == 0 else 0.03))
        os.kill(pid, signal.SIGKILL)
        code, _, _ = processes.wait(pid)
        killed[code] += 1
        with closing(sqlite3.connect(busy.folder / "driftline.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert killed[-signal.SIGKILL] > KILLS / 2
    assert 0 < recorded(busy) <= WATCHED

    code, out, _ = processes.wait(processes.start(*words(busy)))
    assert code == 1
    stored, told = undisturbed
    assert kept(busy) == stored
    found = found_in(out)
    assert [window["start"] for window in found[0]["windows"]] == sorted(
        {window["start"] for window in found[0]["windows"]}
    )
    assert found == told


@pytest.mark.slow
def test_two_checks_at_once_double_nothing_and_both_end_well(
    undisturbed: tuple[Any, Any], busy: World, processes: Processes
) -> None:
    pids = [processes.start(*words(busy)) for _ in range(2)]
    ended = [processes.wait(pid) for pid in pids]
    stored, told = undisturbed
    assert [code for code, _, _ in ended] == [1, 1], ended
    assert kept(busy) == stored
    assert [found_in(out) for _, out, _ in ended] == [told, told]
    sent = "".join(err for _, _, err in ended)
    drift = [event.kind for events in stored["events"].values() for event in events]
    both = sent.count(" came and went: ")
    assert sent.count(" opened: ") + both == drift.count("opened")
    assert sent.count(" resolved: ") + both == drift.count("resolved")
