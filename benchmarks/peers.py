"""How long other libraries take for the comparison of compare_speed.py: each once, if installed.

Make an environment of its own for each (`pip install evidently`, `pip install nannyml`) and run
this file with it. It needs nothing of Driftline.

    python benchmarks/peers.py [--rows 1000000]
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from measure import peak_beyond
from tables import make, yardstick

NUMERIC, CATEGORICAL = 40, 10


def evidently(reference: Any, current: Any) -> None:
    preset = import_module("evidently.presets").DataDriftPreset()
    import_module("evidently").Report([preset]).run(current, reference)


def nannyml(reference: Any, current: Any) -> None:
    calculator = import_module("nannyml").UnivariateDriftCalculator(
        column_names=list(reference.columns),
        continuous_methods=["jensen_shannon"],
        categorical_methods=["jensen_shannon"],
        chunk_number=1,
    )
    calculator.fit(reference).calculate(current)


PEERS: dict[str, Callable[[Any, Any], None]] = {
    "evidently": evidently,
    "nannyml": nannyml,
}


def seconds_of(job: Callable[[], object]) -> float:
    began = time.perf_counter()
    job()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    os.environ.update(NML_DISABLE_USAGE_LOGGING="1", DO_NOT_TRACK="1")
    small = [make(1000, seed, NUMERIC, CATEGORICAL).to_pandas() for seed in (1, 2)]
    tables = [make(rows, seed, NUMERIC, CATEGORICAL) for seed in (1, 2)]
    reference, current = (table.to_pandas() for table in tables)
    for name, compare in PEERS.items():
        try:
            told = version(name)
        except PackageNotFoundError:
            print(f"{name} is not installed")
            continue
        compare(*small)  # imports are not counted
        yard = statistics.median(seconds_of(partial(yardstick, *tables)) for _ in range(5))
        began = time.perf_counter()
        memory = peak_beyond(partial(compare, reference, current))
        seconds = time.perf_counter() - began
        ratio = f"{seconds / yard:.0f} times the yardstick's {yard:.2f} s"
        print(f"{name} {told}: {seconds:.1f} s, {ratio}, {memory / 1e6:,.0f} MB beyond the tables")


if __name__ == "__main__":
    main()
