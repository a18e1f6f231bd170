"""The shop's model: will this order come back?

`python model.py` trains it on last year's orders and writes `reference.parquet`: what it said of
orders that it was not trained on. That is what Driftline compares with.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

FEATURES = ["basket", "items", "country", "device", "first_order"]
COUNTRIES, DEVICES = ["de", "fr", "it"], ["phone", "laptop"]


def made_up_orders(first: datetime, days: int, rows: int, seed: int) -> pd.DataFrame:
    """`rows` orders on each of `days` days from `first` on, and whether they came `returned`."""
    random = np.random.default_rng(seed)
    size = days * rows
    frame = pd.DataFrame(
        {
            "id": [f"{seed}-{i}" for i in range(size)],
            "ordered_at": pd.Timestamp(first)
            + pd.to_timedelta(np.sort(random.uniform(0, days * 86_400, size)), unit="s"),
            "basket": random.lognormal(3.8, 0.6, size).round(2),
            "items": random.integers(1, 8, size),
            "country": random.choice(COUNTRIES, size, p=[0.6, 0.25, 0.15]),
            "device": random.choice(DEVICES, size),
            "first_order": random.random(size) < 0.3,
        }
    )
    odds = 0.9 * (np.log(frame["basket"]) - 3.8) + 0.5 * (frame["items"] - 4) - 0.3
    odds += 1.2 * frame["first_order"] + 0.8 * (frame["device"] == "phone")
    frame["returned"] = random.random(size) < 1 / (1 + np.exp(-odds))
    return frame


def trained() -> Pipeline:
    """The model, trained on the orders of the year before."""
    past = made_up_orders(datetime(2025, 1, 1), days=60, rows=200, seed=1)  # noqa: DTZ001
    columns = make_column_transformer(
        (StandardScaler(), ["basket", "items"]),
        (OneHotEncoder(handle_unknown="ignore"), ["country", "device", "first_order"]),
    )
    return make_pipeline(columns, LogisticRegression()).fit(past[FEATURES], past["returned"])


def write_reference(path: Path) -> None:
    """What the model said on the two months after its training."""
    model = trained()
    first = datetime(2025, 1, 1) + timedelta(days=60)  # noqa: DTZ001
    later = made_up_orders(first, days=60, rows=200, seed=2)
    later["probability"] = model.predict_proba(later[FEATURES])[:, 1]
    later["returns"] = later["probability"] > 0.5
    later["ordered_at"] = later["ordered_at"].dt.tz_localize("UTC")
    later.drop(columns=["returned"]).to_parquet(path, index=False)


if __name__ == "__main__":
    write_reference(Path("reference.parquet"))
    print("wrote reference.parquet")
