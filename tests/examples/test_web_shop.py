"""The web shop of examples/: customers buy, the shop logs, labels come the next day, and the
service says how good the model was and what changed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parent.parent.parent
SHOP = ROOT / "examples" / "web_shop"
DAYS, ORDERS = 12, 40
DRIFTLINE = "from driftline.cli import main; main()"


class Story:
    """A folder with the example, and its programs as processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []
        self.environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}

    def run(self, *words: str) -> str:
        """A program to its end; what it printed."""
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, says: str, *words: str) -> re.Match[str]:
        """A program that goes on; what it says as soon as it is ready."""
        log = self.folder / f"log-{len(self.running)}"
        with log.open("wb") as out:
            self.running.append(
                subprocess.Popen(
                    [sys.executable, "-u", *words],
                    cwd=self.folder,
                    env=self.environment,
                    stdout=out,
                    stderr=out,
                )
            )
        found: re.Match[str] = eventually(lambda: re.search(says, log.read_text()))
        return found

    def stop(self) -> None:
        """End the program that was started last, in order."""
        self.running[-1].send_signal(signal.SIGINT)
        self.running[-1].wait(30)


def eventually(true: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 300
    while not (found := true()):
        assert time.monotonic() < deadline, "waited for nothing"
        time.sleep(0.1)
    return found


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    folder = tmp_path / "shop"
    shutil.copytree(SHOP, folder, ignore=shutil.ignore_patterns("__pycache__"))
    made = Story(folder)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs of a shell ignore it
    yield made
    signal.signal(signal.SIGINT, before)
    for process in made.running:
        if process.poll() is None:
            process.kill()
            process.wait(20)


def test_what_customers_did_is_judged_with_what_came_back(story: Story) -> None:
    story.run("model.py")
    serve = ("-c", DRIFTLINE, "serve", "--port", "0")
    address = story.start(r"listens on (http://[^, ]+)", *serve)[1]
    story.environment["DRIFTLINE_URL"] = address
    port = story.start(r"Running on http://127.0.0.1:(\d+)", "shop.py", "--port", "0")[1]
    more = ("--days", str(DAYS), "--rows", str(ORDERS), "--phones-from", "9", "--port", port)
    assert story.run("customers.py", *more) == f"{DAYS * ORDERS} orders\n"
    story.stop()
    assert not list(story.folder.glob("spool/*/rejected")), "the service refused rows"
    sent = re.search(
        r"sent=(\d+), queued=0, spooled=0", story.run("send_labels.py", "--after", "2")
    )
    assert sent is not None
    assert int(sent[1]) > 10 * ORDERS
    story.run("send_labels.py", "--after", "2")  # the next morning: twice does no harm
    story.running[0].send_signal(signal.SIGTERM)
    assert story.running[0].wait(30) == 0

    address = story.start(r"listens on (http://[^, ]+)", *serve)[1]
    model = f"{address}/v1/models/returns"
    eventually(lambda: rows_of(ask(f"{model}/windows")["windows"]) == DAYS * ORDERS)
    spans = eventually(lambda: judged(ask(f"{model}/performance")["performance"]))
    assert 0.5 < spans[-1]["metrics"]["accuracy"]["current"] < 0.9
    assert spans[-1]["labelled"] >= 30
    eventually(lambda: about_device(ask(f"{address}/v1/incidents?model=returns")["incidents"]))
    assert ask(f"{address}/v1/models")["models"][0]["name"] == "returns"


def about_device(incidents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in incidents if "device" in one["columns"]]


def ask(url: str) -> Any:
    return httpx.get(url, timeout=120).json()


def rows_of(windows: list[dict[str, Any]]) -> int:
    return sum(window["rows"] for window in windows)


def judged(spans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [span for span in spans if span["status"] == "judged"]
