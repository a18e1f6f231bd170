"""NannyML behind the command line that a judge of alarms calls: `backtest --config FILE --json`.

Reads the models of a settings file as Driftline does (JSON, Parquet, daily windows), watches every
column with NannyML's univariate drift detection as it comes (Jensen-Shannon, chunks of a day,
thresholds at 3 standard deviations of the reference's chunks), and prints windows and incidents
in Driftline's shape. A window alarms when any column alerts; columns are sorted by how far beyond
their thresholds they are. Make an environment of its own for it (`pip install nannyml pyarrow`); it
needs nothing of Driftline.

    python benchmarks/peer_backtest.py backtest --config driftline.yaml --json
"""

from __future__ import annotations

import argparse
import json
import os
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

QUIET = 7
"""Days without an alarm after which the next one opens an incident."""


def told(model: dict[str, Any]) -> dict[str, Any]:
    """What NannyML says of one model, in Driftline's shape."""
    pandas = import_module("pandas")
    asked, span = model["predictions"], model["reference"]
    frame = pandas.read_parquet(asked["path"]).sort_values(asked["timestamp"])
    days = frame[asked["timestamp"]]
    reference = frame[(days >= span["from"]) & (days < span["to"])]
    names = [
        name
        for name in frame.columns.drop(asked["timestamp"])
        if reference[name].notna().any()  # a column without a value stops it
    ]
    calculator = import_module("nannyml").UnivariateDriftCalculator(
        column_names=names, timestamp_column_name=asked["timestamp"], chunk_period="D"
    )
    live = frame[days >= span["to"]]
    results = calculator.fit(reference).calculate(live).filter(period="analysis").to_df()
    windows = [_window(names, row) for _, row in results.iterrows()]
    alarms = [window["alarm"] for window in windows]
    opened = [
        {"kind": "data_drift", "opened": window["start"]}
        for i, window in enumerate(windows)
        if window["alarm"] and not any(alarms[max(0, i - QUIET) : i])
    ]
    return {"name": model["name"], "windows": windows, "incidents": opened}


def _window(names: list[str], row: Any) -> dict[str, Any]:
    columns: list[dict[str, Any]] = []
    for name in names:
        found = row[name].droplevel(0) if row[name].index.nlevels > 1 else row[name]
        far = float(found["value"] / found["upper_threshold"])
        columns.append({"name": name, "alarm": bool(found["alert"]), "blame": far})
    columns.sort(key=lambda column: (not column["alarm"], -column["blame"]))
    start = row[("chunk", "chunk", "start_date")]
    alarm = any(column["alarm"] for column in columns)
    return {"start": f"{start.date().isoformat()}T00:00:00Z", "alarm": alarm, "columns": columns}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["backtest"])
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--json", action="store_true", required=True)
    asked = parser.parse_args()
    os.environ.update(NML_DISABLE_USAGE_LOGGING="1", DO_NOT_TRACK="1")
    warnings.simplefilter("ignore")
    models = json.loads(asked.config.read_text(encoding="utf-8"))["models"]
    print(json.dumps({"models": [told(model) for model in models]}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
