"""Secrets are planted wherever settings may have them; none is in anything that Driftline says."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pandas as pd
import pytest

from driftline.settings import load_settings

if TYPE_CHECKING:
    from tests.fixtures.http_servers import Loopback
    from tests.service.conftest import Answer, ServiceProcess, World

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

DEAD = "127.0.0.1:9"
"""Nothing listens at the port `discard`."""
SECRETS = {
    name: f"{name}-5ecret-{name[::-1]}"
    for name in (
        "slack",
        "smtp",
        "hook",
        "sign",
        "header",
        "apprise",
        "source",
        "database",
        "storage",
    )
}


def planted(loopback: Callable[..., Loopback]) -> list[dict[str, Any]]:
    """Channels that fail in all ways: nobody is there, and an answer that tells the secret."""
    told = f"the token {SECRETS['slack']} and {SECRETS['hook']} {SECRETS['header']} are wrong"
    echo = loopback((403, {}, told)).url
    return [
        {"kind": "slack", "webhook_url": f"http://{DEAD}/services/T0/B0/{SECRETS['slack']}"},
        {"kind": "slack", "name": "echo", "webhook_url": f"{echo}/{SECRETS['slack']}"},
        {
            "kind": "email",
            "host": "127.0.0.1",
            "port": 9,
            "username": "me",
            "password": SECRETS["smtp"],
            "from": "a@example.com",
            "to": ["b@example.com"],
        },
        {
            "kind": "webhook",
            "url": f"{echo}/?token={SECRETS['hook']}",
            "secret": SECRETS["sign"],
            "headers": {"Authorization": f"Bearer {SECRETS['header']}"},
        },
        {"kind": "apprise", "urls": [f"json://me:{SECRETS['apprise']}@{DEAD}/"]},
    ]


def models(world: World) -> list[dict[str, Any]]:
    """One that can be read and drifts; one from a database that cannot; one that is sent its rows
    and keeps them where nobody is."""

    def drift(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        frame["amount"] *= 4 if day >= 32 else 1
        return frame

    world.live(range(36), drift)
    names = {"timestamp": "timestamp", "id": "id"}
    address = f"postgresql://me:{SECRETS['database']}@{DEAD}/shop?sslpassword={SECRETS['source']}"
    return [
        world.model(),
        world.model(
            name="db", predictions={"source": "sql", "url": address, "table": "t", **names}
        ),
        world.model(name="sent", predictions={"source": "ingest", **names}),
    ]


@pytest.fixture
def planted_world(world: World, loopback: Callable[..., Loopback]) -> World:
    storage = {
        "AWS_ENDPOINT_URL": f"http://{DEAD}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": SECRETS["storage"],
        "max_retries": "0",
        "retry_timeout": "1s",
    }
    log = {"path": "s3://bucket/log", "storage": storage, "every": "1s"}
    world.settle(*models(world), channels=planted(loopback), log=log)
    return world


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Iterator[dict[str, str]]:
    """What was said where; looked through at the end, with all that went to the log."""
    found: dict[str, str] = {}
    with caplog.at_level(logging.DEBUG):
        yield found
    found["the log of this process"] = caplog.text
    leaks = [
        f"{where}: {name}: ...{text[max(0, text.index(secret) - 80) : text.index(secret)]}"
        for where, text in found.items()
        for name, secret in SECRETS.items()
        if secret in text
    ]
    assert leaks == []


COMMANDS = [
    "config check",
    "channels test",
    "check --json --now 2024-02-06",
    "check --now 2024-02-07",
    "backtest --json",
    "incidents",
    "channels failed",
    "status",
    "status --json",
    "keys list",
    "report",
]


def test_no_command_tells_a_secret(
    planted_world: World, driftline: Callable[..., Answer], said: dict[str, str]
) -> None:
    page = planted_world.folder / "report.html"
    for command in COMMANDS:
        words = command.split()
        words += ["-o", str(page)] if command == "report" else []
        answer = driftline(*words, "--config", str(planted_world.config))
        said[command] = answer.out + answer.err
        assert said[command].strip() or command == "channels failed", command
    said["report.html"] = page.read_text()
    assert re.search(r"amount", said["incidents"])
    settings = load_settings(planted_world.config)
    said["repr"] = repr(settings) + str(settings) + repr(settings.models)
    with planted_world.store() as store:
        said["the outbox"] = repr(
            [store.outbox.rows("pending"), store.outbox.rows("failed"), store.incidents()]
        )


def test_the_service_tells_no_secret(
    planted_world: World,
    serve: Callable[..., ServiceProcess],
    driftline: Callable[..., Answer],
    said: dict[str, str],
    eventually: Callable[..., Any],
) -> None:
    config = str(planted_world.config)
    key = driftline("keys", "create", "--scope", "admin", "--config", config).out.strip()
    service = serve(planted_world.folder, "--log-level", "debug")
    client = httpx.Client(
        base_url=service.listens(120), headers={"Authorization": f"Bearer {key}"}, timeout=30
    )
    sent = client.post("/v1/models/sent/predictions", json={"rows": [{"id": "a"}]})
    assert sent.status_code == 202
    eventually(lambda: client.get("/v1/incidents").json()["incidents"], 120)
    eventually(lambda: service.said("rows wait in the journal"), 120)
    eventually(
        lambda: service.text.count("is sent later") + service.text.count("was not sent") > 3, 120
    )
    for path in (
        "/v1/models",
        "/v1/incidents",
        "/v1/models/late-arrival/windows",
        "/openapi.json",
        "/metrics",
        "/healthz",
        "/readyz",
        "/v1/models/none/windows",
    ):
        said[path] = client.get(path).text
    said["a wrong key"] = httpx.get(
        f"{client.base_url}/v1/models", headers={"Authorization": "Bearer x"}, timeout=60
    ).text
    client.close()
    service.stop()
    said["the service's log"] = service.text
    assert key.split("_", 2)[2] not in service.text + "".join(said.values())
