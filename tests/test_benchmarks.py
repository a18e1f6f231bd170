"""The benchmarks still run. What they measure is not judged here: see benchmarks/README.md."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SMALL = {
    "compare_speed.py": ["--rows", "2000", "--repeats", "1"],
    "profile_parquet.py": ["--millions", "1", "--repeats", "1", "--memory-at"],
    "day_cost.py": ["--days", "10", "--rows", "50"],
    "log_throughput.py": ["--seconds", "0.3"],
    "fleet_cost.py": ["--models", "2", "--features", "3", "--rows", "30", "--days", "33"],
    "client_overhead.py": ["--calls", "400", "--pace", "2000"],
}


def test_windows_of_every_length_are_judged() -> None:
    done = subprocess.run(
        [sys.executable, "window_lengths.py", "--seeds", "1", "--only", "1w"],
        cwd=ROOT / "benchmarks",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("| 1w |") == 2


@pytest.mark.parametrize("name", SMALL)
def test_a_benchmark_runs_and_tells_its_ratio(name: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / name), *SMALL[name]],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "ratio " in done.stdout
