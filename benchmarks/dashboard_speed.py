"""How long the overview and a model's page take to gather and draw, on a store with many models and
a long history of hourly windows: `python benchmarks/dashboard_speed.py --models 100 --days 365`.

Streamlit's own part (sending, and drawing in the browser) is not in it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from sqlalchemy import insert

from driftline.alarms.verdict import ColumnVerdict, Verdict
from driftline.charts import column_heatmap, performance_trend, volume
from driftline.dashboard.model_view import view_of
from driftline.dashboard.overview import rows_of
from driftline.dashboard.shown import Shown
from driftline.records import MetricChange, ModelState, PerformanceResult, WindowResult
from driftline.settings import parse_settings
from driftline.stores import rows, tables
from driftline.stores.packing import Row
from driftline.stores.sql import SqlStore, open_sql_store
from driftline.windows import Window

HOUR = timedelta(hours=1)
END = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = 20
PATTERNS = 24
"""Different windows; each hour of the day has its own."""


def window_of(number: int) -> WindowResult:
    random = np.random.default_rng(number)
    columns = tuple(
        ColumnVerdict(
            f"feature_{place:02}",
            "numeric",
            bool(random.random() < 0.01),
            "kolmogorov_smirnov",
            value=float(random.random()),
            p_value=float(random.random()),
            effect=float(random.random()),
            blame=float(random.random()),
            missing=0.01,
            reference_missing=0.01,
            least_effect=0.02,
        )
        for place in range(COLUMNS)
    )
    verdict = Verdict(False, 0.3, columns, "calibrated", "on 90 windows")
    return WindowResult(Window(END, END + HOUR), 500, "judged", verdict, (), END + HOUR)


def span_of() -> PerformanceResult:
    metrics = {
        name: MetricChange(0.8, 0.81, 0.012, 0.78, 0.82, -0.01, 0.03, False)
        for name in ("accuracy", "f1", "roc_auc", "log_loss")
    }
    week = Window(END - timedelta(days=7), END)
    before = Window(week.start - timedelta(days=30), week.start)
    return PerformanceResult(
        week, before, 84_000, 80_000, "judged", metrics, "accuracy", False, None, END
    )


def filled(folder: Path, models: int, days: int) -> Shown:
    """A store in which every model has `days` of hourly windows and spans."""
    store = open_sql_store(f"sqlite:///{folder / 'driftline.db'}")
    names = [f"model-{number:03}" for number in range(models)]
    for name in names:
        store.begin(ModelState(name, "key", b"", END))
    windows = [rows.window_row(window_of(number)) for number in range(PATTERNS)]
    span = rows.performance_row(span_of())
    for number in range(1, models + 1):
        _fill(store, number, days, (windows, span))
    asked = [
        {
            "name": name,
            "window": "1h",
            "task": "binary",
            "predictions": {
                "source": "parquet",
                "path": "p.parquet",
                "timestamp": "t",
                "id": "id",
                "prediction": "p",
            },
            "labels": {"source": "parquet", "path": "l.parquet", "id": "id", "label": "l"},
            "reference": {"from": "2024-01-01", "to": "2024-02-01"},
        }
        for name in names
    ]
    return Shown(parse_settings(json.dumps({"models": asked}), {}), store, lambda: END + HOUR)


def _fill(store: SqlStore, model: int, days: int, of: tuple[list[Row], Row]) -> None:
    windows, span = of
    starts = [END - (number + 1) * HOUR for number in range(24 * days)]
    with store.engine.begin() as connection:
        connection.execute(
            insert(tables.windows),
            [
                windows[start.hour] | {"model_id": model, "starts": start, "ends": start + HOUR}
                for start in starts
            ],
        )
        week = timedelta(days=7)
        connection.execute(
            insert(tables.performance),
            [
                span | {"model_id": model, "starts": s + HOUR - week, "ends": s + HOUR}
                for s in starts
            ],
        )


def timed(work: Callable[[], object], times: int = 5) -> tuple[float, float]:
    """Seconds of the first call, and the median of the later ones."""
    found = []
    for _ in range(times + 1):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return found[0], median(found[1:])


def page(shown: Shown, days: int) -> None:
    """What the page of a model reads and draws."""
    view = view_of(shown, shown.settings.models[0], days)
    assert view is not None
    performance_trend(view.facts.performance, "accuracy", (), 0.05).to_json()
    volume(view.facts.windows, view.facts.performance).to_json()
    column_heatmap(view.facts.windows, 25, pick=True).to_json()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=100)
    parser.add_argument("--days", type=int, default=365)
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        shown = filled(Path(folder), asked.models, asked.days)
        print(f"{asked.models} models, {asked.days} days of hourly windows, {COLUMNS} columns")
        for name, work in (
            ("overview", lambda: rows_of(shown)),
            ("model page, 30 days", lambda: page(shown, 30)),
            ("model page, 365 days", lambda: page(shown, 365)),
        ):
            first, later = timed(work)
            print(f"{name:<22} first {first:6.2f} s   again {later:6.2f} s")
        shown.store.close()


if __name__ == "__main__":
    main()
