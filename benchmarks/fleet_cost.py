"""An hourly cycle of a fleet early and late in its first year, and how large its store is then.

100 models, 20 features, hourly windows, SQLite, two workers, one Parquet file a day that all models
read. Every cycle is the real one: turns are claimed, each model is run in a thread, judged,
recorded, settled. To be done in minutes, one model begins and learns for real and the others get
copies of that; and the year between the early and the late cycles is lived by one model, window by
window, whose rows are then copied to the others in order of time, so that the store is as large and
as mixed as if all had lived it. With `--labels` every model says something of two classes, and what
was true becomes known one to 24 hours later.

    python benchmarks/fleet_cost.py [--models 100] [--features 20] [--rows 100] [--days 365]
                                    [--labels]
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import text

from driftline.service.build import watched_of
from driftline.service.run import catch_up
from driftline.service.turns import Turns
from driftline.settings import Settings, parse_settings
from driftline.stores.engine import writing
from driftline.stores.schedule import Schedule
from driftline.stores.sql import SqlStore, open_sql_store
from driftline.stores.tables import metadata
from driftline.windows import parse_moment, to_micros
from measure import resident

BEGIN = parse_moment("2025-01-01")
REFERENCE, CYCLES = 30, 4
HOUR, SOON = timedelta(hours=1), timedelta(minutes=2)
MB = 1_000_000


def write_day(folder: Path, day: int, told: argparse.Namespace) -> None:
    """One file of a day's rows: seven in ten columns numbers, the others text."""
    random = np.random.default_rng(day)
    count = 24 * told.rows
    micros = np.arange(count) * (86_400_000_000 // count)
    at = pa.array(to_micros(BEGIN + timedelta(days=day)) + micros, pa.timestamp("us", "UTC"))
    numbers = 7 * told.features // 10
    words = np.array([f"level {i}" for i in range(8)])
    columns = {
        f"x{i}": random.normal(0, 1, count) if i % 2 else random.lognormal(3, 1, count).round(2)
        for i in range(numbers)
    }
    columns |= {f"c{i}": words[random.integers(0, 8, count)] for i in range(numbers, told.features)}
    if told.labels:
        score = random.random(count)
        columns |= {"id": day * count + np.arange(count), "score": score, "said": score >= 0.5}
        known = to_micros(BEGIN + timedelta(days=day)) + micros
        known += random.integers(3_600_000_000, 86_400_000_000, count)
        known = pa.array(known, pa.timestamp("us", "UTC"))
        labels = {"id": columns["id"], "true": random.random(count) < score, "known": known}
        pq.write_table(pa.table(labels), folder / "labels" / f"{day:03}.parquet")
    pq.write_table(pa.table({"at": at, **columns}), folder / "rows" / f"{day:03}.parquet")


def settings_of(folder: Path, told: argparse.Namespace) -> Settings:
    """Every model reads the same files, as the year's rows are copied from one to the others."""
    predictions = {"source": "parquet", "path": "rows", "timestamp": "at"}
    model: dict[str, object] = {
        "predictions": predictions,
        "reference": {"from": f"{BEGIN:%F}", "to": f"{BEGIN + timedelta(REFERENCE):%F}"},
        "window": "1h",
    }
    if told.labels:
        predictions |= {"id": "id", "prediction": "said", "score": "score"}
        labels = {"id": "id", "label": "true", "timestamp": "known"}
        model |= {"task": "binary", "labels": {"source": "parquet", "path": "labels", **labels}}
    models = [{"name": f"model {number}", **model} for number in range(told.models)]
    tree = {"store": "sqlite:///store.db", "models": models}
    return parse_settings(json.dumps(tree), {}, folder / "driftline.yaml")


class Fleet:
    """The running part of a service, with a clock that is set by hand."""

    def __init__(self, settings: Settings, store: SqlStore) -> None:
        self.now, self.store = BEGIN, store
        self.schedule = Schedule(store.engine)
        self.models = {model.name: model for model in settings.models}
        self.turns = Turns(self.models, store, self.schedule, "benchmark", 2, now=lambda: self.now)

    def begin(self) -> float:
        """One model begins for real; the others get copies of what it has learned; seconds."""
        self.now = BEGIN + timedelta(days=REFERENCE)
        first = next(iter(self.models.values()))
        began = time.perf_counter()
        catch_up(watched_of(first), self.store, self.now, None, None, self.turns.learning)
        seconds = time.perf_counter() - began
        state = self.store.model(first.name)
        assert state is not None
        known, learned = self.turns.learning._known[first.name]
        for name in self.models.keys() - {first.name}:
            self.store.begin(replace(state, name=name))
            copied = replace(
                learned, reference=deepcopy(learned.reference), _known=deepcopy(learned._known)
            )
            self.turns.learning._known[name] = known, copied
        copy_to_others(self.store)
        return seconds

    def cycle(self, now: datetime) -> float:
        """Run every model that is due; seconds."""
        self.now = now
        self.schedule.ensure(dict.fromkeys(self.models, now), now)
        began = time.perf_counter()
        while self.turns.running or (self.schedule.next_due(list(self.models), now) or now) <= now:
            time.sleep(min(self.turns.step(), 0.05))
        return time.perf_counter() - began


def live_a_year(settings: Settings, store: SqlStore, end: datetime) -> float:
    """The first model lives until `end`, a week at a time; the others get what it has; seconds."""
    began = time.perf_counter()
    watched, first = watched_of(settings.models[0]), store.model(settings.models[0].name)
    assert first is not None
    now = first.position
    while now < end:
        now = min(now + 7 * 24 * HOUR, end)
        catch_up(watched, store, now)
    seconds = time.perf_counter() - began
    copy_to_others(store)
    return seconds


def copy_to_others(store: SqlStore) -> None:
    """What the first model has lived becomes what all have lived, in order of time."""
    with writing(store.engine) as connection:
        lived = connection.execute(
            text("SELECT id FROM driftline_models WHERE name = 'model 0'")
        ).scalar_one()
        for table in metadata.sorted_tables:
            if table.c.keys()[0] == "model_id" and "starts" in table.c:
                names = ", ".join(table.c.keys()[1:])
                chosen = ", ".join(f"w.{name}" for name in table.c.keys()[1:])
                connection.execute(
                    text(
                        f"INSERT OR REPLACE INTO {table.name} (model_id, {names}) "
                        f"SELECT m.id, {chosen} FROM {table.name} w, driftline_models m "
                        "WHERE w.model_id = :lived AND m.id <> :lived ORDER BY w.starts, m.id"
                    ),
                    {"lived": lived},
                )
        stands = "position, labels_until"
        connection.execute(
            text(
                f"UPDATE driftline_models SET ({stands}) = "
                f"(SELECT {stands} FROM driftline_models WHERE id = :lived)"
            ),
            {"lived": lived},
        )


def size_of(store: Path) -> float:
    return sum(file.stat().st_size for file in store.parent.glob(store.name + "*")) / MB


def cpu(job: Callable[[], float]) -> tuple[float, float]:
    """Seconds that a job takes, by the clock and of the processors."""
    began = time.process_time()
    return job(), time.process_time() - began


def timed(fleet: Fleet, first: datetime, name: str, store: Path) -> float:
    """Seconds that a cycle takes of the processors, the median of some."""
    cycles = [cpu(partial(fleet.cycle, first + number * HOUR)) for number in range(CYCLES)]
    seconds, busy = zip(*cycles, strict=True)
    for what, each in (("a cycle", seconds), ("of the processors", busy)):
        told = ", ".join(f"{one:.1f}" for one in each)
        print(f"{name}: {what} {statistics.median(each):.1f} s ({told})", flush=True)
    print(f"{name}: store {size_of(store):.0f} MB, memory {resident() / MB:.0f} MB", flush=True)
    return float(statistics.median(busy))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("models", 100), ("features", 20), ("rows", 100), ("days", 365)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--labels", action="store_true")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("rows", "labels"):
            (folder / part).mkdir()
        for day in range(REFERENCE + 1):
            write_day(folder, day, told)
        settings = settings_of(folder, told)
        store, path = open_sql_store(settings.store.get_secret_value()), folder / "store.db"
        fleet = Fleet(settings, store)
        live = BEGIN + timedelta(days=REFERENCE) + SOON
        print(f"one model begins and learns: {fleet.begin():.1f} s", flush=True)
        early = timed(fleet, live + HOUR, "early", path)
        end = BEGIN + timedelta(days=told.days) - (CYCLES + 1) * HOUR  # midnight's cycle prunes
        for day in range(REFERENCE + 1, told.days):
            write_day(folder, day, told)
        lived = live_a_year(settings, store, end)
        with sqlite3.connect(path) as connection:  # what was copied is one large transaction
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        print(f"one model's year, caught up: {lived:.0f} s", flush=True)
        late = timed(fleet, end + HOUR + SOON, "late", path)
        counted = len(store.windows("model 0")), len(store.profiles("model 0"))
        print(f"kept of each model: {counted[0]} windows, {counted[1]} profiles")
        store.close()
    print(f"ratio {late / early:.2f} (1: it does not grow)")


if __name__ == "__main__":
    main()
