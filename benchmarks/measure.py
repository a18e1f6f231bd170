"""What the benchmarks share: timing of several jobs in turn, and the peak memory of one job."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path


def in_turn(jobs: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median wall seconds of each job. Jobs take turns, so that a busy spell hits all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for job in jobs.values():
        job()
    for _ in range(repeats):
        for name, job in jobs.items():
            began = time.perf_counter()
            job()
            seconds[name].append(time.perf_counter() - began)
    for name, each in seconds.items():
        told = f"{statistics.median(each):6.2f} s (best {min(each):.2f}, worst {max(each):.2f})"
        print(f"{name:52} {told}", flush=True)
    return {name: statistics.median(each) for name, each in seconds.items()}


def resident() -> int:
    """Bytes of memory that this process holds now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def peak_beyond(job: Callable[[], object]) -> int:
    """Bytes that `job` holds at its peak beyond what the process held before, sampled each 2 ms."""
    before = resident()
    peak = before
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.002):
            peak = max(peak, resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    job()
    peak = max(peak, resident())
    done.set()
    watcher.join()
    return peak - before


def in_subprocess(file: str, *arguments: str) -> dict[str, float]:
    """Run a script of this folder in a process of its own; its last line is a JSON object."""
    done = subprocess.run(
        [sys.executable, file, *arguments], stdout=subprocess.PIPE, text=True, check=True
    )
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told
