"""How the bundled data was made: `python -m driftline.demo.trim SOURCE.parquet TARGET.parquet`.

SOURCE is nycflights13's flights joined with its hourly weather and its planes, one row per flight.
The demo itself never runs this.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from driftline.demo.model import FEATURES

KEPT = ["timestamp", *FEATURES, "arr_delay", "target"]
ORDER = ["timestamp", "origin", "carrier", "dest", "distance"]


def planned_minutes(flights: pd.DataFrame) -> pd.Series:
    """From scheduled departure to scheduled arrival, in minutes.

    The source gives both as local clock times (hhmm) without a zone. Zones differ from New York's
    by whole hours, so the hours come from the distance: the number that brings the duration closest
    to 45 minutes plus a minute for each 7.3 miles, by majority over all flights to an airport in
    the same season (some airports do not change their clocks).
    """
    departs, arrives = (
        flights[name].astype("int64") // 100 * 60 + flights[name].astype("int64") % 100
        for name in ("sched_dep_time", "sched_arr_time")
    )
    clock = (arrives - departs) % 1440
    summer = flights["timestamp"].between(
        pd.Timestamp("2013-03-10", tz="America/New_York"),
        pd.Timestamp("2013-11-03", tz="America/New_York"),
    )
    hours = ((45 + flights["distance"] / 7.3 - clock) / 60).round()
    usual = hours.groupby([flights["dest"], summer], observed=True).transform(
        lambda group: group.mode().iloc[0]
    )
    return (clock + 60 * usual).astype("int16")


def trim(source: Path, target: Path) -> None:
    """Write the columns that the demo uses, sorted by scheduled departure."""
    flights = pq.read_table(source)
    frame = flights.to_pandas()
    order = frame.sort_values(ORDER, kind="stable").index
    kept = (
        flights.select(KEPT)
        .add_column(1, "planned_minutes", pa.array(planned_minutes(frame)))
        .take(pa.array(order))
        .replace_schema_metadata(None)
    )
    pq.write_table(
        kept,
        target,
        compression="zstd",
        compression_level=19,
        row_group_size=len(kept),
        use_dictionary=[name for name in kept.column_names if name != "timestamp"],
        column_encoding={"timestamp": "DELTA_BINARY_PACKED"},
    )


if __name__ == "__main__":
    trim(Path(sys.argv[1]), Path(sys.argv[2]))
