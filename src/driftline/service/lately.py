"""Lately: what a store keeps of a model by moments, read from the newest back, and no further than
it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from driftline.windows import MICROSECOND

K = TypeVar("K")
V = TypeVar("V")


@dataclass
class Lately(Generic[K, V]):
    """Values by keys that each have a moment. What is put counts, whatever the store has.

    Attributes:
        moment_of: the moment of a key.
        read: what is kept of (after, until], in order of time.
        since: what is later was read, or was put.
        first: what is not later is over, and never asked for.
        stride: so far back is read first where it is not known how far back is needed.
    """

    moment_of: Callable[[K], datetime]
    read: Callable[[datetime, datetime], Mapping[K, V]]
    since: datetime
    first: datetime
    stride: timedelta
    _known: dict[K, V] = field(default_factory=dict)

    def get(self, key: K) -> V | None:
        if key not in self._known and self.moment_of(key) > self.first:
            self._reach(self.moment_of(key) - MICROSECOND)
        return self._known.get(key)

    def put(self, key: K, value: V) -> None:
        self._reach(self.moment_of(key) - MICROSECOND)
        newest = next(reversed(self._known), key)
        in_order = key in self._known or self.moment_of(newest) <= self.moment_of(key)
        self._known[key] = value
        if not in_order:
            moments = {kept: self.moment_of(kept) for kept in self._known}
            self._known = {
                kept: self._known[kept] for kept in sorted(moments, key=moments.__getitem__)
            }

    def after(self, moment: datetime) -> dict[K, V]:
        """All that is later than a moment, oldest first."""
        self._reach(moment)
        return {key: value for key, value in self._known.items() if self.moment_of(key) > moment}

    def back(self) -> Iterator[tuple[K, V]]:
        """All that there is, newest first."""
        found, stride = dict(self._known), self.stride
        while True:
            yield from reversed(found.items())
            if self.since <= self.first:
                return
            found, stride = self._reach(self.since - stride), 2 * stride

    def forget(self, moment: datetime) -> None:
        """Be done with all that is not later than a moment."""
        self.first = max(self.first, moment)
        for key in list(self._known):
            if self.moment_of(key) > moment:
                return
            del self._known[key]

    def _reach(self, moment: datetime) -> dict[K, V]:
        """Read what is later than a moment and was not read yet."""
        until, self.since = self.since, min(self.since, max(moment, self.first))
        if self.since == until:
            return {}
        found = dict(self.read(self.since, until))
        self._known = found | self._known
        return found
