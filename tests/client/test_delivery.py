"""Servers that are away, slow, full or picky: every row arrives once, or is accounted for."""

from __future__ import annotations

import json
import logging
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from driftline import Client
from driftline.client import Limits

if TYPE_CHECKING:
    from tests.client.conftest import Server

Make = Callable[..., Client]


def ids(server: Server) -> list[Any]:
    return [row["id"] for row in server.recorder.rows()]


def files(spool: Path) -> list[Path]:
    return sorted(spool.glob("*/part-*/*.arrow"))


def until(true: Callable[[], object]) -> None:
    for _ in range(2000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it has not happened")


def script(server: Server, status: int, **more: Any) -> None:
    scripted = sys.modules[type(server).__module__].Scripted
    server.recorder.script.append(scripted(status, **more))


def with_client(server: Server, spool: Path) -> str:
    return f"""
import os, signal, sys, time, driftline
from driftline.client import Limits
client = driftline.Client(
    {server.url!r}, "key-1", "returns", spool={str(spool)!r}, limits=Limits(interval=0.05)
)
def until(true):
    while not true():
        time.sleep(0.01)
"""


def in_process(server: Server, spool: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Code in a process of its own, with a client; it ends by itself or as the code says."""
    command = [sys.executable, "-c", with_client(server, spool) + code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("status", [0, 401, 404, 408, 429, 500, 502, 503])
def test_a_batch_is_sent_again_with_the_same_key(status: int, make: Make, server: Server) -> None:
    script(server, status)
    client = make()
    client.log_predictions({"id": 1})
    assert client.flush()
    first, second = server.recorder.requests
    assert first.key == second.key
    assert first.rows == second.rows
    assert ids(server) == [1]
    assert client.stats.rejected == 0


def test_retry_after_is_waited_for(make: Make, server: Server) -> None:
    script(server, 429, headers={"Retry-After": "2"})
    client = make()
    client.log_predictions({"id": 1})
    assert not client.flush(1.5)
    assert len(server.recorder.requests) == 1
    assert client.flush()
    assert ids(server) == [1]


def test_a_batch_that_the_server_fails_on_does_not_hold_up_the_others(
    make: Make, server: Server
) -> None:
    for _ in range(2):
        script(server, 500)
    client = make()
    client.log_predictions({"id": "poison"})
    assert server.recorder.wait_for(1)
    client.log_predictions({"id": "fine"})
    assert client.flush()
    assert sorted(ids(server)) == ["fine", "poison"]


def test_rows_that_are_refused_are_put_aside_and_the_others_arrive(
    make: Make, server: Server, spool: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = make()
    with caplog.at_level(logging.WARNING, "driftline.client"):
        client.log_labels([{"id": 1, "age": "x"}, {"id": 2, "age": None}, {"id": 3, "age": "y"}])
        assert client.flush()
    assert ids(server) == [2]
    assert len(server.recorder.requests) == 2
    assert client.stats.rejected == 2
    assert "422 wrong rows: age" in caplog.text
    (kept,) = spool.glob("*/rejected/*.json")
    assert json.loads(kept.read_text())["problem"]["errors"][1]["row"] == 2
    assert kept.with_suffix(".arrow").is_file()
    assert str(kept.with_suffix(".arrow")) in caplog.text


def test_many_rows_that_are_refused_are_put_aside_at_once(
    make: Make, server: Server, spool: Path
) -> None:
    client = make()
    client.log_labels({"id": list(range(400)), "age": ["x", None] * 200})
    assert client.flush()
    assert ids(server) == list(range(1, 400, 2))
    assert len(server.recorder.requests) == 2
    assert client.stats.rejected == len(list(spool.glob("*/rejected/*.json"))) * 200 == 200


def test_a_batch_that_is_refused_as_a_whole_is_not_tried_again(make: Make, server: Server) -> None:
    script(server, 400, problem={"title": "malformed"})
    client = make()
    client.log_labels([{"id": 1}, {"id": 2}])
    assert client.flush()
    assert len(server.recorder.requests) == 1
    assert client.stats.rejected == 2


def test_refused_batches_do_not_fill_the_disk(make: Make, server: Server, spool: Path) -> None:
    client = make(spool_bytes=20_000)
    for i in range(30):
        client.log_labels({"id": i, "age": "x"})
        assert client.flush()
    kept = list(spool.glob("*/rejected/*.arrow"))
    assert client.stats.rejected == 30
    assert 0 < sum(path.stat().st_size for path in kept) <= 2000
    assert len(list(spool.glob("*/rejected/*.json"))) == len(kept)


def test_a_batch_that_is_too_large_is_halved(make: Make, server: Server) -> None:
    server.recorder.most_rows = 100
    client = make()
    client.log_labels({"id": list(range(1000))})
    assert client.flush()
    assert sorted(ids(server)) == list(range(1000))
    assert all(len(rows) <= 100 for rows in server.recorder.accepted.values())
    assert client.stats.sent == 1000


def test_a_server_that_refuses_by_the_size_before_it_has_read_all_is_understood(
    make: Make, server: Server
) -> None:
    server.recorder.most_bytes = 1_000_000
    client = make()
    client.log_labels({"id": list(range(9000)), "text": ["x" * 400] * 9000})
    assert client.flush(30)
    assert sorted(ids(server)) == list(range(9000))
    assert server.recorder.turned_away == 3


def test_many_batches_that_wait_are_followed_by_fewer_larger_ones(
    make: Make, away: Server, spool: Path
) -> None:
    away.stop()
    client = make(interval=0.001)
    logged = 0
    while len(files(spool)) <= 100:
        client.log_predictions({"id": logged})
        logged += 1
        until(lambda: client.stats.queued == 0)
    for _ in range(50):
        client.log_predictions({"id": logged})
        logged += 1
        time.sleep(0.002)
    assert client.stats.queued > 40
    away.start()
    assert client.flush(30)
    assert sorted(ids(away)) == list(range(logged))


def test_one_row_that_is_too_large_is_put_aside(make: Make, server: Server) -> None:
    server.recorder.most_rows = 0
    client = make()
    client.log_labels({"id": [1, 2]})
    assert client.flush()
    assert client.stats.rejected == 2


def test_rows_wait_on_disk_while_the_server_is_away(make: Make, away: Server, spool: Path) -> None:
    away.stop()
    client = make()
    for i in range(10):
        client.log_predictions({"id": i})
    assert not client.flush(0.3)
    assert client.stats.spooled == 10
    assert client.stats.queued == 0
    for path in [*files(spool), files(spool)[0].parent]:
        assert not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO), "only the owner may read it"
    away.start()
    assert client.flush()
    assert sorted(ids(away)) == list(range(10))
    assert files(spool) == []


def test_the_next_process_sends_what_the_last_one_could_not(
    away: Server, spool: Path, make: Make
) -> None:
    away.stop()
    code = "for i in range(100): client.log_predictions({'id': i})"
    assert in_process(away, spool, code).returncode == 0
    keys = {path.stem[-32:] for path in files(spool)}
    assert keys
    away.start()
    client = make()
    assert client.flush()
    assert sorted(ids(away)) == list(range(100))
    assert set(away.recorder.accepted) == keys
    assert client.stats.sent == 100
    assert list(spool.glob("*/part-*/*.arrow")) == []


def test_a_batch_whose_answer_was_lost_with_its_process_is_not_counted_twice(
    server: Server, spool: Path, make: Make
) -> None:
    server.recorder.go_on.clear()
    code = f"""
client.log_predictions([{{"id": i}} for i in range(50)])
until(lambda: client.stats.spooled)
open({str(spool / "ready")!r}, "w").close()
signal.pause()
"""
    begin = subprocess.Popen(
        [sys.executable, "-c", with_client(server, spool) + code], stderr=subprocess.PIPE
    )
    try:
        assert server.recorder.wait_for(1)
    finally:
        begin.send_signal(signal.SIGKILL)
        begin.communicate()
    server.recorder.go_on.set()
    until(lambda: server.recorder.accepted)
    client = make()
    assert client.flush()
    first, second = server.recorder.requests
    assert first.key == second.key
    assert sorted(ids(server)) == list(range(50))


def test_processes_that_are_killed_lose_nothing_that_was_spooled_and_double_nothing(
    server: Server, spool: Path, make: Make
) -> None:
    code = """
for i in range(1_000_000):
    client.log_predictions({"id": f"{os.getpid()}-{i}"})
    if i % 20 == 0 and client.stats.sent:
        print("begun", flush=True)
    time.sleep(0.0005)
"""
    for _ in range(5):
        running = subprocess.Popen(
            [sys.executable, "-c", with_client(server, spool) + code], stdout=subprocess.PIPE
        )
        assert running.stdout is not None
        running.stdout.readline()
        running.send_signal(signal.SIGKILL)
        running.communicate()
    client = make()
    assert client.flush()
    found = ids(server)
    assert len(found) == len(set(found))
    by_process: dict[str, list[int]] = {}
    for each in found:
        process, _, number = each.partition("-")
        by_process.setdefault(process, []).append(int(number))
    assert len(by_process) == 5
    for numbers in by_process.values():
        assert sorted(numbers) == list(range(len(numbers))), (
            "none is missing before the last spooled"
        )
    assert files(spool) == []


def test_the_end_of_a_process_sends_what_it_had(server: Server, spool: Path) -> None:
    code = "client.log_predictions([{'id': i} for i in range(50)])"
    done = in_process(server, spool, code)
    assert done.stderr == ""
    assert sorted(ids(server)) == list(range(50))
    assert list(spool.glob("*/part-*")) == []


def test_a_server_that_hangs_does_not_keep_the_process_from_ending(
    server: Server, spool: Path, make: Make
) -> None:
    server.recorder.go_on.clear()
    code = "client.log_predictions({'id': 1}); client.close(0.3)"
    done = in_process(server, spool, code)
    assert done.returncode == 0
    assert len(files(spool)) == 1
    server.recorder.go_on.set()
    assert make().flush()
    assert ids(server) == [1]


def test_rows_that_are_not_packed_yet_are_waited_for_at_the_end(
    server: Server, spool: Path, make: Make
) -> None:
    server.recorder.go_on.clear()
    code = """
import sys
class Slow:  # as on a machine that is busy with other things
    def find_spec(self, name, path=None, target=None):
        if name == "driftline.client.packing":
            time.sleep(1.5)
sys.meta_path.insert(0, Slow())
client.log_predictions({'id': 1})
client.close(0.1)
print(client.stats.dropped)
"""
    done = in_process(server, spool, code)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "0", "")
    assert len(files(spool)) == 1
    server.recorder.go_on.set()
    assert make().flush()
    assert ids(server) == [1]


def test_a_living_process_keeps_its_batches_to_itself(
    away: Server, spool: Path, make: Make
) -> None:
    away.stop()
    first, second = make(), make()
    first.log_predictions({"id": 1})
    until(lambda: first.stats.spooled == 1)
    second.log_predictions({"id": 2})
    until(lambda: second.stats.spooled == 1)
    assert not second.flush(0.1)
    assert second.stats.spooled == 1
    first.close(0.1)
    away.start()
    assert make().flush()
    assert second.flush()
    assert sorted(ids(away)) == [1, 2]


def test_forked_workers_log_on_their_own(server: Server, spool: Path) -> None:
    code = """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # the parent has threads on purpose
client.log_predictions({"id": "parent"})
until(lambda: client.stats.sent)
workers = []
for worker in range(3):
    pid = os.fork()
    if pid == 0:
        assert client.stats.sent == 0
        for i in range(20):
            client.log_predictions({"id": f"{worker}-{i}"})
        sys.exit(0)
    workers.append(pid)
codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in workers]
client.log_predictions({"id": "parent again"})
client.close()
print(codes, client.stats)
"""
    done = in_process(server, spool, code)
    assert done.stderr == ""
    assert "[0, 0, 0]" in done.stdout
    assert "sent=2" in done.stdout
    expected = {f"{worker}-{i}" for worker in range(3) for i in range(20)}
    assert sorted(ids(server)) == sorted({*expected, "parent", "parent again"})


def test_a_client_made_before_the_fork_starts_no_thread_there(server: Server, spool: Path) -> None:
    code = "import threading; print(threading.active_count())"
    assert in_process(server, spool, code).stdout == "1\n"


def test_the_spool_is_bounded_and_loses_the_oldest(make: Make, away: Server, spool: Path) -> None:
    away.stop()
    client = make(spool_bytes=10_000)
    for i in range(40):
        client.log_predictions({"id": i, "text": "x" * 500})
        until(lambda: client.stats.queued == 0)
    stats = client.stats
    assert stats.spooled + stats.dropped == 40
    assert stats.spooled > 3
    assert sum(path.stat().st_size for path in files(spool)) <= 10_000
    away.start()
    assert client.flush(30)
    assert {39, 38, 37} <= set(ids(away))
    assert 5 not in ids(away)


@pytest.mark.parametrize(
    "spool", [None, Path(os.devnull) / "no folder"], ids=["none", "unwritable"]
)
def test_without_a_disk_rows_wait_in_memory(
    spool: Path | None, away: Server, caplog: pytest.LogCaptureFixture
) -> None:
    client = Client(away.url, None, "returns", spool=spool, limits=Limits(interval=0.05))
    client.log_predictions({"id": 1})
    assert not client.flush(0.3)
    assert client.stats.queued == 1
    away.start()
    assert client.flush()
    assert ids(away) == [1]
    away.stop()
    client.log_predictions({"id": 2})
    with caplog.at_level(logging.WARNING, "driftline.client"):
        client.close(0.2)
    assert client.stats.dropped == 1
    assert "are lost" in caplog.text


def test_memory_without_a_disk_is_bounded_too(away: Server) -> None:
    limits = Limits(interval=0.01, memory_bytes=20_000)
    client = Client(away.url, None, "returns", spool=None, limits=limits)
    for i in range(100):
        client.log_predictions({"id": i, "text": "x" * 1000})
        time.sleep(0.002)
    until(lambda: client.stats.queued + client.stats.dropped == 100)
    assert 0 < client.stats.queued <= 40
    client.close(0.1)
    assert client.stats.dropped == 100


def test_a_file_that_somebody_removes_is_counted(make: Make, away: Server, spool: Path) -> None:
    away.stop()
    client = make()
    client.log_predictions({"id": 1})
    until(lambda: client.stats.spooled)
    for path in files(spool):
        path.unlink()
    until(lambda: client.stats.dropped)  # what is being sent may have been read before
    away.start()
    assert client.flush()
    assert client.stats.dropped == 1
