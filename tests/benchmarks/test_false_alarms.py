"""The benchmark of false alarms runs from a clone; its figures are in the docs (alarms.md)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_it_judges_streams_by_every_rule_and_prints_tables() -> None:
    told = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "false_alarms.py", "--quick"],
        capture_output=True,
        text=True,
        check=True,
    )
    cells = [[c.strip() for c in line.split("|")[1:-1]] for line in told.stdout.splitlines()]
    rows = {row[0]: row[1:] for row in cells if row}
    assert float(rows["textbook tests, p < 0.01"][2]) > 5
    assert float(rows["Driftline"][2]) <= 5
    assert float(rows["20 % of a new category"][0]) == 1.0
    assert "3 of 3 streams" in told.stderr
