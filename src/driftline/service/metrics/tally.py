"""Tally: counts what happens in this process, for Prometheus."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import accumulate
from threading import Lock

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

import driftline
from driftline.records import Changes
from driftline.service.metrics.catalogue import PROCESS
from driftline.stores.journal import LogId

Labels = tuple[str, ...]


class Tally:
    """The counts of one process by metric and labels. Threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: dict[str, dict[Labels, float]] = defaultdict(dict)
        self._times: dict[str, dict[Labels, list[float]]] = defaultdict(dict)
        self.set("driftline_build_info", 1, driftline.__version__)

    def expect(self, models: Iterable[str], channels: Iterable[str], logs: Iterable[LogId]) -> None:
        """Tell 0 of what has not happened yet, so that the first time is seen as a change."""
        for model in models:
            for name in ("driftline_alarms_total", "driftline_failures_total"):
                self.add(name, 0, model)
            self.add("driftline_windows_judged_total", 0, model, "judged")
        for channel in channels:
            self.add("driftline_notices_sent_total", 0, channel)
            for final in ("yes", "no"):
                self.add("driftline_notice_failures_total", 0, channel, final)
        for log in logs:
            self.add("driftline_ingest_rows_total", 0, log.model, log.kind)

    def add(self, name: str, amount: float, *labels: str) -> None:
        """Count `amount` more; 0 makes a count known that nothing was counted of yet."""
        with self._lock:
            counts = self._counts[name]
            counts[labels] = counts.get(labels, 0) + amount

    def set(self, name: str, value: float, *labels: str) -> None:
        """Have a gauge tell `value`."""
        with self._lock:
            self._counts[name][labels] = value

    def time(self, name: str, seconds: float, *labels: str) -> None:
        """Count one that took so long."""
        bounds = PROCESS[name].buckets
        with self._lock:
            found = self._times[name].setdefault(labels, [0.0] * (len(bounds) + 2))
            found[bisect_left(bounds, seconds)] += 1
            found[-1] += seconds

    def recorded(self, changes: Changes) -> None:
        """Count what a step of a model has recorded."""
        model = changes.state.name
        for result in changes.windows:
            self.add("driftline_windows_judged_total", 1, model, result.status)
            self.add("driftline_alarms_total", result.alarm, model)
        for event in changes.events:
            if event.kind == "opened":
                self.add("driftline_incidents_opened_total", 1, model, event.incident.kind)

    def collect(self) -> Iterator[Metric]:
        """As the client library of Prometheus wants it."""
        with self._lock:
            counts = {name: dict(found) for name, found in self._counts.items()}
            times = {
                name: {labels: list(found) for labels, found in by_labels.items()}
                for name, by_labels in self._times.items()
            }
        for name, metric in PROCESS.items():
            if metric.kind == "histogram":
                yield _histogram(name, times.get(name, {}))
                continue
            kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            family = kind(name, metric.told, labels=metric.labels)
            for labels, value in counts.get(name, {}).items():
                family.add_metric(labels, value)
            yield family


def _histogram(name: str, times: dict[Labels, list[float]]) -> HistogramMetricFamily:
    metric = PROCESS[name]
    bounds = [*(f"{bound:g}" for bound in metric.buckets), "+Inf"]
    family = HistogramMetricFamily(name, metric.told, labels=metric.labels)
    for labels, found in times.items():
        *amounts, seconds = found
        buckets = list(zip(bounds, accumulate(amounts), strict=True))
        family.add_metric(labels, buckets, seconds)
    return family
