"""How long profiling a Parquet file takes, as a ratio to reading and sorting it; and its memory.

A file of 8 numeric and 2 text columns is read by Driftline's Parquet source and profiled batch by
batch against a fitted reference. The yardstick reads batches of the same size with pyarrow and
sorts each column of each (np.sort; text is dictionary-encoded), on as many threads. Memory is shown
for several sizes of file: it must not grow with the file.

    python benchmarks/profile_parquet.py [--millions 10] [--repeats 5] [--memory-at 1 10 30]
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

import driftline as dl
from driftline.profiles.profile import profile_batches
from driftline.sources import open_source
from driftline.sources.formats import batch_rows
from driftline.sources.parquet import ParquetSettings
from measure import in_subprocess, in_turn, peak_beyond
from tables import make

NUMERIC, CATEGORICAL = 8, 2
COLUMNS = NUMERIC + CATEGORICAL


def table(rows: int, seed: int) -> pa.Table:
    return make(rows, seed, NUMERIC, CATEGORICAL)


def write(folder: Path, millions: int) -> Path:
    path = folder / f"{millions}-million.parquet"
    if not path.exists():
        half_made = path.with_suffix(".part")
        with parquet.ParquetWriter(half_made, table(1, 0).schema) as writer:
            for seed in range(millions):
                writer.write_table(table(1_000_000, seed))
        half_made.rename(path)
    return path


def batches(path: Path) -> Iterator[pa.RecordBatch]:
    with parquet.ParquetFile(path, pre_buffer=False) as file:
        yield from file.iter_batches(batch_rows(COLUMNS))


def yardstick(path: Path) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for batch in batches(path):
            list(pool.map(sort_or_encode, batch.columns))


def sort_or_encode(column: pa.Array) -> None:
    if pa.types.is_string(column.type):
        pc.dictionary_encode(column)
    else:
        np.sort(column.to_numpy())


def profile(reference: dl.Reference, path: Path) -> None:
    source = open_source(ParquetSettings(path=str(path)))
    profile_batches(reference.grids, source.batches())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--millions", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--memory-at", type=int, nargs="*", default=[1, 10, 30], metavar="MILLIONS")
    parser.add_argument("--folder", type=Path, help="keep the files here; default: nowhere")
    parser.add_argument("--memory", action="store_true", help="measure memory only, as JSON")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as throw_away:
        folder = told.folder or Path(throw_away)
        path = write(folder, told.millions)
        reference = dl.Reference.fit(table(1_000_000, 100))
        if told.memory:
            print(json.dumps({"bytes": peak_beyond(lambda: profile(reference, path))}))
            return
        print(f"{told.millions} million x {COLUMNS} values of Parquet, {os.cpu_count()} threads")
        seconds = in_turn(
            {
                "read and sort in batches (yardstick)": lambda: yardstick(path),
                "profile against a fitted reference": lambda: profile(reference, path),
            },
            told.repeats,
        )
        yard, ours = seconds.values()
        print(f"ratio {ours / yard:.2f} (at most 1.5)")
        for millions in told.memory_at:
            write(folder, millions)
            asked = ("--memory", "--millions", str(millions), "--folder", str(folder))
            memory = in_subprocess(__file__, *asked)["bytes"]
            print(f"peak memory for {millions:2} million rows: {memory / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
