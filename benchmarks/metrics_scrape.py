"""What a scrape of `/metrics` costs with many models: `python benchmarks/metrics_scrape.py`.

Each model has a newest window of 20 columns, a span of performance with four metrics and a place
in the schedule; one in ten has an open incident. The page is asked for over HTTP, as Prometheus
does: at first, when nothing has changed, and when one model in sixty, or all, have been judged.

    python benchmarks/metrics_scrape.py [--models 800]
"""

from __future__ import annotations

import argparse
import json
import socket
import statistics
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx

from dashboard_speed import END, HOUR, span_of, window_of
from driftline.log.taking import open_log
from driftline.records import Changes, Incident, ModelState
from driftline.service.api import api
from driftline.service.listening import Http, url_of
from driftline.service.metrics.tally import Tally
from driftline.settings import parse_settings
from driftline.stores.schedule import Schedule
from driftline.stores.sql import SqlStore, open_sql_store
from driftline.windows import Window
from measure import resident

TIMES = 7


def judge(store: SqlStore, names: list[str], number: int) -> None:
    """Record one more window and span of some models."""
    end = END + (number + 1) * HOUR
    window = replace(window_of(number % 24), window=Window(end - HOUR, end), judged_at=end)
    for place, name in enumerate(names):
        state = store.model(name)
        assert state is not None
        incident = Incident(
            *(f"{name}/1", name, "data_drift", "high", "open", END, END, None, END),
            *(("feature_01",), "feature_01 has moved"),
        )
        assert store.record(
            Changes(
                state.next(position=end),
                windows=(window,),
                performance=(replace(span_of(), judged_at=end),),
                incidents=(incident,) if place % 10 == 0 else (),
            )
        )


def scraped(client: httpx.Client) -> tuple[float, float, str]:
    """Seconds by the clock and of the processors that a scrape takes, both sides, and the page."""
    began, busy = time.perf_counter(), time.process_time()
    answer = client.get("/metrics").raise_for_status()
    return time.perf_counter() - began, time.process_time() - busy, answer.text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=800)
    told = parser.parse_args()
    names = [f"model {number}" for number in range(told.models)]
    models = [
        {
            "name": name,
            "predictions": {"source": "parquet", "path": "rows", "timestamp": "at"},
            "reference": {"from": "2025-01-01", "to": "2025-02-01"},
            "window": "1h",
        }
        for name in names
    ]
    with tempfile.TemporaryDirectory() as folder:
        tree = {"store": "sqlite:///store.db", "models": models}
        settings = parse_settings(json.dumps(tree), {}, Path(folder) / "driftline.yaml")
        store, log = open_sql_store(settings.store.get_secret_value()), open_log(settings)
        with closing(store), closing(log), socket.create_server(("127.0.0.1", 0)) as listening:
            for name in names:
                store.begin(ModelState(name, "key", b"", END))
            Schedule(store.engine).ensure(dict.fromkeys(names, END), END)
            judge(store, names, 0)
            before = resident()
            http = Http(api(settings, store, log, tally=Tally()), listening)
            http.start()
            with httpx.Client(base_url=url_of(listening), timeout=60) as client:
                seconds, busy, page = scraped(client)
                lines = sum(not line.startswith("#") for line in page.splitlines())
                print(f"{told.models} models: {lines:,} samples, {len(page) / 1e6:.1f} MB")
                print(f"at first: {seconds:.2f} s, of the processors {busy:.2f} s")
                number = 1
                for what, changed in (("nothing", []), ("1 in 60", names[::60]), ("all", names)):
                    found = []
                    for _ in range(TIMES if len(changed) < told.models else 2):
                        judge(store, changed, number)
                        number += 1
                        found.append(scraped(client)[:2])
                    clock, cpu = (statistics.median(each) for each in zip(*found, strict=True))
                    print(f"{what} changed: {clock:.2f} s, of the processors {cpu:.2f} s")
            print(f"memory of it: {(resident() - before) / 1e6:.0f} MB")
            http.stop()
            http.join(20)


if __name__ == "__main__":
    main()
