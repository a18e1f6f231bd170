"""Accepting: a person says that a change is the new normal, or takes that back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from driftline.acceptance import Acceptance
from driftline.errors import IncidentError
from driftline.records import Changes, Event, Incident, IncidentKind, ModelState, WindowResult
from driftline.service.acts import ROUNDS, outbox_of
from driftline.service.basis import troubled
from driftline.settings.models import ModelSettings, ReferenceSpan
from driftline.stores import Store
from driftline.windows import iso
from driftline.wording import moment

T = TypeVar("T")
ABOUT_COLUMNS: tuple[IncidentKind, ...] = ("data_drift", "prediction_drift", "data_quality")


@dataclass(frozen=True)
class Wish:
    """What somebody asks for.

    Attributes:
        by, reason: who, and why.
        since: from when on the change is normal; None: since the oldest open incident of drift.
        performance: whether performance since then is normal as well.
    """

    by: str
    reason: str = ""
    since: datetime | None = None
    performance: bool = False


@dataclass(frozen=True)
class Accepted:
    """What is so now: the acceptance, and the incidents that it has resolved."""

    acceptance: Acceptance
    resolved: tuple[Incident, ...] = ()


def accept(store: Store, model: ModelSettings, wish: Wish, now: datetime) -> Accepted:
    """What has changed since a date is normal from then on.

    What was judged stays as it was judged. Open incidents of the columns concerned are resolved.
    The acceptance, the incidents and what is told of them are one transaction. Raises
    IncidentError when nothing was judged since that date, or the reference holds it itself.
    """

    def step(state: ModelState) -> tuple[Changes, Accepted]:
        incidents = store.incidents(model.name, open_only=True)
        since = wish.since or _began(incidents, wish)
        _check(model, state, since)
        windows = store.windows(model.name, since, state.position)
        if not windows:
            raise IncidentError(f"no window of {model.name} begins between {iso(since)} and now")
        concerned = _concerned(windows, incidents, since)
        parts = "\0".join([model.name, "accepted", iso(now), iso(since), wish.by])
        acceptance = Acceptance(
            _digest(parts),
            model.name,
            since,
            now,
            wish.by,
            wish.reason,
            tuple(sorted(concerned)),
            wish.performance,
            quality=tuple(sorted(concerned & _of_quality(incidents))),
        )
        over = [i for i in incidents if _is_over(i, concerned, wish)]
        resolved = tuple(_resolved(i, acceptance, now) for i in over)
        events = tuple(
            Event(_digest("\0".join([i.id, parts])), i, "resolved", now, wish.by, wish.reason)
            for i in resolved
        )
        outbox = tuple(row for event in events for row in outbox_of(store, event))
        changes = Changes(
            state.next(),
            incidents=resolved,
            events=events,
            outbox=outbox,
            acceptances=(acceptance,),
        )
        return changes, Accepted(acceptance, resolved)

    return _record(store, model.name, step)


def undo(store: Store, model: str, by: str, reason: str, now: datetime) -> Acceptance:
    """Take back what was accepted last and still holds: windows from now on are judged as if it had
    never been said. It stays on record. Raises IncidentError when nothing is accepted."""

    def step(state: ModelState) -> tuple[Changes, Acceptance]:
        holding = [one for one in store.acceptances(model) if one.holds]
        if not holding:
            raise IncidentError(f"nothing is accepted of {model}; there is nothing to undo")
        undone = replace(holding[-1], undone_at=now, undone_by=by, undone_reason=reason)
        return Changes(state.next(), acceptances=(undone,)), undone

    return _record(store, model, step)


def _record(store: Store, model: str, step: Callable[[ModelState], tuple[Changes, T]]) -> T:
    """Record a step on the model as it is now; begin again where a run was faster."""
    for _ in range(ROUNDS):
        state = store.model(model)
        if state is None:
            raise IncidentError(f"{model} was never judged; run `driftline check` first")
        changes, told = step(state)
        if store.record(changes):
            return told
    raise IncidentError(f"{model} is being judged at the moment; try again")


def _began(incidents: Sequence[Incident], wish: Wish) -> datetime:
    """When the trouble began that is to be normal."""
    kinds = [*ABOUT_COLUMNS, *(["performance"] if wish.performance else [])]
    found = [i.since for i in incidents if i.kind in kinds and (i.columns or wish.performance)]
    if not found:
        raise IncidentError(
            "no drift is open; say from when on the change is normal (--from 2026-03-01)"
        )
    return min(found)


def _check(model: ModelSettings, state: ModelState, since: datetime) -> None:
    spec = model.reference
    if isinstance(spec, ReferenceSpan) and since < spec.end:
        raise IncidentError(
            f"the reference of {model.name} ends at {moment(spec.end)}; a change can be accepted "
            f"from then on, found {moment(since)}"
        )
    if since >= state.position:
        raise IncidentError(
            f"{model.name} is judged until {moment(state.position)}; a change can be accepted that "
            f"began before, found {moment(since)}"
        )


def _concerned(
    windows: Sequence[WindowResult], incidents: Sequence[Incident], since: datetime
) -> set[str]:
    """The columns of open incidents that have lasted beyond `since`; without any, those that
    something was found about in the newest window. What was over before is not accepted with it: a
    fault that comes back is found again."""
    open_since = [i for i in incidents if i.kind in ABOUT_COLUMNS and i.updated > since]
    found = {name for incident in open_since for name in incident.columns}
    return found or set(troubled(windows[-1]))


def _of_quality(incidents: Sequence[Incident]) -> set[str]:
    """The columns whose data quality an incident is about."""
    return {name for i in incidents if i.kind == "data_quality" for name in i.columns}


def _is_over(incident: Incident, concerned: set[str], wish: Wish) -> bool:
    if incident.kind == "performance":
        return wish.performance
    return bool(incident.columns) and set(incident.columns) <= concerned


def _resolved(incident: Incident, acceptance: Acceptance, now: datetime) -> Incident:
    why = f": {acceptance.reason}" if acceptance.reason else ""
    by = f" by {acceptance.by}" if acceptance.by else ""
    told = f"Accepted as normal since {moment(acceptance.since)}{by}{why}"
    return replace(
        incident,
        state="resolved",
        resolved=now,
        updated=max(now, incident.updated),
        snoozed_until=None,
        facts=(*incident.facts, told),
    )


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
