"""State: how the store stands, read when Prometheus asks.

What a model found last is read again only when something of the model has changed.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from threading import Lock
from typing import get_args

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from sqlalchemy import Engine

from driftline.errors import StoreError
from driftline.records import SEVERITIES, Incident, IncidentKind
from driftline.service.behind import overdue, windows_behind
from driftline.service.metrics.catalogue import STATE
from driftline.settings.channels import channels_of
from driftline.settings.models import Settings
from driftline.stores import Store
from driftline.stores.schedule import Schedule
from driftline.stores.standing import Newest, Standing
from driftline.windows import EPOCH, parse_moment

KINDS: tuple[IncidentKind, ...] = get_args(IncidentKind)

Sample = tuple[str, tuple[str, ...], float]
"""A metric's name, the values of its labels, and its value."""


class State:
    """The gauges of a store, in the database of `engine`. `clock` gives the moment."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        engine: Engine,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._models = {model.name: model for model in settings.models}
        self._channels = {channel.name for channel in channels_of(settings)}
        self._columns = settings.api.metrics_columns
        self._store = store
        self._schedule = Schedule(engine)
        self._standing = Standing(engine)
        self._clock = clock
        self._found: dict[str, tuple[int, list[Sample]]] = {}
        self._lock = Lock()

    def collect(self) -> Iterator[Metric]:
        """As the client library of Prometheus wants it; without a store only that it is away."""
        with self._lock:
            try:
                samples = list(self._samples())
                samples.append(("driftline_store_up", (), 1.0))
            except StoreError:
                samples = [("driftline_store_up", (), 0.0)]
        by_name: dict[str, list[Sample]] = defaultdict(list)
        for sample in samples:
            by_name[sample[0]].append(sample)
        for name, metric in STATE.items():
            family = GaugeMetricFamily(name, metric.told, labels=metric.labels)
            for _, labels, value in by_name[name]:
                family.add_metric(labels, value)
            yield family

    def _samples(self) -> Iterator[Sample]:
        now = self._clock()
        places = {p.model: p for p in self._standing.places() if p.model in self._models}
        yield from self._turns({name: place.position for name, place in places.items()}, now)
        yield from _incidents(self._store.incidents(open_only=True), self._models)
        changed = [n for n, p in places.items() if self._revision(n) != p.revision]
        for name, newest in self._standing.newest(changed).items():
            samples = list(_newest(name, newest, self._columns))
            self._found[name] = (places[name].revision, samples)
        for name in places:
            yield from self._found[name][1]
        yield from self._queues()
        for waiting in self._standing.waiting():
            labels = (waiting.log.model, waiting.log.kind)
            yield "driftline_log_waiting_rows", labels, waiting.rows
            age = (now - waiting.oldest).total_seconds()
            yield "driftline_log_waiting_seconds", labels, max(0.0, age)

    def _revision(self, model: str) -> int | None:
        known = self._found.get(model)
        return known[0] if known else None

    def _turns(self, positions: Mapping[str, datetime], now: datetime) -> Iterator[Sample]:
        for turn in self._schedule.turns():
            if turn.model not in self._models:
                continue
            labels = (turn.model,)
            behind = windows_behind(self._models[turn.model], positions.get(turn.model), turn, now)
            since = turn.failing_since
            yield "driftline_windows_behind", labels, behind
            yield "driftline_overdue_seconds", labels, overdue(turn, now).total_seconds()
            yield "driftline_failures_in_a_row", labels, turn.failures
            failing = max(0.0, (now - since).total_seconds()) if since else 0.0
            yield "driftline_failing_seconds", labels, failing
            if turn.last:
                took = parse_moment(turn.last["finished"]) - parse_moment(turn.last["started"])
                yield "driftline_last_look_seconds", labels, took.total_seconds()
        for name, position in positions.items():
            seconds = (position - EPOCH).total_seconds()
            yield "driftline_judged_until_timestamp_seconds", (name,), seconds

    def _queues(self) -> Iterator[Sample]:
        found = {(q.channel, q.state): q.notices for q in self._standing.queues()}
        for channel in sorted(self._channels | {channel for channel, _ in found}):
            for state in ("pending", "claimed", "held", "failed"):
                notices = found.get((channel, state), 0)
                yield "driftline_outbox_notices", (channel, state), notices


def _incidents(incidents: Iterable[Incident], models: Iterable[str]) -> Iterator[Sample]:
    """Every model with every severity and kind, so that a count that falls is seen to be 0."""
    found = list(incidents)
    severities = Counter((incident.model, incident.severity) for incident in found)
    kinds = Counter((incident.model, incident.kind) for incident in found)
    for model in models:
        for severity in SEVERITIES:
            amount = severities[model, severity]
            yield "driftline_incidents_open", (model, severity), amount
        for kind in KINDS:
            yield "driftline_incidents_open_by_kind", (model, kind), kinds[model, kind]


def _newest(model: str, newest: Newest, columns: int) -> Iterator[Sample]:
    labels = (model,)
    if newest.window is not None:
        yield "driftline_window_rows", labels, newest.window.rows
    verdict = newest.judged.verdict if newest.judged else None
    if verdict is not None:
        yield "driftline_drift_alarm", labels, verdict.alarm
        yield "driftline_drift_p_value", labels, verdict.p_value
        yield "driftline_columns_in_alarm", labels, len(verdict.blamed)
        for column in verdict.columns[:columns]:
            if math.isfinite(column.effect):
                yield "driftline_column_effect", (model, column.name), column.effect
    performance = newest.performance
    if performance is None:
        return
    yield "driftline_performance_alarm", labels, performance.alarm
    yield "driftline_labelled_share", labels, performance.coverage
    for name, change in performance.metrics.items():
        told = {"": change.current, "_baseline": change.baseline, "_drop": change.drop}
        for what, value in told.items():
            if value is not None and math.isfinite(value):
                yield f"driftline_performance{what}", (model, name), value
