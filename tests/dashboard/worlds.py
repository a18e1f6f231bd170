"""The data and settings of the small world that the dashboard's tests look at."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS, REFERENCE_DAYS, CHANGED_DAY, ROWS = 70, 40, 58, 120
END = START + DAYS * DAY

HOSTILE = "<script>document.body.dataset.pwned=1</script><b>%{x}"
HOSTILE_MODEL = '<img src=x onerror="document.body.dataset.pwned=1"> `$x$` **b**'
LONG = "a_feature_store_column_" + "x" * 177


def rows_of_day(number: int) -> pd.DataFrame:
    """A steady day; from CHANGED_DAY on amounts are larger, a plan is new, the long column is half
    missing, and the model is wrong more often."""
    random = np.random.default_rng([5, number])
    changed = number >= CHANGED_DAY
    score = random.beta(0.6, 0.6, ROWS)
    seconds = np.sort(random.integers(0, 86_400, ROWS))
    moments = pd.Timestamp(START + number * DAY) + pd.to_timedelta(seconds, unit="s")
    right = random.random(ROWS) < (0.62 if changed else 0.88)
    said = (score > 0.5).astype(int)
    long = random.normal(0, 1, ROWS).round(3)
    return pd.DataFrame(
        {
            "timestamp": moments,
            "id": [f"{number}-{i}" for i in range(ROWS)],
            "amount": (random.lognormal(3, 0.6, ROWS) * (2.5 if changed else 1)).round(2),
            "plan": random.choice(
                ["basic", "plus", "gold" if changed else "team"], ROWS, p=[0.6, 0.3, 0.1]
            ),
            HOSTILE: random.integers(0, 9, ROWS),
            LONG: np.where(random.random(ROWS) < (0.5 if changed else 0.02), np.nan, long),
            "late": said,
            "probability": score.round(4),
            "actual": np.where(right, said, 1 - said),
            "known_at": moments + pd.to_timedelta(random.integers(3600, 40_000, ROWS), unit="s"),
        }
    )


def write_world(folder: Path) -> Path:
    """Data and settings of three models: one that changes, one without labels, one not begun."""
    frame = pd.concat([rows_of_day(number) for number in range(DAYS)], ignore_index=True)
    frame.drop(columns=["actual", "known_at"]).to_parquet(folder / "rows.parquet", index=False)
    frame[["id", "actual", "known_at"]].to_parquet(folder / "labels.parquet", index=False)
    predictions = {"source": "parquet", "path": "rows.parquet", "timestamp": "timestamp"}
    reference = {"from": "2026-01-01", "to": f"{START + REFERENCE_DAYS * DAY:%Y-%m-%d}"}
    asked: dict[str, Any] = {"reference": reference, "alarms": {"min_rows": 50}}
    models = [
        {
            **asked,
            "name": "late-arrival",
            "version": "2026-01",
            "tags": ["flights", "eu"],
            "task": "binary",
            "predictions": {
                **predictions,
                "id": "id",
                "prediction": "late",
                "score": "probability",
            },
            "labels": {
                "source": "parquet",
                "path": "labels.parquet",
                "id": "id",
                "label": "actual",
                "timestamp": "known_at",
            },
            "performance": {"current": "5d", "baseline": "20d", "drop": 0.05},
        },
        {**asked, "name": "calm", "predictions": {**predictions, "features": [HOSTILE]}},
        {**asked, "name": HOSTILE_MODEL, "predictions": predictions},
    ]
    config = folder / "driftline.yaml"
    config.write_text(json.dumps({"store": "sqlite:///driftline.db", "models": models}))
    return config
