"""How long `driftline.compare` takes, as a ratio to sorting and counting the same columns.

Two Arrow tables in memory, 40 numeric columns and 10 categorical ones of 10 levels. The yardstick
sorts every numeric column with np.sort and counts every categorical one with pyarrow's
dictionary_encode and value_counts, both sides, on the same number of threads.

    python benchmarks/compare_speed.py [--rows 1000000] [--repeats 5]
"""

from __future__ import annotations

import argparse
import json
import os

import driftline as dl
from measure import in_subprocess, in_turn, peak_beyond
from tables import make, yardstick

NUMERIC, CATEGORICAL = 40, 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--memory", action="store_true", help="measure memory only, as JSON")
    told = parser.parse_args()
    reference, current = (make(told.rows, seed, NUMERIC, CATEGORICAL) for seed in (1, 2))
    if told.memory:
        dl.compare(reference.slice(0, 1000), current.slice(0, 1000))  # imports are not counted
        print(json.dumps({"bytes": peak_beyond(lambda: dl.compare(reference, current))}))
        return
    print(f"{told.rows:,} x {reference.num_columns} against as much, {os.cpu_count()} threads")
    seconds = in_turn(
        {
            "sort and count (yardstick)": lambda: yardstick(reference, current),
            "driftline.compare": lambda: dl.compare(reference, current),
        },
        told.repeats,
    )
    ratio = seconds["driftline.compare"] / seconds["sort and count (yardstick)"]
    memory = in_subprocess(__file__, "--memory", "--rows", str(told.rows))["bytes"]
    print(f"ratio {ratio:.2f} (at most 2.5)")
    print(f"peak memory beyond the two tables {memory / 1e6:,.0f} MB (under 500)")


if __name__ == "__main__":
    main()
