"""The service as a process: it judges what is due, tells people, answers and ends in order."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pandas as pd
import pytest

if TYPE_CHECKING:
    from tests.service.conftest import Answer, ServiceProcess, World

    Serve = Callable[..., ServiceProcess]
    Eventually = Callable[..., Any]

DAYS = 40
"""Days of data that end with yesterday; thirty of them are the reference."""


def rows_until_yesterday(rows: int = 40) -> pd.DataFrame:
    """Quiet days, and three at the end on which `amount` is three times as large."""
    random = np.random.default_rng(11)
    today = pd.Timestamp(datetime.now(UTC)).floor("D")
    frames = []
    for back in range(DAYS, 0, -1):
        seconds = np.sort(random.integers(0, 86_400, rows))
        frame = pd.DataFrame({"timestamp": today - pd.Timedelta(days=back)}, index=range(rows))
        frame["timestamp"] += pd.to_timedelta(seconds, unit="s")
        frame["id"] = [f"{back}-{i}" for i in range(rows)]
        frame["amount"] = random.lognormal(3, 0.6, rows) * (3 if back <= 3 else 1)
        frame["plan"] = random.choice(["basic", "plus", "team"], rows)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def settings_of(world: World, *names: str, **changes: Any) -> None:
    """Settings of models that all read the same file."""
    frame = rows_until_yesterday()
    frame.to_parquet(world.folder / "rows.parquet", index=False)
    first = frame["timestamp"].min().floor("D")
    models = [
        {
            "name": name,
            "predictions": {
                "source": "parquet",
                "path": "rows.parquet",
                "timestamp": "timestamp",
                "id": "id",
            },
            "reference": {
                "from": f"{first:%Y-%m-%d}",
                "to": f"{first + timedelta(days=30):%Y-%m-%d}",
            },
        }
        for name in names
    ]
    world.settle(*models, **{"channels": [{"kind": "stderr"}]} | changes)


def judged(world: World, name: str) -> int:
    with world.store() as store:
        return len(store.windows(name))


def test_it_judges_tells_answers_and_ends_in_order(
    world: World, serve: Serve, eventually: Eventually
) -> None:
    settings_of(world, "a", "b")
    service = serve(world.folder)
    address = service.listens()
    assert httpx.get(f"{address}/healthz", timeout=60).json() == {"status": "alive"}
    eventually(lambda: judged(world, "a") == judged(world, "b") == DAYS - 30)
    eventually(lambda: service.text.count("amount: ") >= 2)
    told = [line for line in service.lines if "notice" in line]
    assert {line["model"] for line in told} == {"a", "b"}
    assert {line["severity"] for line in told} <= {"high", "critical"}
    assert all(line["notice"].startswith(line["message"]) for line in told)
    assert len(service.lines) == len(service.text.splitlines()), "every line is JSON"
    assert service.stop() == 0
    assert service.lines[-1]["message"] == "stopped"
    with world.store() as store:
        assert set(store.outbox.counts()) == {"sent"}
        quiet = store.windows("a")[0].window
    assert quiet.start == quiet.start.replace(hour=0, minute=0)


def test_the_dashboard_and_the_api_share_a_port(world: World, serve: Serve, tmp_path: Path) -> None:
    settings_of(world, "a")
    service = serve(world.folder)
    address = service.listens()
    for path in ("/", "/model", "/column"):
        page = httpx.get(f"{address}{path}?name=a", timeout=60)
        assert page.status_code == 200
        assert "text/html" in page.headers["content-type"]
    assert httpx.get(f"{address}/_stcore/health", timeout=60).status_code == 200
    for path in ("/healthz", "/readyz", "/openapi.json", "/v1/models"):
        assert "json" in httpx.get(f"{address}{path}", timeout=60).headers["content-type"]
    assert httpx.get(f"{address}/v1/nothing", timeout=60).status_code == 404
    assert service.stop() == 0
    assert not [line for line in service.lines if line["level"] == "error"]


def test_a_taken_port_stops_the_start(world: World, driftline: Callable[..., Answer]) -> None:
    settings_of(world, "a")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = str(world.config)
        answer = driftline("serve", "--config", config, "--port", str(port))
    assert answer.code == 2
    assert f"cannot listen on 127.0.0.1 port {port}" in answer.err


def test_a_store_in_memory_is_refused(world: World, driftline: Callable[..., Answer]) -> None:
    settings_of(world, "a", store="memory://")
    answer = driftline("serve", "--config", str(world.config), "--port", "0")
    assert answer.code == 2
    assert "a store that outlives it" in answer.err


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_is_logged(form: str) -> None:
    import logging

    from pydantic import BaseModel, SecretStr

    from driftline.service.logs import Lines, secrets_in

    class Some(BaseModel):
        store: SecretStr = SecretStr("postgresql://me:s3cr3t@db/driftline")
        keys: tuple[SecretStr, ...] = (SecretStr('to"ken'),)

    lines = Lines(form, sorted(secrets_in(Some()), key=len, reverse=True))
    record = logging.LogRecord(
        "x", logging.WARNING, "", 0, "refused s3cr3t with %s", ('to"ken',), None
    )
    record.error = "postgresql://me:s3cr3t@db/driftline"
    told = lines.format(record)
    assert "s3cr3t" not in told
    assert "ken" not in told
    assert "warning" in told


def test_the_log_is_in_utc(tmp_path: Path) -> None:
    import logging

    from driftline.service.logs import Lines

    record = logging.LogRecord("x", logging.INFO, "", 0, "well", (), None)
    record.created = datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp()
    assert Lines("text").format(record) == "2026-07-01T12:00:00.000Z info    well"
