"""Basis: what a window is compared with: the reference, what was accepted, or a rolling one."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from driftline.acceptance import (
    MOVES,
    REMEMBERED,
    Acceptance,
    Plan,
    Rolling,
    Seen,
    enough_windows,
    learned_since,
    most_learned,
    plan_for,
)
from driftline.alarms.blame import Movement
from driftline.alarms.calibration import SPANS, Calibration
from driftline.profiles.codec import decode_profile
from driftline.profiles.profile import Profile
from driftline.records import Incident, ModelState, WindowResult
from driftline.reference import Reference
from driftline.service.faults import MISSING_VALUES
from driftline.service.learned import Learned, Taught, without
from driftline.settings.models import ModelSettings, ReferenceSpan
from driftline.stores import Store
from driftline.windows import Window, window_at
from driftline.wording import count, listing, moment, one_line
from driftline.wording import span as in_words

LEFT_OUT = 20
"""Windows in a row between two that are known, from which on incidents are not read for both."""


@dataclass(frozen=True)
class Basis:
    """What windows are compared with for a time.

    Attributes:
        plan: which windows these are.
        total: the profile of all of them, of every column.
        calibration: learned from these windows; None where they are too few.
        movement: how columns move from one of them to the next.
        note: what its owner should know of it.
    """

    plan: Plan
    total: Profile
    calibration: Calibration | None
    movement: Movement
    note: str = ""

    def of(self, profile: Profile) -> Profile:
        """A profile without the columns that are not judged yet."""
        return without(profile, self.plan.set_aside)

    def told(self, note: str) -> str:
        """What is said of how a window was judged, with what is to say of this."""
        return "; ".join(part for part in (note, self.note) if part)


@dataclass
class Bases:
    """The bases of one model, made when they are asked for."""

    model: ModelSettings
    learned: Learned
    store: Store
    state: ModelState
    acceptances: tuple[Acceptance, ...] = ()
    seen: dict[Window, frozenset[str]] = field(default_factory=dict)
    _made: dict[tuple[tuple[Window, ...] | None, frozenset[str]], Taught] = field(
        default_factory=dict
    )
    _planned: tuple[datetime, Plan] | None = None

    @property
    def rolling(self) -> Rolling | None:
        spec = self.model.reference
        if isinstance(spec, ReferenceSpan) and spec.rolling is not None:
            return Rolling(spec.rolling, spec.gap)
        return None

    @property
    def moves(self) -> bool:
        """Whether there is any other basis than the reference."""
        return bool(self.acceptances) or self.rolling is not None

    @property
    def performance_since(self) -> datetime | None:
        """Since when performance is as it is normal, where somebody has said so."""
        return max((one.since for one in self.acceptances if one.performance), default=None)

    def add(self, result: WindowResult) -> None:
        """Remember a window that was judged."""
        if self.moves and result.status == "judged":
            lost = {
                f"missing values of {f.column}" for f in result.faults if f.code == MISSING_VALUES
            }
            self.seen[result.window] = troubled(result) | lost  # accepted is that the column drifts

    def at(self, window: Window) -> Basis:
        """What `window` is compared with."""
        plan = self._plan(window) if self.moves else Plan()
        key = plan.windows, plan.set_aside
        if key not in self._made:
            self._made[key] = self._learned(plan)
        return Basis(plan, *self._made[key], note_of(plan))

    def _learned(self, plan: Plan) -> Taught:
        """What the windows of a plan teach as they are now: late predictions may have changed them
        since they were learned from the last time."""
        blobs: dict[Window, bytes] = {}
        if plan.windows is not None:
            first, last = min(plan.windows).start, max(plan.windows).end
            kept = self.store.profiles(self.model.name, first, last)
            blobs = {window: kept[window] for window in plan.windows if window in kept}
        stands = hashlib.blake2b(b"".join(blobs.values()), digest_size=16).digest()
        key = plan.windows, plan.set_aside, stands
        return self.learned.of(key, partial(self._profiles, blobs))

    def _plan(self, window: Window) -> Plan:
        if self.acceptances:
            return self._plan_now(window)
        week = window_at(window.start, MOVES).start  # a rolling reference moves once a week
        if self._planned is None or self._planned[0] != week:
            self._planned = week, self._plan_now(window)
        return self._planned[1]

    def _plan_now(self, window: Window) -> Plan:
        listed = self._troubles()
        if self.rolling:
            own = self.learned.windows.difference(self.seen)
            listed = sorted([*map(Seen, own), *listed], key=lambda one: one.window)
        most = len(self.learned.windows)
        return plan_for(window, self.acceptances, listed, most, self.rolling)

    def _troubles(self) -> list[Seen]:
        """The windows that were judged, with what was found about their columns, in order."""
        found = []
        for windows in _stretches(sorted(self.seen)):
            first, end = windows[0].start, windows[-1].end
            incidents = self.store.incidents(self.model.name, since=first, until=end)
            for one in windows:
                theirs = (i.columns for i in incidents if _lies_in(one, i))
                found.append(Seen(one, self.seen[one].union(*theirs)))
        return found

    def read_since(self, one: Acceptance) -> bool:
        """Read of the windows since an acceptance as many as can be learned from; whether these are
        enough to judge by, so that what is before does not matter."""
        model, position = self.model, self.state.position
        needed = most_learned(model.window, len(self.learned.windows))
        start, known = one.since, 0
        while start < position and known < needed:
            end = min(start + (needed - known) * model.window, position)
            for result in self.store.windows(model.name, start, end):
                self.add(result)
            start, known = end, learned_since(one, self.acceptances, self._troubles())
        again = position - model.late_predictions - model.window  # these may be judged again
        old = [seen for seen in self._troubles() if seen.window.end <= again]
        return learned_since(one, self.acceptances, old) >= enough_windows(model.window)

    def _profiles(
        self, blobs: Mapping[Window, bytes], chosen: Collection[Window]
    ) -> dict[Window, Profile]:
        """The profiles of some windows, as far as they are known; some may be the reference's."""
        grids = self.learned.reference.grids
        own = {}
        if not self.learned.windows.isdisjoint(chosen):
            own = Reference.from_bytes(self.state.reference).windows
        found = {window: decode_profile(blob, grids) for window, blob in blobs.items()}
        return {**found, **{window: own[window] for window in chosen if window in own}}


def troubled(result: WindowResult) -> frozenset[str]:
    """The columns that something was found about in a window."""
    named = {fault.column for fault in result.faults if fault.column}
    named |= {column.name for column in result.verdict.blamed} if result.verdict else set()
    return frozenset(named)


def _stretches(windows: Sequence[Window]) -> Iterator[list[Window]]:
    """Windows in order, cut where many are left out: what happened there is not read."""
    held: list[Window] = []
    for window in windows:
        if held and window.start - held[-1].end > LEFT_OUT * window.length:
            yield held
            held = []
        held.append(window)
    if held:
        yield held


def _lies_in(window: Window, incident: Incident) -> bool:
    ended = incident.resolved is not None and incident.resolved <= window.start
    return incident.since <= window.start and not ended


def note_of(plan: Plan) -> str:
    """What the owner should know of what a window was compared with."""
    told = []
    if plan.windows is not None:
        whole = in_words(Window(plan.windows[0].start, plan.windows[-1].end))
        told.append(f"compared with {count(len(plan.windows), 'window')}, {whole}")
    if plan.accepted is not None:
        by = f" by {one_line(plan.accepted.by)}" if plan.accepted.by else ""
        told.append(f"what is so since {moment(plan.accepted.since)} was accepted as normal{by}")
    if plan.waiting:
        newest = plan.waiting[-1]
        known = f"{plan.known} of {plan.enough} windows of it are known"
        names = sorted(plan.set_aside)
        verb = "is" if len(names) == 1 else "are"
        waits = f"; until then {listing(names, 5)} {verb} not judged" if names else ""
        told.append(f"accepted as normal since {moment(newest.since)}: {known}{waits}")
    return "; ".join(told)


def load_bases(model: ModelSettings, learned: Learned, store: Store, state: ModelState) -> Bases:
    """The bases of a model as it stands."""
    position = state.position
    kept = [one for one in store.acceptances(model.name) if one.holds]
    spec = model.reference
    if isinstance(spec, ReferenceSpan):  # what the reference has itself is not accepted again
        kept = [one for one in kept if one.since >= spec.end]
    bases = Bases(model, learned, store, state, tuple(kept))
    if not bases.moves:
        return bases
    for one in sorted(kept, key=lambda one: (one.since, one.at), reverse=True):
        if bases.read_since(one):
            break
    if bases.rolling is not None:
        first = position - REMEMBERED * bases.rolling.length - bases.rolling.gap
        for result in store.windows(model.name, first, position):
            bases.add(result)
    return bases


def memory(model: ModelSettings) -> timedelta:
    """How long the evidence of a window counts at most, when the windows since were too small."""
    return 4 * max(SPANS) * model.window


def kept_windows(bases: Bases, position: datetime) -> Iterator[tuple[Window, Profile]]:
    """The windows before `position` whose evidence still counts, in order."""
    model = bases.model
    kept = bases.store.profiles(model.name, position - memory(model), position)
    for window, blob in kept.items():
        yield window, decode_profile(blob, bases.learned.reference.grids)
