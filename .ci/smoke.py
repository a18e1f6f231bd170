"""An installed Driftline, away from its repository, does its work: import, compare, version."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

import driftline as dl

folder = Path(sys.argv[1])
random = np.random.default_rng(0)
before = {"age": random.normal(40, 10, 5000), "plan": random.choice(["a", "b"], 5000)}
after = {**before, "age": before["age"] + 5}
if not Path(dl.__file__).is_relative_to(Path(sys.prefix)):
    sys.exit(f"driftline was imported from {dl.__file__}, not from the installation")

same, moved = dl.compare(before, before), dl.compare(before, after)
if same.drifted or not moved.drifted or moved.columns["plan"].drifted:
    sys.exit(f"unexpected verdicts:\n{same.to_dict()}\n{moved.to_dict()}")

parquet.write_table(pa.table(before), folder / "before.parquet")
parquet.write_table(pa.table(after), folder / "after.parquet")
files = [str(folder / "before.parquet"), str(folder / "after.parquet")]
driftline = str(Path(sys.executable).with_name("driftline"))
for pair, expected in (([files[0], files[0]], 0), (files, 1)):
    done = subprocess.run([driftline, "compare", *pair, "--json"], capture_output=True, text=True)
    if done.returncode != expected:
        sys.exit(f"driftline compare {pair}: exit {done.returncode}\n{done.stdout}{done.stderr}")

print(f"Driftline {dl.__version__} on Python {sys.version.split()[0]} works")
