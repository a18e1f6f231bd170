"""A store in memory, for `backtest`, notebooks and tests; it is gone when its process ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from threading import RLock
from typing import TypeVar

from driftline.acceptance import Acceptance
from driftline.aging import Aged
from driftline.errors import StoreError
from driftline.mutes import Mute
from driftline.records import (
    Changes,
    Event,
    Incident,
    ModelState,
    OutboxRow,
    PerformanceResult,
    WindowResult,
)
from driftline.stores.memory_model import (
    MemoryLearned,
    MemoryModel,
    old_incidents,
    prune_model,
)
from driftline.stores.memory_outbox import MemoryOutbox
from driftline.stores.protocol import Progress
from driftline.windows import Window

T = TypeVar("T")


class MemoryStore:
    """Keeps everything in dictionaries under one lock. See `Store` for what each method does."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._models: dict[str, MemoryModel] = {}
        self._incidents: dict[str, Incident] = {}
        self._events: dict[str, Event] = {}
        self.outbox = MemoryOutbox(self._lock, self._events, self._incidents)
        self.learned = MemoryLearned()
        self._mutes: dict[str, Mute] = {}
        self._acceptances: dict[str, Acceptance] = {}
        self._forgotten: dict[str, ModelState] = {}

    def model(self, name: str) -> ModelState | None:
        kept = self._models.get(name)
        return kept.state if kept else None

    def models(self) -> list[str]:
        with self._lock:
            return sorted(self._models)

    def progress(self) -> dict[str, Progress]:
        with self._lock:
            states = [self._models[name].state for name in sorted(self._models)]
        return {
            s.name: Progress(s.position, s.labels_until, s.revision, s.versions) for s in states
        }

    def begin(self, state: ModelState) -> ModelState:
        with self._lock:
            before = self.model(state.name) or self._forgotten.pop(state.name, None)
            kept = state if before is None else replace(state, revision=before.revision + 1)
            self._models[state.name] = MemoryModel(kept)
            self.learned.forget(state.name)
            return kept

    def record(self, changes: Changes) -> bool:
        with self._lock:
            kept = self._models.get(changes.state.name)
            if (
                kept is None
                or kept.state.revision != changes.state.revision - 1
                or kept.state.reference_key != changes.state.reference_key
            ):
                return False
            self._require_owners(changes)
            kept.state = replace(changes.state, reference=kept.state.reference)
            kept.windows.update((result.window.start, result) for result in changes.windows)
            for blobs, new in (
                (kept.profiles, changes.profiles),
                (kept.predictions, changes.predictions),
                (kept.outcomes, changes.outcomes),
                (kept.outcome_days, changes.outcome_days),
            ):
                blobs.update((window.start, (window, blob)) for window, blob in new.items())
            kept.performance.update(((p.span.end, p.judged_at), p) for p in changes.performance)
            self._incidents.update((incident.id, incident) for incident in changes.incidents)
            self._acceptances.update((one.id, one) for one in changes.acceptances)
            self._tell(changes.events, changes.outbox)
            return True

    def _tell(self, events: Sequence[Event], outbox: Sequence[OutboxRow]) -> None:
        for event in events:
            self._events.setdefault(event.id, event)
        self.outbox.add(outbox)

    def _require_owners(self, changes: Changes) -> None:
        incidents = self._incidents.keys() | {incident.id for incident in changes.incidents}
        events = self._events.keys() | {event.id for event in changes.events}
        for event in changes.events:
            if event.incident.id not in incidents:
                raise StoreError(f'event "{event.id}" comes without its incident')
        for row in changes.outbox:
            if row.event_id not in events:
                raise StoreError(f'outbox row "{row.id}" comes without its event')

    def windows(
        self, model: str, start: datetime | None = None, end: datetime | None = None
    ) -> list[WindowResult]:
        return list(self._span(model, lambda kept: kept.windows, start, end))

    def profiles(
        self, model: str, start: datetime | None = None, end: datetime | None = None
    ) -> dict[Window, bytes]:
        return dict(self._span(model, lambda kept: kept.profiles, start, end))

    def predictions(
        self, model: str, start: datetime | None = None, end: datetime | None = None
    ) -> dict[Window, bytes]:
        return dict(self._span(model, lambda kept: kept.predictions, start, end))

    def outcomes(
        self, model: str, start: datetime | None = None, end: datetime | None = None
    ) -> dict[Window, bytes]:
        return dict(self._span(model, lambda kept: kept.outcomes, start, end))

    def outcome_days(
        self, model: str, start: datetime | None = None, end: datetime | None = None
    ) -> dict[Window, bytes]:
        return dict(self._span(model, lambda kept: kept.outcome_days, start, end))

    def _span(
        self,
        model: str,
        what: Callable[[MemoryModel], Mapping[datetime, T]],
        start: datetime | None,
        end: datetime | None,
    ) -> Iterable[T]:
        with self._lock:
            kept = what(self._models[model]) if model in self._models else {}
            moments = [
                moment
                for moment in kept
                if (start is None or moment >= start) and (end is None or moment < end)
            ]
            return [kept[moment] for moment in sorted(moments)]

    def performance(
        self,
        model: str,
        start: datetime | None = None,
        end: datetime | None = None,
        every_judgement: bool = False,
    ) -> list[PerformanceResult]:
        with self._lock:
            kept = self._models[model].performance if model in self._models else {}
            found = [
                kept[key]
                for key in sorted(kept)
                if (start is None or key[0] > start) and (end is None or key[0] <= end)
            ]
        if every_judgement:
            return found
        return list({result.span.end: result for result in found}.values())

    def drop_predictions(self, model: str, before: datetime) -> None:
        with self._lock:
            if model in self._models:
                kept = self._models[model]
                kept.predictions = {
                    start: (window, blob)
                    for start, (window, blob) in kept.predictions.items()
                    if window.end > before
                }

    def prune(self, model: str, aged: Aged, most: int = 500) -> int:
        with self._lock:
            kept = self._models.get(model)
            if kept is None:
                return 0
            pictured = [i.since for i in self._incidents.values() if i.model == model]
            done = prune_model(kept, aged, most, pictured)
            for incident in old_incidents(self._incidents.values(), model, aged)[: most - done]:
                events = {e.id for e in self._events.values() if e.incident.id == incident.id}
                if self.outbox.forget(events):
                    del self._incidents[incident.id]
                    for event in events:
                        del self._events[event]
                    done += 1
            return done

    def incidents(
        self,
        model: str | None = None,
        open_only: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Incident]:
        with self._lock:
            found = [
                incident
                for incident in self._incidents.values()
                if (model is None or incident.model == model)
                and (until is None or incident.since < until)
                and (incident.is_open or not (open_only or _ended_before(incident, since)))
            ]
        return sorted(found, key=lambda incident: (incident.opened, incident.id))

    def events(self, incident_id: str) -> list[Event]:
        with self._lock:
            found = [event for event in self._events.values() if event.incident.id == incident_id]
        return sorted(found, key=lambda event: event.at)

    def incident(self, incident_id: str) -> Incident | None:
        with self._lock:
            return self._incidents.get(incident_id)

    def act(
        self,
        before: Incident | None,
        after: Incident,
        events: Sequence[Event] = (),
        outbox: Sequence[OutboxRow] = (),
    ) -> bool:
        with self._lock:
            if self._incidents.get(after.id) != before:
                return False
            self._incidents[after.id] = after
            kept = self._models.get(after.model)
            if kept is not None:
                kept.state = kept.state.next()
            self._tell(events, outbox)
            return True

    def acceptances(self, model: str) -> list[Acceptance]:
        with self._lock:
            found = [one for one in self._acceptances.values() if one.model == model]
        return sorted(found, key=lambda one: (one.at, one.id))

    def forget(self, model: str, only_incidents: bool = False) -> None:
        with self._lock:
            for incident in self.incidents(model):
                self.outbox.drop(incident.id)
                for event in self.events(incident.id):
                    del self._events[event.id]
                del self._incidents[incident.id]
            kept = self._models.get(model)
            if kept is not None:
                kept.state = kept.state.next()
                if not only_incidents:
                    self.learned.forget(model)
                    self._forgotten[model] = self._models.pop(model).state
            for one in [] if only_incidents else self.acceptances(model):
                del self._acceptances[one.id]

    def mutes(self, now: datetime) -> list[Mute]:
        with self._lock:
            lasting = [mute for mute in self._mutes.values() if mute.end > now]
        return sorted(lasting, key=lambda mute: (mute.start, mute.id))

    def put_mute(self, mute: Mute) -> None:
        with self._lock:
            self._mutes[mute.id] = mute

    def close(self) -> None:
        """Nothing to close."""


def _ended_before(incident: Incident, moment: datetime | None) -> bool:
    ended = incident.resolved or incident.updated
    return moment is not None and ended < moment
