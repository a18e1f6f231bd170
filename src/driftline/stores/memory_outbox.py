"""The queues of the channels in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from threading import RLock

from driftline.records import Event, Incident, OutboxRow, RowState
from driftline.stores.protocol import CLAIM_LASTS, UNSETTLED


class MemoryOutbox:
    """See `Outbox` for what each method does; the lock, events and incidents are the store's."""

    def __init__(
        self, lock: RLock, events: Mapping[str, Event], incidents: Mapping[str, Incident]
    ) -> None:
        self._lock = lock
        self._events = events
        self._incidents = incidents
        self._kept: dict[str, OutboxRow] = {}
        self._claimed_at: dict[str, datetime] = {}

    def add(self, rows: Iterable[OutboxRow]) -> None:
        """Put rows at the end; one whose id is known is left as it is."""
        with self._lock:
            for row in rows:
                self._kept.setdefault(row.id, row)

    def drop(self, incident_id: str) -> None:
        """Drop the rows about one incident."""
        with self._lock:
            for row in self.of_incident(incident_id):
                del self._kept[row.id]

    def claim(self, channel: str, now: datetime) -> list[tuple[OutboxRow, Event]]:
        with self._lock:
            waiting = ("pending", "claimed")
            queue = [r for r in self._kept.values() if r.channel == channel and r.state in waiting]
            if not queue or not self._is_due(queue[0], now):
                return []
            head = queue[0]
            claimed = []
            batch = head.batch, head.attempts
            for row in queue:
                if row is head or (head.batch and (row.batch, row.attempts) == batch):
                    self._kept[row.id] = replace(row, state="claimed")
                    self._claimed_at[row.id] = now
                    claimed.append((self._kept[row.id], self._events[row.event_id]))
            return claimed

    def _is_due(self, row: OutboxRow, now: datetime) -> bool:
        if row.state == "claimed":
            return self._claimed_at.get(row.id, now) <= now - CLAIM_LASTS
        return row.due <= now or not row.attempts

    def settle(self, rows: Sequence[OutboxRow], was: RowState = "claimed") -> None:
        with self._lock:
            for row in rows:
                kept = self._kept.get(row.id)
                if kept is not None and (kept.state == was or row.state == "sent"):
                    self._kept[row.id] = row

    def forget(self, events: Collection[str]) -> bool:
        """Forget the rows of these events, unless one has still to be told; whether it was so."""
        with self._lock:
            theirs = [row for row in self._kept.values() if row.event_id in events]
            if any(row.state in UNSETTLED for row in theirs):
                return False
            for row in theirs:
                del self._kept[row.id]
            return True

    def rows(self, state: RowState) -> list[tuple[OutboxRow, Event]]:
        with self._lock:
            found = [row for row in self._kept.values() if row.state == state]
            return [(row, self._events[row.event_id]) for row in found]

    def of_incident(self, incident_id: str) -> list[OutboxRow]:
        with self._lock:
            return [
                row
                for row in self._kept.values()
                if self._events[row.event_id].incident.id == incident_id
            ]

    def newest(self) -> Mapping[tuple[str, str], OutboxRow]:
        with self._lock:
            found = {}
            for row in self._kept.values():
                incident_id = self._events[row.event_id].incident.id
                if self._incidents[incident_id].is_open:
                    found[incident_id, row.channel] = row
            return found

    def counts(self) -> Mapping[str, int]:
        with self._lock:
            return dict(Counter(row.state for row in self._kept.values()))
