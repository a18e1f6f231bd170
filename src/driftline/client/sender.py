"""The sender: takes the oldest batch, posts it, and does what the answer asks for."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from driftline.client.complaints import Complaints
from driftline.client.outbox import Outbox
from driftline.client.values import Ticket
from driftline.client.wire import Answer, Wire

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 60.0
_LOOK_EVERY = 30.0
"""Seconds between looks for what dead processes have left."""


class Sender:
    """Sends until the outbox ends: then until all is sent, one attempt fails, or time is up."""

    def __init__(
        self,
        outbox: Outbox,
        wire: Wire,
        complaints: Complaints,
        counted: Callable[[str, int], None],
    ) -> None:
        self._outbox = outbox
        self._wire = wire
        self._complaints = complaints
        self._counted = counted
        self._failures = 0
        self._look_at = 0.0

    def run(self) -> None:
        """The thread's work."""
        while (ticket := self._next()) is not None:
            try:
                pause = self._attempt(ticket)
            except Exception as error:  # noqa: BLE001 (one batch must not end the thread)
                pause = self._failed(ticket, Answer(500, f"{type(error).__name__}: {error}"))
            with self._outbox.changed:
                self._outbox.changed.wait_for(lambda: self._outbox.ends_at is not None, pause)
            ends_at = self._outbox.ends_at
            if ends_at is not None and (self._failures or time.monotonic() >= ends_at):
                return

    def _next(self) -> Ticket | None:
        while True:
            if time.monotonic() >= self._look_at:
                self._outbox.take_over()
                self._look_at = time.monotonic() + _LOOK_EVERY
            with self._outbox.changed:
                ticket = self._outbox.oldest()
                if ticket is not None or self._outbox.ends_at is not None:
                    return ticket
                self._outbox.changed.wait(_LOOK_EVERY)

    def _attempt(self, ticket: Ticket) -> float:
        """Post one batch; how many seconds to wait before the next."""
        try:
            body = self._outbox.body(ticket)
        except OSError as error:
            return self._failed(ticket, Answer(500, f"the spool cannot be read: {error}"))
        if body is None:
            return 0.0
        answer = self._wire.post(ticket, body)
        match answer.outcome:
            case "sent":
                self._counted("sent", ticket.rows)
                self._outbox.remove(ticket)
            case "too large" if ticket.rows > 1:
                from driftline.client.packing import halves

                self._outbox.replace(ticket, halves(ticket, body))
            case "too large" | "refused":
                self._refused(ticket, body, answer)
            case "later" | "put off":
                return self._failed(ticket, answer)
        self._failures = 0
        self._complaints.over("server", "the server takes batches again")
        return 0.0

    def _refused(self, whole: Ticket, body: bytes, answer: Answer) -> None:
        """Put aside the rows that the server names, or all, and send the others anew."""
        ticket, bad = whole, answer.bad_rows
        if bad and bad < set(range(whole.rows)):
            from driftline.client.packing import parted

            good, (ticket, body) = parted(whole, body, bad)
            self._outbox.put(good)
        reason = {"status": answer.status, "reason": answer.reason, "problem": answer.problem}
        kept = self._outbox.reject((ticket, body), reason)
        told = f"{answer.status} {answer.reason}"
        self._complaints.tell(
            "refused", f"rows of {whole.kind} are refused for good: {told}; {kept}"
        )
        self._counted("rejected", ticket.rows)
        self._outbox.remove(whole)

    def _failed(self, ticket: Ticket, answer: Answer) -> float:
        self._failures += 1
        if answer.outcome == "put off":
            self._outbox.put_off(ticket)
        pause = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(self._failures - 1, 10))
        pause *= random.uniform(0.5, 1.0)
        told = f"{answer.status} {answer.reason}" if answer.status else answer.reason
        self._complaints.tell(
            "server", f"rows cannot be sent: {told}; they wait and are tried again"
        )
        return pause if answer.retry_after is None else max(pause, answer.retry_after)
