"""Outbox: claim what is due, send it, write down what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from driftline.channels import Channel
from driftline.notices import Notice, notice_of
from driftline.records import Event, OutboxRow
from driftline.stores import Store

TRIES = 12
"""Tries after which a notice has failed for good."""


def deliver(store: Store, channels: Mapping[str, Channel], now: datetime) -> int:
    """Send every notice that is due; how many were sent.

    Events of one model that one channel has to tell at the same time are one notice.
    """
    sent = 0
    while claimed := store.claim(now):
        groups: dict[tuple[str, str], list[tuple[OutboxRow, Event]]] = {}
        for row, event in claimed:
            groups.setdefault((row.channel, row.model), []).append((row, event))
        for (name, model), group in groups.items():
            notice = notice_of(model, [event for _, event in group])
            outcome = _send(channels.get(name), name, notice)
            for row, _ in group:
                store.settle(_settled(row, outcome, now))
            sent += not outcome
    return sent


def _send(channel: Channel | None, name: str, notice: Notice) -> str:
    """What went wrong, or nothing."""
    if channel is None:
        return f'no channel "{name}" in the settings'
    try:
        channel.send(notice)
    except OSError as error:
        return str(error) or type(error).__name__
    return ""


def _settled(row: OutboxRow, error: str, now: datetime) -> OutboxRow:
    attempts = row.attempts + 1
    if not error:
        return replace(row, state="sent", attempts=attempts, error="")
    if attempts >= TRIES:
        return replace(row, state="failed", attempts=attempts, error=error)
    later = now + timedelta(seconds=30) * 2 ** min(attempts, 10)
    return replace(row, state="pending", attempts=attempts, error=error, due=later)
