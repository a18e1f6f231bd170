"""The demo's files: a year of predictions and late labels about flights out of New York in 2013."""

from __future__ import annotations

from datetime import date
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from driftline.demo.clock import END, REFERENCE_START
from driftline.demo.model import FEATURES, THRESHOLD, TRAINED_UNTIL, Progress, score, silent

LIVE_START = TRAINED_UNTIL
SEED = 2013
NIGHTLY_CARRIERS = ("9E", "EV", "MQ", "OO", "YV")
NIGHTLY_HOUR = 8


def write_demo(folder: Path, progress: Progress = silent) -> Path:
    """Train the model, score the year, write predictions, labels and settings below `folder`.

    Writes `predictions/YYYY-MM-DD.parquet` (one file per day of the prediction),
    `labels/YYYY-MM-DD.parquet` (one per day on which the labels became known) and
    `driftline.yaml`. Files of those names are written over.

    Args:
        folder: made when it does not exist.
        progress: called with what is being done, how many steps are done and how many there are.

    Returns:
        The path of `driftline.yaml`.
    """
    flights = scored_flights(progress=progress)
    parts = {"predictions": daily(predictions(flights)), "labels": daily(labels(flights))}
    done, total = 0, sum(len(days) for days in parts.values())
    for name, days in parts.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for day, table in days.items():
            pq.write_table(table, folder / name / f"{day}.parquet", compression="zstd")
            done += 1
            progress("writing predictions and labels", done, total)
    settings = folder / "driftline.yaml"
    settings.write_text(bundled("driftline.yaml").decode(), encoding="utf-8")
    return settings


def bundled(name: str) -> bytes:
    """A file that comes with the demo."""
    return (files("driftline.demo") / "data" / name).read_bytes()


def flights_2013() -> pd.DataFrame:
    """The bundled data: one row per flight, columns as in `data/README.md`."""
    flights: pd.DataFrame = pq.read_table(pa.BufferReader(bundled("flights.parquet"))).to_pandas()
    return flights


def scored_flights(seed: int = SEED, progress: Progress = silent) -> pd.DataFrame:
    """Every flight that left its gate in 2013 (UTC), in the order of push-back, with its score.

    Adds to the bundled columns `id`, `pushed_back`, `arrived` and `known_at` (null without a
    label), and `probability`. Cancelled flights never push back, so they are never scored.
    """
    flights = flights_2013()
    flights["id"] = [f"flight-{number:06d}" for number in range(1, len(flights) + 1)]
    flights["pushed_back"] = flights["timestamp"] + _minutes(flights["dep_delay"])
    flights["arrived"] = (
        flights["timestamp"] + _minutes(flights["planned_minutes"]) + _minutes(flights["arr_delay"])
    )
    flights["known_at"] = known_at(flights["arrived"], flights["carrier"])
    left = flights["pushed_back"].between(REFERENCE_START, END, inclusive="left")
    flights = flights[left].sort_values(["pushed_back", "id"], ignore_index=True)
    flights["probability"] = score(flights, seed, progress)
    return flights


def known_at(arrived: pd.Series, carrier: pd.Series) -> pd.Series:
    """When the monitor's owners learn how a flight ended.

    The large carriers report an arrival at once; the regional ones (NIGHTLY_CARRIERS) send a file
    each night, so theirs are known at the next 08:00 UTC. This delay is the demo's assumption, it
    is not in the data.
    """
    shift = pd.Timedelta(hours=NIGHTLY_HOUR)
    nightly = (arrived - shift).dt.ceil("D") + shift
    return arrived.where(~carrier.isin(NIGHTLY_CARRIERS), nightly)


def predictions(flights: pd.DataFrame) -> pa.Table:
    """What the model's log holds: `timestamp`, `id`, the features, `probability` and `late`."""
    frame = flights[["pushed_back", "id", *FEATURES, "probability"]].rename(
        columns={"pushed_back": "timestamp"}
    )
    frame["late"] = frame["probability"] >= THRESHOLD
    for name in ("dep_delay", "plane_year", "plane_seats"):
        frame[name] = frame[name].astype("Int16")
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)


def labels(flights: pd.DataFrame) -> pa.Table:
    """What is learned later: `id`, `late` and `known_at`, in the order in which it is learned.

    A flight that was diverted has no arrival at its destination and never gets a label.
    """
    known = flights[flights["target"].notna()].sort_values(["known_at", "id"])
    frame = pd.DataFrame(
        {"id": known["id"], "late": known["target"] == 1, "known_at": known["known_at"]}
    )
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)


def daily(table: pa.Table) -> dict[date, pa.Table]:
    """The rows of each UTC day, in order; `table` is sorted by its one timestamp column."""
    (name,) = (field.name for field in table.schema if pa.types.is_timestamp(field.type))
    days = table[name].to_numpy().astype("datetime64[D]")
    found, starts = np.unique(days, return_index=True)
    ends = [*starts[1:], len(days)]
    return {
        day: table.slice(start, end - start)
        for day, start, end in zip(found.tolist(), starts, ends, strict=True)
    }


def _minutes(numbers: pd.Series) -> pd.Series:
    return pd.to_timedelta(numbers.astype("float64"), unit="min").astype("timedelta64[us]")
