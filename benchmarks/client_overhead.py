"""What a call of `Client.log_predictions` costs the thread that serves, while the client sends.

One row of 20 features a call, against copying the row's dict, which is the least that must be done.
The server runs in a process of its own and takes every batch. Calls come one after another as fast
as they can, and at a pace, as those of a busy service do.

    python benchmarks/client_overhead.py [--calls 20000] [--pace 1000]
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Any

from driftline.client import Client, Limits


class Taker(BaseHTTPRequestHandler):
    """Takes every batch."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def serve(told: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    told.send(server.server_port)
    server.serve_forever()


def timed(call: Callable[[dict[str, Any]], object], calls: int, pace: float) -> list[float]:
    """Microseconds of each call, `pace` a second, or as fast as possible with 0."""
    row = {f"feature_{i}": float(i) for i in range(20)}
    began = time.perf_counter()
    micros = []
    for i in range(calls):
        if pace:
            time.sleep(max(0.0, began + i / pace - time.perf_counter()))
        before = time.perf_counter_ns()
        call(row)
        micros.append((time.perf_counter_ns() - before) / 1000)
    return micros


def tell(name: str, micros: list[float]) -> float:
    median = statistics.median(micros)
    worst = statistics.quantiles(micros, n=1000)
    told = f"p50 {median:7.2f} us   p99 {worst[989]:8.2f} us   p99.9 {worst[998]:8.2f} us"
    print(f"{name:40} {told}", flush=True)
    return median


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--pace", type=int, default=1000)
    told = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{ours.recv()}"
    with tempfile.TemporaryDirectory() as spool:
        client = Client(url, None, "bench", spool=spool, limits=Limits(interval=0.1))
        client.log_predictions({"the first call": "starts the threads"})
        client.flush()
        copy = tell("copy of the dict", timed(dict, told.calls, told.pace))
        paced = tell(
            f"log_predictions, {told.pace} a second",
            timed(client.log_predictions, told.calls // 2, told.pace),
        )
        fast = tell(
            "log_predictions, without a pause", timed(client.log_predictions, told.calls, 0)
        )
        client.flush(60)
        print(client.stats)
        client.close()
    server.terminate()
    server.join()
    print(
        f"ratio {paced / copy:.1f} paced, {fast / copy:.1f} without a pause (1: copying the dict)"
    )


if __name__ == "__main__":
    main()
