"""Learned: what a model's reference teaches, kept while the service lives, and in its store.

Decoding a reference of many windows and calibrating alarms on them takes seconds; judging a window
takes milliseconds. Of the windows no profile is kept, so that hundreds of models fit in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from threading import Semaphore

from driftline.alarms.blame import Movement, movement_of
from driftline.alarms.calibration import MIN_WINDOWS, Calibration, calibrate
from driftline.alarms.evidence import Evidence
from driftline.alarms.season import phases_of
from driftline.performance.share import PART
from driftline.profiles.profile import Profile
from driftline.quality import Expectations, expectations
from driftline.records import ModelState
from driftline.reference import Reference
from driftline.service.shelf import Shelf
from driftline.settings.models import ModelSettings
from driftline.stores import Store
from driftline.windows import Window

AT_ONCE = 2
"""References that are learned from at the same time: their windows take hundreds of megabytes."""

KEPT = 4
"""Bases that are remembered: late predictions ask for earlier ones again."""

Key = tuple[tuple[Window, ...] | None, frozenset[str], bytes]
"""The windows that are learned from (None: the reference's own), columns left out, and a digest of
what the windows held."""

NOTHING = hashlib.blake2b(b"", digest_size=16).digest()
"""The digest of the reference's own windows: they never change."""

OWN: Key = None, frozenset(), NOTHING
"""The reference's own windows, of all columns."""


@dataclass(frozen=True)
class Scored:
    """The evidence of the newest windows, as the last run has left it.

    Attributes:
        revision: of the model, at which it holds.
        calibration: by which the windows were scored.
        recent: the windows in order, each with its evidence.
    """

    revision: int
    calibration: Calibration | None
    recent: tuple[tuple[Window, Evidence], ...]

    def holds(self, revision: int, calibration: Calibration | None) -> bool:
        """Whether it would be the same, were it made anew."""
        return self.revision == revision and self.calibration is calibration


Taught = tuple[Profile, Calibration | None, Movement]
"""The profile of all these windows, what they teach (None where they are too few), and how columns
move from one to the next."""


@dataclass
class Learned:
    """What windows of one model are judged with.

    Attributes:
        reference: without its windows.
        windows: which these are.
        expected: what they make ordinary.
        rate: chance of a false alarm per window that is asked for.
        shelf: where what is learned is kept for other processes; None: nowhere.
        scored: the newest windows, so that the next run need not score them anew.
    """

    reference: Reference
    windows: frozenset[Window]
    expected: Expectations
    rate: float
    shelf: Shelf | None = None
    scored: Scored | None = None
    _known: dict[Key, Taught] = field(default_factory=dict)
    turn: Semaphore = field(default_factory=lambda: Semaphore(AT_ONCE))

    def of(
        self, key: Key, profiles: Callable[[Collection[Window]], Mapping[Window, Profile]]
    ) -> Taught:
        """What the windows of `key` teach; their profiles are asked for when that is not known."""
        if key not in self._known:
            taught = self.shelf.find(_words(key), self.reference.grids) if self.shelf else None
            if taught is None:
                with self.turn:
                    windows = self.windows if key[0] is None else key[0]
                    found = profiles(windows) if windows else {}
                    known = {window: found[window] for window in sorted(windows) if window in found}
                    taught = self.learn(key, known)
                if self.shelf:
                    self.shelf.put(_words(key), taught)
            self.know(key, taught)
        return self._known[key]

    def know(self, key: Key, taught: Taught) -> None:
        """Remember what the windows of `key` teach."""
        while len(self._known) >= KEPT:
            del self._known[next(iter(self._known))]
        self._known[key] = taught

    def learn(self, key: Key, known: Mapping[Window, Profile]) -> Taught:
        """What the profiles of the windows of `key` teach, in order of time."""
        total, windows = self.reference.total, list(known.values())
        if key[0] is not None:
            total = sum_of(self.reference, windows)
        calibration, movement = None, movement_of([], total)
        if len(windows) >= MIN_WINDOWS and self.reference.grids.keys() - key[1]:
            compared = [without(each, key[1]) for each in windows]
            phases = [phases_of(window) for window in known]
            calibration = calibrate(compared, self.rate, phases=phases)
            movement = movement_of(windows, total)
        return total, calibration, movement


def _words(key: Key) -> str:
    windows, left_out, held = key
    spans = "the reference" if windows is None else " ".join(map(str, windows))
    return f"{spans} without {sorted(left_out)} {held.hex()}"


def rate_of(model: ModelSettings) -> float:
    """The chance of a false alarm of drift that a window may have: with labels a part of the budget
    is for performance."""
    return drift_part(model) * model.alarms.false_alarms.per_window(model.window)


def drift_part(model: ModelSettings) -> float:
    """The part of the budget that is for drift."""
    return 1.0 if model.labels is None else 1 - PART


def sum_of(reference: Reference, windows: Collection[Profile]) -> Profile:
    total = Profile.empty(reference.grids)
    for profile in windows:
        total = total + profile
    return total


def without(profile: Profile, names: Collection[str]) -> Profile:
    """A profile without some columns."""
    if not names:
        return profile
    kept = {name: column for name, column in profile.columns.items() if name not in names}
    return Profile(profile.rows, kept)


@dataclass
class Learning:
    """Learns from each model's reference once, as long as it and the settings stay the same: what a
    store has kept is taken from there."""

    _known: dict[str, tuple[bytes, Learned]] = field(default_factory=dict)
    turn: Semaphore = field(default_factory=lambda: Semaphore(AT_ONCE))

    def of(self, model: ModelSettings, state: ModelState, store: Store) -> Learned:
        """What the reference of `state` teaches. A model is asked for by one thread at a time."""
        key = hashlib.blake2b(state.reference, digest_size=16)
        key.update(f"{model.alarms!r} {model.window!r} {rate_of(model)!r}".encode())
        known = self._known.get(model.name)
        if known is None or known[0] != key.digest():
            shelf = Shelf(store, model.name, key.digest())
            known = key.digest(), self._found(model, shelf) or self._learn(model, state, shelf)
            self._known[model.name] = known
        return known[1]

    def _found(self, model: ModelSettings, shelf: Shelf) -> Learned | None:
        """What was learned before, here or by another process."""
        found = shelf.find_reference()
        if found is None:
            return None
        reference, (windows, expected, taught) = found
        learned = Learned(reference, windows, expected, rate_of(model), shelf, turn=self.turn)
        learned.know(OWN, taught)
        return learned

    def _learn(self, model: ModelSettings, state: ModelState, shelf: Shelf) -> Learned:
        with self.turn:
            reference = Reference.from_bytes(state.reference)
            learned = Learned(
                replace(reference, windows={}),
                frozenset(reference.windows),
                expectations(reference),
                rate_of(model),
                shelf,
                turn=self.turn,
            )
            taught = learned.learn(OWN, reference.windows)
        learned.know(OWN, taught)
        shelf.put_reference(learned.reference, (learned.windows, learned.expected, taught))
        return learned
