"""`driftline dashboard` as a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from driftline.dashboard.serving import serve_dashboard
from driftline.errors import ServiceError
from driftline.service.listening import Address

if TYPE_CHECKING:
    from tests.dashboard.conftest import World

COMMAND = "from driftline.cli import main; main()"


def test_it_serves_until_a_signal_and_ends_in_order(world: World) -> None:
    command = [sys.executable, "-c", COMMAND, "dashboard", "--config", str(world.config)]
    with subprocess.Popen([*command, "--port", "0"], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", told)
        assert found, told
        page = httpx.get(f"{found[0]}/model?name=late-arrival", timeout=30)
        assert "text/html" in page.headers["content-type"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stderr.read() == ""


def test_the_demo_ends_on_the_dashboard_until_somebody_ends_it(world: World) -> None:
    end = "from pathlib import Path; from driftline.commands.serving import end_on_dashboard as end"
    command = [sys.executable, "-c", f"{end}; end(Path({str(world.config)!r}))"]
    surroundings = {**os.environ, "BROWSER": "/bin/true"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=surroundings) as process:
        assert process.stderr is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stderr.readline())
        assert found
        assert httpx.get(found[0], timeout=30).status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_strangers_are_kept_out(world: World) -> None:
    with pytest.raises(ServiceError, match="and the dashboard has no login"):
        serve_dashboard(world.shown, Address("0.0.0.0", 0), print)
