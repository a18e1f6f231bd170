"""The demo, played as a user plays it."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = str(Path(__file__).parents[2] / "src")
COMMAND = (sys.executable, "-c", "from driftline.cli import main; main()")
ENVIRONMENT = {**os.environ, "PYTHONPATH": SOURCE, "COLUMNS": "80", "NO_COLOR": "1"}


@dataclass(frozen=True)
class Played:
    """What a play printed, its folder, and what `check` says of its model afterwards."""

    printed: str
    folder: Path
    answer: dict[str, Any]

    @property
    def incidents(self) -> list[dict[str, Any]]:
        return list(self.answer["incidents"])


def play_once(root: Path) -> Played:
    """The demo in a folder of `root`: played by the first process that asks, read by the others."""
    root.mkdir(exist_ok=True)
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / "check.json").exists():
            _play(root)
    answer = json.loads((root / "check.json").read_text(encoding="utf-8"))["models"][0]
    return Played((root / "printed").read_text(encoding="utf-8"), root / "demo", answer)


def _play(root: Path) -> None:
    done = _driftline(root, "demo", "--dir", "demo", "--no-serve")
    assert done.returncode == 0, done.stderr
    (root / "printed").write_text(done.stdout, encoding="utf-8")
    config = ("--config", "demo/driftline.yaml")
    checked = _driftline(root, "check", *config, "--now", "2014-01-01T12:00", "--json")
    assert checked.returncode == 1, checked.stderr
    (root / "check.json").write_text(checked.stdout, encoding="utf-8")


def _driftline(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words],
        env=ENVIRONMENT,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
