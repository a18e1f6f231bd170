"""Outages: a source that cannot be read for longer than its model's patience is an incident of its
own. While it lasts nothing is known; that is never the same as "no drift"."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from driftline.records import Cause, Changes, Event, EventKind, Incident, ModelState
from driftline.service.routing import outbox_rows
from driftline.service.run import Told
from driftline.service.schedule import patience_of
from driftline.settings.models import ModelSettings
from driftline.stores import Store
from driftline.windows import iso
from driftline.wording import moment, one_line, shortened

LONGEST = 300
"""Characters of an error that are told."""

_NEXT = (
    "See that the source is up, and that its address and password in the settings are right.",
    "driftline config check asks it, and tells what is wrong.",
    "When it can be read again the windows since are judged, oldest first, without a hand on it.",
)
_FACTS: dict[Cause, str] = {
    "predictions": "No window since then is judged: that there is no alarm means nothing",
    "labels": "Windows are judged for drift; performance is not followed until labels can be read",
}
_NEVER_BEGUN = "Nothing of this model was ever judged: that there is no alarm means nothing"


@dataclass(frozen=True)
class _Trouble:
    """What cannot be read, since when, and why; `begun` is whether the model ever was."""

    cause: Cause
    since: datetime
    error: str
    begun: bool = True

    @property
    def facts(self) -> tuple[str, ...]:
        told = shortened(one_line(self.error), LONGEST)
        if not self.begun:
            return (f"cannot begin since {moment(self.since)}: {told}", _NEVER_BEGUN)
        what = "data" if self.cause == "predictions" else "labels"
        return (f"no {what} since {moment(self.since)}: {told}", _FACTS[self.cause])


@dataclass(frozen=True)
class _Step:
    """An incident before and after a look, and what is told of it."""

    before: Incident | None
    after: Incident
    events: tuple[Event, ...]


def settle_outages(
    model: ModelSettings,
    store: Store,
    told: Told,
    now: datetime,
    failing_since: datetime | None = None,
) -> None:
    """Open an incident when a look at `model` failed and has for too long, resolve it when one has
    gone well.

    Args:
        told: what the look at `now` had to say.
        failing_since: when the first of the looks failed that have failed in a row; None where
            nobody keeps that: then from when on the first window that is missing could be judged.

    Of a model that was never begun no window is missing: without `failing_since` its error is told
    as it is.
    """
    state = store.model(model.name)
    trouble = _trouble(told, state, store, failing_since)
    known = [i for i in store.incidents(model.name, open_only=True) if i.cause is not None]
    steps = [
        _Step(before, after, () if after.is_open else (_event(after, "resolved", now),))
        for before in known
        if (after := _after(before, trouble, now)) != before
    ]
    is_known = trouble is not None and any(i.cause == trouble.cause for i in known)
    if trouble is not None and not is_known and _lasts(model, trouble, now, failing_since):
        opened = _opened(model.name, trouble, now)
        steps.append(_Step(None, opened, (_event(opened, "opened", now),)))
    if steps:
        _record(model, store, state, steps, now)


def _trouble(
    told: Told, state: ModelState | None, store: Store, failing_since: datetime | None
) -> _Trouble | None:
    if not told.error:
        return None
    if state is None:
        if failing_since is None:
            return None
        return _Trouble("predictions", failing_since, told.error, begun=False)
    if not told.labels_alone:
        return _Trouble("predictions", state.position, told.error)
    since = state.labels_until
    if since is None:  # they have never been read
        judged = store.windows(state.name)
        since = judged[0].window.start if judged else state.position
    return _Trouble("labels", since, told.error)


def _lasts(
    model: ModelSettings, trouble: _Trouble, now: datetime, failing_since: datetime | None
) -> bool:
    could_be_judged = trouble.since + model.window + model.predictions.delay
    return now - (failing_since or could_be_judged) >= patience_of(model)


def _after(incident: Incident, trouble: _Trouble | None, now: datetime) -> Incident:
    """The open incident after one more look. Of labels nothing is known while predictions fail."""
    if trouble is None or (trouble.cause == "labels" and incident.cause == "predictions"):
        facts = (*incident.facts, f"Read again {moment(now)}")
        return replace(incident, state="resolved", resolved=now, updated=now, facts=facts)
    if trouble.cause != incident.cause:
        return incident
    lasting = replace(trouble, since=incident.since)
    if lasting.facts == incident.facts:
        return incident
    return replace(incident, facts=lasting.facts, message=lasting.facts[0], updated=now)


def _opened(model: str, trouble: _Trouble, now: datetime) -> Incident:
    return Incident(
        id=_digest(model, "outage", trouble.cause, iso(now)),
        model=model,
        kind="data_quality",
        severity="high" if trouble.cause == "predictions" else "medium",
        state="open",
        opened=now,
        updated=now,
        resolved=None,
        since=trouble.since,
        columns=(),
        message=trouble.facts[0],
        facts=trouble.facts,
        next_steps=_NEXT,
        magnitudes=(0.0,),
        cause=trouble.cause,
    )


def _record(
    model: ModelSettings,
    store: Store,
    state: ModelState | None,
    steps: Sequence[_Step],
    now: datetime,
) -> None:
    """Who was faster has seen the same; what differs is found by the next look."""
    batch = f"{model.name} outage {iso(now)}"
    if state is None:
        for step in steps:
            rows = outbox_rows(step.events, model.channels, batch)
            store.act(step.before, step.after, step.events, rows)
        return
    incidents = tuple(step.after for step in steps)
    events = tuple(event for step in steps for event in step.events)
    rows = outbox_rows(events, model.channels, batch)
    store.record(Changes(state.next(), incidents=incidents, events=events, outbox=rows))


def _event(incident: Incident, kind: EventKind, now: datetime) -> Event:
    return Event(_digest(incident.id, kind, iso(now)), incident, kind, now)


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()
