"""The buffer between the calls that log and the thread that packs: calls only append to it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence

from driftline.client.values import Entry


class Buffer:
    """Entries in the order in which they were logged, up to so many bytes.

    `add` may be called from any thread and from signal handlers. One thread waits and takes.
    """

    def __init__(self, most_bytes: int, batch_rows: int) -> None:
        self._most_bytes = most_bytes
        self._batch_rows = batch_rows
        self._entries: list[Entry] = []
        self._waiting_rows = 0
        self._lock = threading.RLock()
        self._signal = threading.Lock()
        self._signal.acquire()
        self._hurry = False
        self._bytes = 0
        self.rows = 0
        """Rows that were added and not yet released."""

    def add(self, entry: Entry) -> bool:
        """Append an entry; False when there is no room for it."""
        with self._lock:
            if self._bytes + entry.cost > self._most_bytes:
                return False
            self._entries.append(entry)
            self._bytes += entry.cost
            self.rows += entry.rows
            before = self._waiting_rows
            self._waiting_rows = after = before + entry.rows
        if before == 0 or before < self._batch_rows <= after:
            self._wake()
        return True

    def hurry(self) -> None:
        """Let the thread that waits take what is there now."""
        self._hurry = True
        self._wake()

    def wait(self, interval: float) -> None:
        """Wait for a first entry, then until a batch is full or `interval` seconds have passed."""
        self._signal.acquire()
        if not self._hurry and self._waiting_rows < self._batch_rows:
            self._signal.acquire(timeout=interval)

    def take(self) -> list[Entry]:
        """All entries. Their bytes count until they are released."""
        with self._lock:
            entries, self._entries, self._waiting_rows = self._entries, [], 0
            self._hurry = False
        return entries

    def release(self, entries: Sequence[Entry]) -> None:
        """Make room again: these entries are elsewhere now."""
        with self._lock:
            self._bytes -= sum(entry.cost for entry in entries)
            self.rows -= sum(entry.rows for entry in entries)

    def _wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # it is awake already
            self._signal.release()
