"""What is sent to the service is judged as the same rows in files are: whenever labels come, twice
or corrected, and before, with or long after their predictions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
from httpx import ASGITransport, AsyncClient

from driftline.log.moving import Mover
from driftline.log.taking import open_log
from driftline.service.api import api
from driftline.settings import load_settings
from driftline.stores.sql import open_sql_store

if TYPE_CHECKING:
    from tests.service.conftest import Answer, World

DAYS = 44
LATE = 120


def send(world: World, kind: str, *frames: pd.DataFrame, move: bool = False) -> None:
    """Send frames as Arrow streams, one request each, to the model `sent`; have them moved."""
    settings = load_settings(world.config)
    log, store = open_log(settings), open_sql_store(settings.store.get_secret_value())

    async def ask() -> None:
        transport = ASGITransport(api(settings, store, log))
        async with AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            for frame in frames:
                answer = await client.post(
                    f"/v1/models/sent/{kind}",
                    content=stream(frame),
                    headers={"Content-Type": "application/vnd.apache.arrow.stream"},
                )
                assert answer.status_code == 202, answer.text

    asyncio.run(ask())
    if move:
        Mover(log, who="test").move_all(world.day(DAYS))
    log.close()
    store.close()


def stream(frame: pd.DataFrame) -> bytes:
    table, sink = pa.Table.from_pandas(frame, preserve_index=False), pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def settle(world: World) -> None:
    """Two models that are one, but for where their rows come from."""
    files = world.labelled(name="files")
    files["labels"]["wait"] = f"{LATE}d"
    sent = world.labelled(name="sent")
    for role in ("predictions", "labels"):
        rest = {name: value for name, value in sent[role].items() if name != "path"}
        sent[role] = {**rest, "source": "ingest"}
    sent["labels"]["wait"] = f"{LATE}d"
    world.settle(files, sent)


def same(answer: Answer) -> dict[str, Any]:
    """What was found of both models, which is the same."""
    assert answer.code in (0, 1), answer.err
    files, sent = (
        {name: value for name, value in found.items() if name not in ("name", "incidents")}
        for found in answer.found
    )
    assert sent == files
    return sent


def labels_of(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[["id", "actual", "known_at"]]


def test_sent_rows_are_judged_as_files_are(world: World, driftline: Callable[..., Answer]) -> None:
    def drift(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        frame["amount"] *= 3 if day >= 40 else 1
        return frame

    rows = world.live(range(DAYS), drift)
    settle(world)
    told = rows.drop(columns=["actual", "known_at"])
    number = rows["id"].str.partition("-")[0].astype(int)
    early, later = labels_of(rows[number < 20]), labels_of(rows[(number >= 20) & (number < 38)])
    missing = labels_of(rows[number >= 38])
    world.label(rows[number < 38], "first-")

    send(world, "labels", early.sample(frac=1, random_state=1))
    send(world, "predictions", *(told[number == day] for day in range(20)), move=True)
    send(world, "predictions", *(told[number == day] for day in range(20, DAYS)))
    send(world, "labels", later, later, early, move=True)
    first = same(world.check(DAYS))
    assert [window["rows"] for window in first["windows"]] == [100] * (DAYS - 30)
    assert any(window["alarm"] for window in first["windows"][-4:])
    assert first["performance"][-1]["labelled"] < 300

    corrected = missing.copy()
    wrong = corrected.assign(actual=1 - corrected["actual"])
    corrected["known_at"] += timedelta(days=90)
    world.label(rows[number >= 38].assign(known_at=corrected["known_at"]), "second-")
    send(world, "labels", wrong, corrected)
    wrong.to_parquet(world.labels / "wrong.parquet", index=False)
    second = same(world.check(DAYS + 100))
    ends = {span["end"]: span for span in second["performance"]}
    again = ends[first["performance"][-1]["end"]]
    assert again["labelled"] == again["rows"] == 300
    assert 0.7 < again["metrics"]["accuracy"]["current"] < 1
