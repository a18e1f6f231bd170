"""The client: a service logs its predictions and labels, and goes on serving.

    import driftline

    client = driftline.Client("https://driftline.example.com", key, "returns")
    client.log_predictions({"id": order_id, "price": 19.9, "returned": False, "risk": 0.12})

A call copies its rows and returns; threads in the background make batches of them, keep these on
disk and send them. What goes wrong is counted (`stats`) and told to the log `driftline.client`.
"""

from __future__ import annotations

import os
import time
from types import TracebackType
from typing import Self

from driftline.client.engine import AT_EXIT, Engine
from driftline.client.taking import taken
from driftline.client.values import Entry, Kind, Limits, Stats, new_id
from driftline.errors import SettingsError

__all__ = ["Client", "Limits", "Stats", "new_id"]


class Client:
    """Logs the predictions and labels of one model to a Driftline server.

    One client for the life of a process; threads share it, and forked workers may inherit it.
    `log_predictions` and `log_labels` take a dict, a list of dicts, a mapping of names to arrays,
    or a frame that exports Arrow (pandas, Polars, PyArrow, DuckDB). They never raise, and never
    wait for the network or the disk.

    `url` is where the server is, `key` one of its keys that may write (None where the server has
    none), `spool` the folder in which batches wait for the server. Processes may share it. With
    None they wait in memory, and what the server has not taken at the end is lost.
    """

    def __init__(
        self,
        url: str,
        key: str | None,
        model: str,
        *,
        spool: str | os.PathLike[str] | None = "~/.local/state/driftline",
        limits: Limits | None = None,
    ) -> None:
        faults = [*_faults_of_url(url), *_faults_of_key(key), *_faults_of_model(model)]
        if faults:
            raise SettingsError(faults, "the client")
        folder = None if spool is None else os.fspath(spool)
        self._told = f"Client({url!r}, key={'None' if key is None else '...'}, model={model!r})"
        self._engine = Engine((url, key, model), folder, limits or Limits())

    def log_predictions(self, rows: object, *, timestamp: str = "timestamp") -> None:
        """Log what the model was given and what it said, with an id if labels are to follow.

        `timestamp` names the column with the moment of each prediction, as in the model's settings;
        where a row has none it is now.
        """
        self._log("predictions", rows, timestamp)

    def log_labels(self, rows: object, *, timestamp: str | None = None) -> None:
        """Log what turned out to be true: the prediction's id and the label.

        `timestamp` names the column with the moment at which the label became known, if the model's
        settings have one; where a row has none it is now.
        """
        self._log("labels", rows, timestamp)

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until the server has all that was logged, here or by processes that are no more.

        False when `timeout` seconds were not enough; the rows go on waiting then.
        """
        return self._engine.flush(timeout)

    def close(self, timeout: float = 5.0) -> None:
        """Send what can be sent in `timeout` seconds, leave the rest in the spool, and end.

        The end of the process does the same. What is logged later is dropped and counted.
        """
        self._engine.close(timeout)

    @property
    def stats(self) -> Stats:
        """How many rows were sent, wait, or were lost, in this process."""
        return self._engine.stats()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return self._told

    def __del__(self) -> None:
        if hasattr(self, "_engine"):
            self._engine.stop(AT_EXIT)

    def _log(self, kind: Kind, rows: object, timestamp: str | None) -> None:
        engine = self._engine
        try:
            held, count, cost = taken(rows)
            if count:
                now = time.time_ns() // 1000
                engine.add(Entry(kind, timestamp, now, held, count, cost))
        except Exception as error:  # noqa: BLE001 (logging must not stop the service, whatever it is given)
            engine.count("rejected", 1)
            engine.complaints.tell("input", f"{kind} cannot be logged: {error}")


def _faults_of_url(url: str) -> list[str]:
    from urllib.parse import urlsplit

    try:
        split = urlsplit(url)
        fine = split.scheme in ("http", "https") and split.hostname and split.port != 0
    except (ValueError, AttributeError):
        fine = False
    if not fine:
        return [f"url: must be http://HOST or https://HOST, with a port if need be; found {url!r}"]
    if split.username or split.password or split.query or split.fragment:
        return ["url: must have no user, password, query or fragment; the key goes into `key`"]
    return []


def _faults_of_key(key: object) -> list[str]:
    if key is None or (
        isinstance(key, str) and key.isascii() and key.isprintable() and key.strip()
    ):
        return []
    return ["key: must be printable ASCII, as `driftline keys create` shows it, or None"]


def _faults_of_model(model: object) -> list[str]:
    if isinstance(model, str) and model and "/" not in model:
        return []
    return [f"model: must be the model's name in the settings, without slashes; found {model!r}"]
