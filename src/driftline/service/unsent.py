"""Notices that could not be sent and are not tried again by themselves, and sending them again."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from driftline.errors import ChannelError
from driftline.notices import Notice
from driftline.records import Event, OutboxRow
from driftline.service.outbox import Delivered, Outlet, deliver
from driftline.stores import Store

TEST = "Test from Driftline: nothing is wrong"


@dataclass(frozen=True)
class Unsent:
    """A notice that was given up, or for a channel that the settings no longer have: about what,
    and why."""

    row: OutboxRow
    event: Event
    why: str


def unsent_of(store: Store, known: Container[str], channel: str | None = None) -> list[Unsent]:
    """The notices that nobody will send, of one channel or of all; `known` are the channels that
    the settings have."""
    failed = [pair for pair in store.outbox.rows("failed") if channel in (None, pair[0].channel)]
    lost = [pair for pair in store.outbox.rows("pending") if pair[0].channel not in known]
    gone = "no channel of that name is in the settings"
    return [
        Unsent(row, event, row.error if row.channel in known else gone)
        for row, event in (*failed, *lost)
    ]


def send_again(
    store: Store, outlets: Mapping[str, Outlet], unsent: Sequence[Unsent], now: datetime
) -> Delivered:
    """Try what was given up once more, now."""
    failed = [one.row for one in unsent if one.row.state == "failed"]
    again = [replace(row, state="pending", due=now, attempts=0) for row in failed]
    store.outbox.settle(again, was="failed")
    return deliver(store, outlets, now)


def try_channel(outlet: Outlet, now: datetime) -> str | None:
    """Send a test notice; what went wrong, or None."""
    notice = Notice("", (), id=f"test-{now:%Y%m%d%H%M%S%f}", words=TEST)
    try:
        outlet.channel.send(notice)
    except (ChannelError, OSError) as error:
        return str(error)
    return None
