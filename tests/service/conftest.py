"""A small made world: a model's predictions and labels as files, its settings, and the command."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import driftline as package
from driftline.cli import main
from driftline.settings import Settings, load_settings
from driftline.stores import Store, open_store

DAY = timedelta(days=1)
START = datetime(2024, 1, 1, tzinfo=UTC)
Change = Callable[[int, pd.DataFrame], pd.DataFrame]

SOURCE = Path(package.__file__).parent.parent
COMMAND = "from driftline.cli import main; main()"


@dataclass(frozen=True)
class Answer:
    """What a command gave back."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on stdout; there must be nothing else, and no NaN in it."""
        return json.loads(self.out, parse_constant=_refuse)

    @property
    def model(self) -> Any:
        return self.json["models"][0]

    @property
    def found(self) -> Any:
        """What was found of each model, without the notes about this very run and the summary
        that only a backtest has."""
        own = ("notes", "summary")
        return [{k: v for k, v in model.items() if k not in own} for model in self.json["models"]]


def _refuse(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


def day_of_rows(number: int, rows: int = 100) -> pd.DataFrame:
    """Day `number` of a steady world; `actual` is what turns out to be true, in about 85 % of rows
    what was predicted, `known_at` when that becomes known: 4 to 52 hours later."""
    random = np.random.default_rng([7, number])
    score = random.beta(0.6, 0.6, rows)
    said = (score > 0.5).astype(int)
    seconds = np.sort(random.integers(0, 86_400, rows))
    moments = pd.Timestamp(START + number * DAY) + pd.to_timedelta(seconds, unit="s")
    return pd.DataFrame(
        {
            "timestamp": moments,
            "id": [f"{number}-{i}" for i in range(rows)],
            "amount": random.lognormal(3 + random.normal(0, 0.05), 0.6, rows).round(2),
            "age": random.integers(18, 80, rows),
            "plan": random.choice(["basic", "plus", "team"], rows, p=[0.6, 0.3, 0.1]),
            "late": said,
            "probability": score.round(4),
            "actual": np.where(random.uniform(size=rows) < 0.85, said, 1 - said),
            "known_at": moments + pd.to_timedelta(random.integers(4, 53, rows), unit="h"),
        }
    )


@dataclass
class World:
    """One folder with the files of one model.

    Predictions are one file a day, labels one file for each day on which they become known.
    """

    folder: Path
    written: list[pd.DataFrame] = field(default_factory=list)

    @property
    def predictions(self) -> Path:
        return self.folder / "predictions"

    @property
    def labels(self) -> Path:
        return self.folder / "labels"

    @property
    def config(self) -> Path:
        return self.folder / "driftline.yaml"

    def day(self, number: int) -> datetime:
        return START + number * DAY

    def file(self, number: int) -> Path:
        return self.predictions / f"{self.day(number):%Y-%m-%d}.parquet"

    def live(
        self,
        days: range,
        change: Change | None = None,
        rows: int | Callable[[int], int] = 100,
    ) -> pd.DataFrame:
        """Write some days of predictions, changed by `change(day, rows)`; all of their rows."""
        self.predictions.mkdir(exist_ok=True)
        made = []
        for number in days:
            frame = day_of_rows(number, rows if isinstance(rows, int) else rows(number))
            frame = frame if change is None else change(number, frame)
            if len(frame):
                shown = frame.drop(columns=["actual", "known_at"], errors="ignore")
                shown.to_parquet(self.file(number), index=False)
            made.append(frame)
        self.written += made
        return pd.concat(made, ignore_index=True)

    def label(self, rows: pd.DataFrame | None = None, name: str = "") -> None:
        """Write the labels of `rows`, of all days written so far by default."""
        self.labels.mkdir(exist_ok=True)
        frame = pd.concat(self.written, ignore_index=True) if rows is None else rows
        told = frame[["id", "actual", "known_at"]]
        for day, group in told.groupby(told["known_at"].dt.floor("D")):
            group.to_parquet(self.labels / f"{name}{day:%Y-%m-%d}.parquet", index=False)

    def model(self, **changes: Any) -> dict[str, Any]:
        """The settings of the model without labels; a value of None takes a key out."""
        model: dict[str, Any] = {
            "name": "late-arrival",
            "predictions": {
                "source": "parquet",
                "path": "predictions",
                "timestamp": "timestamp",
                "id": "id",
                "prediction": "late",
                "score": "probability",
            },
            "task": "binary",
            "reference": {"from": f"{START:%Y-%m-%d}", "to": f"{self.day(30):%Y-%m-%d}"},
        }
        model |= changes
        return {key: value for key, value in model.items() if value is not None}

    def labelled(self, **changes: Any) -> dict[str, Any]:
        """The settings of the model with labels and short spans of performance."""
        labels = {"source": "parquet", "path": "labels", "id": "id", "label": "actual"}
        labels["timestamp"] = "known_at"
        spans = {"current": "3d", "baseline": "14d", "drop": 0.15}
        return self.model(**{"labels": labels, "performance": spans} | changes)

    def settle(self, *models: Mapping[str, Any], **top: Any) -> Settings:
        """Write the settings file."""
        tree = {"store": "sqlite:///driftline.db", "models": list(models or [self.model()])} | top
        self.config.write_text(json.dumps(tree))
        return load_settings(self.config)

    def run(self, command: str, *words: str) -> Answer:
        """Run the command in this process, as its user would, on this world's settings."""
        return run_command(*command.split(), "--config", str(self.config), *words)

    def run_settled(self, *models: Mapping[str, Any]) -> Answer:
        """Write these models' settings and replay them."""
        self.settle(*models)
        return self.run("backtest", "--json")

    def check(self, day: int | datetime, *words: str) -> Answer:
        """`driftline check --json` at the beginning of a day or at a moment."""
        now = self.day(day) if isinstance(day, int) else day
        return self.run("check", "--json", "--now", now.isoformat(), *words)

    @contextlib.contextmanager
    def store(self) -> Iterator[Store]:
        found = open_store(f"sqlite:///{self.folder / 'driftline.db'}")
        try:
            yield found
        finally:
            found.close()

    def forget(self) -> None:
        """Remove the store."""
        for file in self.folder.glob("driftline.db*"):
            file.unlink()


def run_command(*words: str) -> Answer:
    """Run `driftline` with these words in this process."""
    out, err = io.StringIO(), io.StringIO()
    before, sys.argv = sys.argv, ["driftline", *words]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    finally:
        sys.argv = before
    assert "Traceback" not in out.getvalue() + err.getvalue()
    return Answer(code, out.getvalue(), err.getvalue())


def wait_until(true: Callable[[], Any], seconds: float = 60.0) -> Any:
    """What `true` says as soon as it is something; an error when that takes too long."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, "waited for nothing"
        time.sleep(0.03)
    return found


class ServiceProcess:
    """One service on the settings of a folder; what it logs goes to a file there."""

    def __init__(self, folder: Path, *words: str, name: str = "service") -> None:
        self._log = folder / f"{name}.log"
        environment = {"PYTHONPATH": str(SOURCE), "OPENBLAS_NUM_THREADS": "1"}
        with self._log.open("a") as log:
            self.begun = log.tell()
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-c", COMMAND, "serve", "--port", "0"),
                    *("--config", str(folder / "driftline.yaml"), "--log-format", "json", *words),
                ],
                stdout=log,
                stderr=log,
                env=os.environ | environment,
            )

    @property
    def text(self) -> str:
        """All that it has logged."""
        with self._log.open() as log:
            log.seek(self.begun)
            return log.read()

    @property
    def lines(self) -> list[dict[str, Any]]:
        whole = self.text.rpartition("\n")[0].splitlines()
        return [json.loads(line) for line in whole if line.startswith("{")]

    def said(self, words: str) -> bool:
        return any(words in line["message"] for line in self.lines)

    def listens(self, seconds: float = 60.0) -> str:
        """Its address, once it listens."""
        found = wait_until(lambda: re.search(r"listens on (http://[^, ]+)", self.text), seconds)
        return str(found[1])

    def stop(self, seconds: float = 20.0) -> int:
        """End it in order; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(20)


@pytest.fixture(scope="session")
def new_world() -> Callable[[Path], World]:
    """A world in a folder, for fixtures that outlive one test."""
    return World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def driftline() -> Callable[..., Answer]:
    """The command line: call it with the words that follow `driftline`."""
    return run_command


@pytest.fixture
def serve() -> Iterator[Callable[..., ServiceProcess]]:
    """Starts a service: give it the folder of its settings. All are ended after the test."""
    begun: list[ServiceProcess] = []

    def start(folder: Path, *words: str, name: str = "service") -> ServiceProcess:
        begun.append(ServiceProcess(folder, *words, name=name))
        return begun[-1]

    yield start
    for service in begun:
        if service.process.poll() is None:
            service.kill()
        assert "Traceback" not in service.text


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """Waits until a function says something, and gives that."""
    return wait_until
