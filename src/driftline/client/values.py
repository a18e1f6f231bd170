"""What a client is told and what it tells: limits, counters, one call's rows, one batch."""

from __future__ import annotations

import hashlib
import os
import re
import time
from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple

from driftline.errors import SettingsError

Kind = Literal["predictions", "labels"]
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a client holds and how long it waits. Each process has these for itself.

    >>> Limits(interval=0.2).batch_rows
    500
    """

    batch_rows: int = 500
    """So many rows are sent without waiting for more."""
    interval: float = 1.0
    """Seconds after which fewer rows are sent too."""
    memory_bytes: int = 64 * MEBIBYTE
    """What is logged beyond this before it is written to disk or sent is dropped."""
    spool_bytes: int = 512 * MEBIBYTE
    """What waits on disk for the server; beyond it the oldest is dropped."""
    timeout: float = 10.0
    """Seconds that a request may take to connect, and to be answered."""

    def __post_init__(self) -> None:
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        faults = [
            f"{name}: must be more than 0; found {v!r}" for name, v in found.items() if v <= 0
        ]
        if faults:
            raise SettingsError(faults, "limits of the client")


@dataclass(frozen=True, slots=True)
class Stats:
    """Rows by what has become of them in this process."""

    sent: int
    """The server has them for good."""
    queued: int
    """In memory."""
    spooled: int
    """On disk, this process's and those that it took over from dead ones."""
    dropped: int
    """Lost: memory or the spool was full, or they were logged after `close`."""
    rejected: int
    """Not rows at all, or refused by the server for what is in them."""


class Entry(NamedTuple):
    """What one call has logged: its own copy of the rows, until they are packed."""

    kind: Kind
    timestamp: str | None
    logged_at: int
    """Microseconds since 1970."""
    held: Any
    """A list of row dicts, a dict of columns, or a frame."""
    rows: int
    cost: int
    """Bytes of memory, roughly."""


_NAME = re.compile(r"(\d{20})-(predictions|labels)-(\d+)-([0-9a-f]{32})\.arrow")


class Ticket(NamedTuple):
    """What is known of a batch without its rows; it is the name of the batch's file too."""

    made_at: int
    """Nanoseconds since 1970; a batch that was made from another keeps the other's."""
    kind: Kind
    rows: int
    key: str
    """The idempotency key: the same for every attempt, in this process and the next."""

    @property
    def name(self) -> str:
        """
        >>> Ticket(5, "labels", 3, "0" * 32).name
        '00000000000000000005-labels-3-00000000000000000000000000000000.arrow'
        """
        return f"{self.made_at:020d}-{self.kind}-{self.rows}-{self.key}.arrow"

    def part(self, which: str, rows: int) -> Ticket:
        """The ticket of a part of this batch. The same part always has the same key, so that a
        split which was cut short can be done again."""
        key = hashlib.sha256(f"{self.key} {which}".encode()).hexdigest()[:32]
        return Ticket(self.made_at, self.kind, rows, key)


Batch = tuple[Ticket, bytes]
"""A batch's ticket and its rows as an Arrow stream."""


def new_ticket(kind: Kind, rows: int) -> Ticket:
    """A ticket with a key of its own."""
    return Ticket(time.time_ns(), kind, rows, new_id())


def ticket_of(name: str) -> Ticket | None:
    """The ticket whose file is called `name`; None for a file that is no batch.

    >>> ticket_of(Ticket(5, "labels", 3, "0" * 32).name).rows
    3
    """
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    kind: Kind = "labels" if found[2] == "labels" else "predictions"
    return Ticket(int(found[1]), kind, int(found[3]), found[4])


def new_id() -> str:
    """An id for a prediction whose service has none of its own: 32 random hexadecimal digits."""
    return os.urandom(16).hex()
