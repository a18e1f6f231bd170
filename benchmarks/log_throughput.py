"""How many rows the service takes a second, durable before it answers, load generator included.

`driftline serve` runs as its users run it, in a process of its own, on a SQLite store and a folder;
another process sends over 127.0.0.1: batches of 500 rows of 20 features over 4 connections, as JSON
and as the Arrow stream of `driftline.Client`, then single rows over 32 connections. Every request
has an Idempotency-Key of its own. The yardstick is a bare server that reads each body, parses it,
answers, and keeps nothing.

    python benchmarks/log_throughput.py [--seconds 10]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa

JSON, ARROW = "application/json", "application/vnd.apache.arrow.stream"
BATCH = 500
SETTINGS = {
    "store": "sqlite:///driftline.db",
    "api": {"requests_per_second": 100_000},
    "models": [
        {
            "name": "bench",
            "predictions": {"source": "ingest", "timestamp": "ts", "id": "id"},
            "reference": {"from": "2024-01-01", "to": "2024-02-01"},
        }
    ],
}


@dataclass(frozen=True)
class Load:
    """What is sent: `rows` rows in a request of type `media`, over so many connections."""

    name: str
    media: str
    rows: int
    connections: int


LOADS = (
    Load("batches of 500, JSON", JSON, BATCH, 4),
    Load("batches of 500, Arrow", ARROW, BATCH, 4),
    Load("single rows, JSON", JSON, 1, 32),
)


def a_row(random: Random) -> dict[str, Any]:
    """One prediction with 20 features, four of them text."""
    row: dict[str, Any] = {"ts": "2024-03-01T12:00:00Z", "id": f"{random.getrandbits(64):x}"}
    row |= {f"feature_{i}": round(random.gauss(0, 1), 4) for i in range(16)}
    return row | {f"kind_{i}": random.choice(["basic", "plus", "team"]) for i in range(4)}


def a_body(rows: Sequence[dict[str, Any]], media: str) -> bytes:
    if media == JSON:
        return json.dumps({"rows": rows}).encode()
    table = pa.Table.from_pylist(rows)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def send(port: int, load: Load, seconds: float) -> tuple[list[float], float]:
    """Send for so long; the milliseconds that each request took, and the seconds of all."""
    random = Random(7)
    bodies = [
        a_body([a_row(random) for _ in range(load.rows)], load.media)
        for _ in range(20 if load.rows > 1 else 500)
    ]
    return asyncio.run(_send(port, load, bodies, seconds))


async def _send(
    port: int, load: Load, bodies: Sequence[bytes], seconds: float
) -> tuple[list[float], float]:
    took: list[float] = []
    began = time.perf_counter()

    async def connection(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        count = number
        while time.perf_counter() < began + seconds:
            body = bodies[count % len(bodies)]
            head = (
                f"POST /v1/models/bench/predictions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                f"Content-Type: {load.media}\r\nIdempotency-Key: {os.getpid()}-{began}-{count}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            before = time.perf_counter()
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", answer.lower())
            text = await reader.readexactly(int(length[1]) if length else 0)
            took.append((time.perf_counter() - before) * 1000)
            if not answer.startswith(b"HTTP/1.1 202"):
                raise RuntimeError(f"refused: {answer.decode()}{text.decode()}")
            count += load.connections
        writer.close()

    await asyncio.gather(*map(connection, range(load.connections)))
    return took, time.perf_counter() - began


Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def bare(scope: dict[str, Any], receive: Receive, answer: Send) -> None:
    """An ASGI application that reads, parses and answers."""
    chunks, more = [], True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    body = b"".join(chunks)
    if dict(scope["headers"])[b"content-type"] == JSON.encode():
        json.loads(body)
    else:
        pa.ipc.open_stream(body).read_all()
    headers = [(b"content-type", JSON.encode()), (b"content-length", b"2")]
    await answer({"type": "http.response.start", "status": 202, "headers": headers})
    await answer({"type": "http.response.body", "body": b"{}"})


BARE = (
    "import socket, uvicorn; from log_throughput import bare\n"
    "s = socket.create_server(('127.0.0.1', 0)); print('listens on :%d' % s.getsockname()[1])\n"
    "s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)\n"
    "uvicorn.Server(uvicorn.Config(bare, log_config=None, lifespan='off')).run([s])"
)
SERVE = "from driftline.cli import main; main()"


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[str]
    port: int


def started(folder: Path, *words: str) -> Server:
    """A server that listens."""
    log = folder / "server.log"
    paths = f"{Path(__file__).parent}:{Path(__file__).parent.parent / 'src'}"
    with log.open("w") as out:
        server = subprocess.Popen(
            [sys.executable, "-u", "-c", *words],
            stdout=out,
            stderr=out,
            text=True,
            env={**os.environ, "PYTHONPATH": paths},
        )
    while not (found := re.search(r"listens on \S*:(\d+)", log.read_text())):
        if server.poll() is not None:
            raise RuntimeError(log.read_text())
        time.sleep(0.05)
    return Server(server, int(found[1]))


def processor_seconds(pid: int) -> float:
    """What a process has used of the processors so far; NaN where /proc does not say."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return float("nan")
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(
    sender: ProcessPoolExecutor, server: Server, load: Load, seconds: float
) -> tuple[float, str]:
    """Requests a second, and that in words with the times they took."""
    sender.submit(send, server.port, load, min(1.0, seconds)).result()
    before = processor_seconds(server.process.pid)
    took, whole = sender.submit(send, server.port, load, seconds).result()
    used = (processor_seconds(server.process.pid) - before) / len(took) * 1000
    rate = len(took) / whole
    p99 = statistics.quantiles(took, n=100)[98]
    rows = f"{rate * load.rows:10,.0f} rows/s  {rate:7,.0f} requests/s  {used:6.2f} ms CPU each"
    return rate, f"{rows}  p50 {statistics.median(took):6.1f} ms  p99 {p99:6.1f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    seconds = parser.parse_args().seconds
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as place, ProcessPoolExecutor(1, spawn) as sender:
        folder = Path(place)
        config = folder / "driftline.yaml"
        config.write_text(json.dumps(SETTINGS))
        words = ("serve", "--config", str(config), "--port", "0")
        rates: dict[str, dict[str, float]] = {}
        for kind, command in (("bare server", (BARE,)), ("driftline serve", (SERVE, *words))):
            server = started(folder, *command)
            try:
                for load in LOADS:
                    rates.setdefault(load.name, {})[kind], told = measured(
                        sender, server, load, seconds
                    )
                    print(f"{kind:16} {load.name:24} {told}", flush=True)
            finally:
                server.process.terminate()
                server.process.wait(30)
        for name, both in rates.items():
            print(f"ratio {both['driftline serve'] / both['bare server']:.2f}  {name}")


if __name__ == "__main__":
    main()
