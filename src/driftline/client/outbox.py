"""The outbox: batches that wait for the server, on disk, or in memory where the disk takes none."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftline.client.complaints import Complaints
from driftline.client.values import Batch, Limits, Ticket

if TYPE_CHECKING:
    from driftline.client.spool import Spool

Place = Path | bytes
"""The file of a batch, or its rows."""


@dataclass(slots=True)
class _Room:
    """How much one kind of place holds and may hold."""

    most_bytes: int
    bytes: int = 0
    rows: int = 0


class Outbox:
    """Batches, oldest first, each in one place; both kinds of place are bounded and lose their
    oldest. One thread puts, another does all else."""

    def __init__(
        self,
        spool: Spool | None,
        limits: Limits,
        complaints: Complaints,
        counted: Callable[[str, int], None],
    ) -> None:
        self._spool = spool
        self._memory, self._disk = _Room(limits.memory_bytes), _Room(limits.spool_bytes)
        self._complaints = complaints
        self._counted = counted
        self._waiting: dict[Ticket, tuple[Place, int]] = {}
        self._in_hand: Ticket | None = None
        self.changed = threading.Condition()
        """Notified whenever something comes or goes."""
        self.looked = False
        """Whether what dead processes have left was looked for."""
        self.ends_at: float | None = None
        """When sending ends (monotonic), once nothing more will be put."""

    def put(self, batch: Batch) -> None:
        """Keep a batch; the oldest go where there is no room."""
        ticket, body = batch
        place: Place = body
        if self._spool is not None:
            try:
                place = self._spool.write(ticket, body)
            except OSError as error:
                told = f"cannot spool to disk: {error}; batches wait in memory"
                self._complaints.tell("spool", told)
        with self.changed:
            self._enter(ticket, place, len(body))
            self._drop_oldest(ticket)
            self.changed.notify_all()

    def end(self, at: float) -> None:
        """Nothing more will be put; sending ends when all is sent, or fails, or at this moment."""
        with self.changed:
            self.ends_at = at
            self.changed.notify_all()

    def rows(self) -> tuple[int, int]:
        """Rows that wait in memory and on disk."""
        with self.changed:
            return self._memory.rows, self._disk.rows

    def batches(self) -> int:
        """How many batches wait."""
        return len(self._waiting)

    def take_over(self) -> None:
        """Add what dead processes have left in the spool, before all else."""
        try:
            left = self._spool.take_over() if self._spool is not None else []
        except OSError as error:
            self._complaints.tell("spool", f"cannot read the spool: {error}")
            left = []
        with self.changed:
            waiting, self._waiting = self._waiting, {}
            for ticket, path, size in left:
                self._enter(ticket, path, size)
            self._waiting.update(waiting)
            self._drop_oldest(None)
            self.looked = True
            self.changed.notify_all()

    def oldest(self) -> Ticket | None:
        """The batch to send next; it stays until it is removed."""
        with self.changed:
            self._in_hand = next(iter(self._waiting), None)
            return self._in_hand

    def body(self, ticket: Ticket) -> bytes | None:
        """A batch's rows; None when its file is gone, and then the batch is too."""
        place, _ = self._waiting[ticket]
        if isinstance(place, bytes):
            return place
        try:
            return place.read_bytes()
        except FileNotFoundError:
            self._counted("dropped", ticket.rows)
            self.remove(ticket)
            self._complaints.tell("gone", f"{place} was removed before it was sent")
            return None

    def remove(self, ticket: Ticket) -> None:
        """Forget a batch: the server has it, or will never take it."""
        with self.changed:
            self._in_hand = None
            self._leave(ticket)
            self.changed.notify_all()

    def put_off(self, ticket: Ticket) -> None:
        """Let the others go first."""
        with self.changed:
            if ticket in self._waiting:
                self._waiting[ticket] = self._waiting.pop(ticket)

    def replace(self, ticket: Ticket, parts: Iterable[Batch]) -> None:
        """Parts of a batch instead of it."""
        for part in parts:
            self.put(part)
        self.remove(ticket)

    def reject(self, batch: Batch, reason: dict[str, Any]) -> str:
        """Keep a refused batch aside; tells where."""
        if self._spool is None:
            return "they are lost: there is no spool"
        try:
            return f"they are kept in {self._spool.reject(*batch, reason)}"
        except OSError as error:
            return f"they are lost, the spool cannot keep them: {error}"

    def close(self) -> None:
        """Write what is in memory to disk if that is possible now, and leave the spool."""
        with self.changed:
            held = [(t, p) for t, (p, _) in self._waiting.items() if isinstance(p, bytes)]
            self._waiting.clear()
            self._memory.rows = self._memory.bytes = 0
            self.changed.notify_all()
        for ticket, body in held:
            try:
                if self._spool is None:
                    raise OSError("there is no spool")
                self._spool.write(ticket, body)
                self._disk.rows += ticket.rows
            except OSError as error:
                self._counted("dropped", ticket.rows)
                told = f"rows of {ticket.kind} were not sent before the end and are lost: {error}"
                self._complaints.tell("lost", told)
        if self._spool is not None:
            self._spool.close()

    def forget(self) -> None:
        """In a forked child: nothing of this is the child's."""
        if self._spool is not None:
            self._spool.forget()

    def _room(self, place: Place) -> _Room:
        return self._memory if isinstance(place, bytes) else self._disk

    def _enter(self, ticket: Ticket, place: Place, size: int) -> None:
        self._waiting[ticket] = place, size
        room = self._room(place)
        room.bytes += size
        room.rows += ticket.rows

    def _leave(self, ticket: Ticket) -> None:
        if ticket not in self._waiting:  # dropped, or the outbox was closed meanwhile
            return
        place, size = self._waiting.pop(ticket)
        room = self._room(place)
        room.bytes -= size
        room.rows -= ticket.rows
        if isinstance(place, Path):
            with contextlib.suppress(OSError):
                place.unlink()

    def _drop_oldest(self, newest: Ticket | None) -> None:
        for room in (self._memory, self._disk):
            if room.bytes <= room.most_bytes:
                continue
            own = [t for t, (place, _) in self._waiting.items() if self._room(place) is room]
            for ticket in own:
                if room.bytes > room.most_bytes and ticket not in (self._in_hand, newest):
                    self._leave(ticket)
                    self._counted("dropped", ticket.rows)
            told = f"more than {room.most_bytes} bytes wait for the server; the oldest were dropped"
            self._complaints.tell("full", told)
