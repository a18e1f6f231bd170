"""A site: the settings of a model that is sent its rows, its log, and the API in this process."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from httpx import ASGITransport, AsyncClient, Response

from driftline.log.moving import Mover
from driftline.log.place import Kind, Place
from driftline.log.taking import Log, open_log
from driftline.service.api import api
from driftline.settings import Settings, load_settings
from driftline.sources import Source, open_source
from driftline.stores.sql import SqlStore, open_sql_store

JSON = "application/json"
NDJSON = "application/x-ndjson"
ARROW = "application/vnd.apache.arrow.stream"

MODEL: Mapping[str, Any] = {
    "name": "shop",
    "task": "binary",
    "predictions": {
        "source": "ingest",
        "timestamp": "ts",
        "id": "id",
        "prediction": "late",
        "categorical": ["zone"],
    },
    "labels": {"source": "ingest", "id": "id", "label": "actual", "timestamp": "known_at"},
    "reference": {"from": "2024-01-01", "to": "2024-02-01"},
}


def arrow(table: pa.Table) -> bytes:
    """The table as the body of a request."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


@dataclass
class Site:
    """One folder with a store and a log; `open` begins one process's worth of service on it."""

    folder: Path
    settings: Settings
    log: Log = field(init=False)
    store: SqlStore = field(init=False)
    _client: AsyncClient = field(init=False)
    _loop: asyncio.AbstractEventLoop = field(init=False)
    _thread: threading.Thread = field(init=False)

    def open(self) -> Site:
        url = self.settings.store.get_secret_value()
        self.log, self.store = open_log(self.settings), open_sql_store(url)
        transport = ASGITransport(api(self.settings, self.store, self.log, any_host=False), False)
        self._client = AsyncClient(transport=transport, base_url="http://127.0.0.1")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return self

    def close(self) -> None:
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._client.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()
        self.log.close()
        self.store.close()

    def restart(self) -> None:
        self.close()
        self.open()

    def ask(self, method: str, path: str, **more: Any) -> Response:
        """Ask the API; from any thread."""
        asked = self._client.request(method, path, **more)
        return asyncio.run_coroutine_threadsafe(asked, self._loop).result()

    def post(
        self,
        kind: Kind,
        rows: Sequence[Mapping[str, Any]] | bytes,
        media: str = JSON,
        key: str | None = None,
        model: str = "shop",
    ) -> Response:
        body = rows if isinstance(rows, bytes) else json.dumps({"rows": rows}).encode()
        headers = {"Content-Type": media} | ({"Idempotency-Key": key} if key else {})
        path = f"/v1/models/{model}/{kind}"
        return self.ask("POST", path, content=body, headers=headers)

    def place(self, kind: Kind = "predictions", model: str = "shop") -> Place:
        return next(p for p in self.log.places.values() if (p.model, p.kind) == (model, kind))

    def source(self, kind: Kind = "predictions", model: str = "shop") -> Source:
        role = getattr(self.settings.model(model), kind)
        return open_source(role.origin, role.timestamp)

    def rows(self, kind: Kind = "predictions", model: str = "shop") -> list[dict[str, Any]]:
        """Every row of the log, by id, as the source gives them."""
        found = [row for table in self.source(kind, model).batches() for row in table.to_pylist()]
        return sorted(found, key=lambda row: str(row["id"]))

    def move(self, now: datetime | None = None) -> int:
        """Have the rows moved as the service does; how many moves that took."""
        return Mover(self.log, self.settings.log.retention, who="test").move_all(
            now or datetime.now(UTC)
        )

    def waiting(self) -> int:
        """Rows in the journal."""
        from driftline.stores import journal
        from driftline.stores.engine import reading

        with reading(self.log.engine) as connection:
            return journal.waiting(connection)

    def table(self, kind: Kind = "predictions") -> DeltaTable:
        place = self.place(kind)
        return DeltaTable(place.uri, storage_options=place.options or None)


def settle(folder: Path, *models: Mapping[str, Any], **top: Any) -> Settings:
    config = folder / "driftline.yaml"
    tree = {"store": "sqlite:///driftline.db", "models": list(models or [MODEL])} | top
    config.write_text(json.dumps(tree))
    return load_settings(config)


@pytest.fixture
def model() -> Mapping[str, Any]:
    """Settings of the model; predictions and labels come over HTTP."""
    return MODEL


@pytest.fixture(scope="session")
def new_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a store in which nothing is yet: a copy is quicker than the migrations."""
    file = tmp_path_factory.mktemp("store") / "driftline.db"
    open_sql_store(f"sqlite:///{file}").close()
    return file


def opening(folder: Path, new_store: Path) -> Iterator[Callable[..., Site]]:
    opened: list[Site] = []
    shutil.copy(new_store, folder)

    def made(*models: Mapping[str, Any], **top: Any) -> Site:
        opened.append(Site(folder, settle(folder, *models, **top)).open())
        return opened[-1]

    yield made
    for one in opened:
        one.close()


@pytest.fixture
def open_site(tmp_path: Path, new_store: Path) -> Iterator[Callable[..., Site]]:
    """Opens sites on this test's folder: give the models, and what else the settings say."""
    yield from opening(tmp_path, new_store)


@pytest.fixture(scope="module")
def open_sites(
    tmp_path_factory: pytest.TempPathFactory, new_store: Path
) -> Iterator[Callable[..., Site]]:
    """As `open_site`, for all tests of a module."""
    yield from opening(tmp_path_factory.mktemp("site"), new_store)


@pytest.fixture
def site(open_site: Callable[..., Site]) -> Site:
    return open_site()


@pytest.fixture
def as_stream() -> Callable[[pa.Table], bytes]:
    return arrow
