"""The service is killed in mid-load: no row that it took is missing, and none is doubled.

Three kills here; `DRIFTLINE_KILLS=20 ./run test tests/service/test_log_kill.py` for more.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from driftline.settings import load_settings
from driftline.sources import open_source
from driftline.sources.ingest import IngestSettings

if TYPE_CHECKING:
    from tests.service.conftest import ServiceProcess

    Serve = Callable[..., ServiceProcess]

KILLS = int(os.environ.get("DRIFTLINE_KILLS", "3"))
SENDERS = 8


@dataclass
class Sender:
    """Sends until it is told to end, and each request until it is answered with 202."""

    number: int
    port: int
    over: threading.Event
    taken: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    retries: int = 0

    def run(self) -> None:
        count = 0
        while not self.over.is_set():
            rows = [1, 1, 50][count % 3]
            ids = [f"{self.number}-{count}-{i}" for i in range(rows)]
            body = json.dumps({"rows": [{"id": one, "amount": 1.5, "plan": "plus"} for one in ids]})
            while (status := self._post(body, f"{self.number}-{count}")) != 202:
                if status not in (0, 503):
                    self.refused.append(f"{status}: {body[:100]}")
                    return
                self.retries += 1
                time.sleep(0.1)
            self.taken += ids
            count += 1

    def _post(self, body: str, key: str) -> int:
        """The status of the answer; 0 when there was none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        try:
            connection.request("POST", "/v1/models/shop/predictions", body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()


def settle(folder: Path, store: str) -> None:
    predictions = {"source": "ingest", "timestamp": "ts", "id": "id"}
    model = {"name": "shop", "predictions": predictions}
    model["reference"] = {"from": "2024-01-01", "to": "2024-02-01"}
    tree = {"store": store, "log": {"every": "1s"}, "models": [model], "channels": []}
    (folder / "driftline.yaml").write_text(json.dumps(tree))


def kept(folder: Path) -> Counter[str]:
    """How often each id is in the log."""
    origin = load_settings(folder / "driftline.yaml").models[0].predictions.origin
    assert isinstance(origin, IngestSettings)
    reading = open_source(origin, "ts").batches(columns=["id"])
    return Counter(one for table in reading for one in table["id"].to_pylist())


def count(senders: list[Sender]) -> int:
    """Rows that the service said it took."""
    return sum(len(sender.taken) for sender in senders)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_service_killed_in_mid_load_loses_and_doubles_no_row(
    tmp_path: Path,
    serve: Serve,
    eventually: Callable[..., Any],
    request: pytest.FixtureRequest,
    database: str,
) -> None:
    store = "sqlite:///driftline.db"
    if database == "postgresql":
        store = request.getfixturevalue("postgresql_url")
    settle(tmp_path, store)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    over, random = threading.Event(), Random(database)
    senders = [Sender(i, port, over) for i in range(SENDERS)]
    threads = [threading.Thread(target=sender.run) for sender in senders]
    for thread in threads:
        thread.start()
    try:
        for number in range(KILLS + 1):
            service = serve(tmp_path, "--port", str(port), name=f"service-{number}")
            service.listens(300.0)
            enough = count(senders) + random.randint(1, 400)
            eventually(lambda enough=enough: count(senders) >= enough, 300.0)
            if number < KILLS:
                service.kill()
    finally:
        over.set()
        for thread in threads:
            thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert [told for sender in senders for told in sender.refused] == []
    taken = [one for sender in senders for one in sender.taken]
    assert sum(sender.retries for sender in senders) >= KILLS
    assert kept(tmp_path) == Counter(taken)
    assert service.stop(120.0) == 0
    assert kept(tmp_path) == Counter(taken)
    print(f"{KILLS} kills, {len(taken)} rows, {sum(s.retries for s in senders)} retries: well")
