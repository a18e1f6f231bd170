"""The engine of one client in one process: two threads, what is between them, and the counters."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
import weakref
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from driftline.client.buffer import Buffer
from driftline.client.complaints import Complaints
from driftline.client.outbox import Outbox
from driftline.client.values import Entry, Limits, Stats

if TYPE_CHECKING:
    from driftline.client.spool import Spool

AT_EXIT = 5.0
"""Seconds that the end of the process waits for the server."""

PACKED_WITHIN = 10.0
"""Seconds that rows which wait to be packed are waited for at the end, however short the client is
told to wait for the server: what is not packed is in no spool, and lost."""

_MANY = 100
_SELDOM = 30.0
"""While more batches than that wait, a new one is made every so many seconds: a server that is away
for days is not given a file for every second."""

Target = tuple[str, str | None, str]
"""URL, key and model."""


class Engine:
    """Packs in one thread and sends in another, both begun with the first rows.

    What only they need is imported in them: the thread that logs does not wait for it. In a forked
    child the engine begins anew, since threads and rows are the parent's.
    """

    def __init__(self, target: Target, spool: str | None, limits: Limits) -> None:
        self._target = target
        self._folder = spool
        self._limits = limits
        self.begin_anew()
        _ENGINES.add(self)

    def begin_anew(self) -> None:
        """Start from nothing: no rows, no threads, counters at 0."""
        self._lock = threading.RLock()
        self._counts: Counter[str] = Counter()
        self._threads: list[threading.Thread] = []
        self._ends_at: float | None = None
        self.complaints = Complaints(self._target[2])
        self._buffer = Buffer(self._limits.memory_bytes, self._limits.batch_rows)
        self._outbox = Outbox(
            _spool(self._folder, self._target, self._limits),
            self._limits,
            self.complaints,
            self.count,
        )

    def forget(self) -> None:
        """In a forked child: leave to the parent what is the parent's."""
        self._outbox.forget()
        self.begin_anew()

    def add(self, entry: Entry) -> None:
        """Take an entry, or count it as dropped."""
        if self._ends_at is not None:
            self.count("dropped", entry.rows)
            self.complaints.tell("closed", "rows were logged after the client was closed: dropped")
        elif not self._buffer.add(entry):
            self.count("dropped", entry.rows)
            limit = f"{self._limits.memory_bytes} bytes (memory_bytes)"
            self.complaints.tell("memory", f"more rows at once than {limit} hold: dropped")
        if not self._threads:
            self.start()

    def start(self) -> None:
        """Begin the threads, once."""
        with self._lock:
            if not self._threads and self._ends_at is None:
                packer = threading.Thread(target=self._pack_all, name="driftline-pack", daemon=True)
                sender = threading.Thread(target=self._send_all, name="driftline-send", daemon=True)
                packer.start()
                self._threads.append(packer)
                sender.start()
                self._threads.append(sender)

    def count(self, what: str, rows: int) -> None:
        """Add to one of the counters."""
        with self._lock:
            self._counts[what] += rows

    def stats(self) -> Stats:
        """The counters now."""
        with self._lock:
            found = Counter(self._counts)
        memory, disk = self._outbox.rows()
        return Stats(
            sent=found["sent"],
            queued=self._buffer.rows + memory,
            spooled=disk,
            dropped=found["dropped"],
            rejected=found["rejected"],
        )

    def flush(self, timeout: float) -> bool:
        """Wait until nothing waits for the server; False when `timeout` seconds are not enough."""
        if self._ends_at is not None:
            timeout = 0.0
        self.start()
        self._buffer.hurry()
        with self._outbox.changed:
            return self._outbox.changed.wait_for(self._all_done, timeout)

    def stop(self, timeout: float) -> float:
        """Tell the threads to end; does not wait for them. When they shall have ended (monotonic):
        what was said first holds."""
        with self._lock:
            if self._ends_at is None:
                self._ends_at = time.monotonic() + timeout
        self._buffer.hurry()
        return self._ends_at

    def close(self, timeout: float) -> None:
        """Send what can be sent in `timeout` seconds; the rest waits for the next process: until it
        is packed, which is this machine's own work, the end is waited for in any case."""
        until = self.stop(timeout)
        for thread, least in zip(self._threads, (PACKED_WITHIN, 0.1), strict=False):
            thread.join(max(least, until - time.monotonic()))
        if self._threads and self._threads[0].is_alive():
            self.count("dropped", self._buffer.rows)
            told = f"rows could not be packed within {PACKED_WITHIN:g} seconds and are lost"
            self.complaints.tell("lost", told)
        if len(self._threads) < 2:  # they could not be started
            self._pack(self._buffer.take())
        if len(self._threads) < 2 or self._threads[1].is_alive():
            self._outbox.close()

    def _all_done(self) -> bool:
        return self._outbox.looked and self._buffer.rows == 0 and self._outbox.rows() == (0, 0)

    def _pack_all(self) -> None:
        while self._ends_at is None:
            many = self._outbox.batches() > _MANY
            self._buffer.wait(max(self._limits.interval, _SELDOM if many else 0.0))
            self._pack(self._buffer.take())
        self._pack(self._buffer.take())
        self._outbox.end(self._ends_at)

    def _pack(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        from driftline.client.packing import packed_all

        batches, bad = packed_all(entries)
        for batch in batches:
            self._outbox.put(batch)
        for entry, error in bad:
            self.count("rejected", entry.rows)
            self.complaints.tell("input", f"rows of {entry.kind} cannot be sent: {error}")
        self._buffer.release(entries)
        with self._outbox.changed:
            self._outbox.changed.notify_all()

    def _send_all(self) -> None:
        from driftline.client.sender import Sender
        from driftline.client.wire import Wire

        wire = Wire(*self._target, self._limits.timeout)
        try:
            Sender(self._outbox, wire, self.complaints, self.count).run()
        finally:
            wire.close()
            self._outbox.close()


def _spool(folder: str | None, target: Target, limits: Limits) -> Spool | None:
    if folder is None or sys.platform == "win32":  # which has no flock
        return None
    from driftline.client.spool import Spool, folder_of

    url, _, model = target
    return Spool(folder_of(folder, url, model), limits.spool_bytes // 10)


_ENGINES: weakref.WeakSet[Engine] = weakref.WeakSet()


def _at_exit() -> None:
    engines = list(_ENGINES)
    for engine in engines:
        engine.stop(AT_EXIT)
    for engine in engines:
        engine.close(AT_EXIT)


def _in_child() -> None:
    for engine in list(_ENGINES):
        engine.forget()


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
