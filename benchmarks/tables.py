"""The tables that are compared: normal, log-normal and whole numbers, and text of ten levels."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

LEVELS = 10


def make(rows: int, seed: int, numeric: int, categorical: int) -> pa.Table:
    """A table of independent columns; half of the numeric ones are normal."""
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
