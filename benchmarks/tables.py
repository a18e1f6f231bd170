"""The tables that are compared, and the yardstick: sorting and counting their columns."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

LEVELS = 10


def make(rows: int, seed: int, numeric: int, categorical: int) -> pa.Table:
    """Independent columns: normal, log-normal and whole numbers, and text of ten levels."""
    random = np.random.default_rng(seed)
    levels = pa.array([f"level-{i}" for i in range(LEVELS)])
    columns: dict[str, pa.Array] = {}
    for i in range(numeric):
        if i % 4 < 2:
            columns[f"normal{i}"] = pa.array(random.normal(size=rows))
        elif i % 4 == 2:
            columns[f"lognormal{i}"] = pa.array(random.lognormal(size=rows))
        else:
            columns[f"whole{i}"] = pa.array(random.integers(0, 100, rows))
    for i in range(categorical):
        columns[f"text{i}"] = levels.take(pa.array(random.integers(0, LEVELS, rows)))
    return pa.table(columns)


def yardstick(*tables: pa.Table) -> None:
    """np.sort of each numeric column, dictionary_encode and value_counts of each of text."""
    columns = [column for table in tables for column in table.columns]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(sort_or_count, columns))


def sort_or_count(column: pa.ChunkedArray) -> None:
    if pa.types.is_string(column.type):
        pc.value_counts(pc.dictionary_encode(column))
    else:
        np.sort(column.to_numpy())
