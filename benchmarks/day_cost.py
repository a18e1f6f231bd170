"""What one more day costs, with few and with many days stored: it should not grow.

One model, 10 features, labels a day late, one Parquet file a day, SQLite. Every day is its own
`catch_up`, as a nightly `driftline check` would do it, the store opened anew each time.

    python benchmarks/day_cost.py [--days 1000] [--rows 500]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from driftline.service.build import watched_of
from driftline.service.run import catch_up
from driftline.settings import parse_settings
from driftline.stores import open_store
from driftline.windows import parse_moment

REFERENCE = 60
START = parse_moment("2020-01-01")
SETTINGS = """
store: sqlite:///store.db
models:
  - name: bench
    task: binary
    predictions:
      {{source: parquet, path: "predictions/*.parquet", timestamp: at, id: id, score: score}}
    labels: {{source: parquet, path: "labels/*.parquet", id: id, label: label, timestamp: known_at}}
    reference: {{from: 2020-01-01, to: {end:%Y-%m-%d}}}
"""


def write_day(folder: Path, day: int, rows: int) -> None:
    random = np.random.default_rng(day)
    seconds = np.sort(random.random(rows)) * 86_400
    at = [START + timedelta(days=day, seconds=float(second)) for second in seconds]
    score = random.random(rows)
    predictions = {f"x{i}": random.normal(random.normal(0, 0.2), 1, rows) for i in range(10)}
    ids = [f"{day}-{i}" for i in range(rows)]
    table = pa.table({"at": pa.array(at), "id": ids, "score": score, **predictions})
    pq.write_table(table, folder / "predictions" / f"{day:05}.parquet")
    known = pa.array([moment + timedelta(hours=20) for moment in at])
    labels = {"id": ids, "label": random.random(rows) < score, "known_at": known}
    pq.write_table(pa.table(labels), folder / "labels" / f"{day:05}.parquet")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=500)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("predictions", "labels"):
            (folder / part).mkdir()
        for day in range(REFERENCE):
            write_day(folder, day, told.rows)
        text = SETTINGS.format(end=START + timedelta(days=REFERENCE))
        settings = parse_settings(text, {}, folder / "driftline.yaml")
        watched = watched_of(settings.models[0])
        seconds = []
        for day in range(REFERENCE, REFERENCE + told.days):
            write_day(folder, day, told.rows)
            store = open_store(settings.store.get_secret_value())
            began = time.perf_counter()
            catch_up(watched, store, START + timedelta(days=day + 1))
            seconds.append(time.perf_counter() - began)
            store.close()
    tenth = max(1, told.days // 10)
    early = statistics.median(seconds[tenth : 2 * tenth])
    late = statistics.median(seconds[-tenth:])
    print(f"a day with about {tenth} days stored {early * 1000:.0f} ms")
    print(f"a day with about {told.days} days stored {late * 1000:.0f} ms")
    print(f"ratio {late / early:.2f} (1: it does not grow)")


if __name__ == "__main__":
    main()
