"""Outbox: send what is due, channel by channel, and write down what became of it.

Each channel has a queue and is served by itself, so that one that is slow or away holds up no
other. Within a queue the order is kept: while the first notice is tried again, the others wait.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from driftline.channels import Channel
from driftline.errors import Refused, TryAgain
from driftline.mutes import Mute
from driftline.notices import Notice, notice_of
from driftline.records import OutboxRow
from driftline.stores import Store

FIRST, LONGEST = timedelta(seconds=30), timedelta(minutes=15)
"""How long to wait after the first failure, twice as long after each further one, and at most."""

TRIES = 300
"""Tries after which a notice has failed for good: about three days of a service."""


@dataclass(frozen=True)
class Outlet:
    """A channel, and what a notice is given before it goes there: links, something to draw.

    `keep` writes down what became of a notice; a service goes on trying while the store is away, so
    that what was sent is not sent again.
    """

    channel: Channel
    dress: Callable[[Notice], Notice] = lambda notice: notice
    keep: Callable[[Callable[[], None]], object] = lambda write: write()


@dataclass(frozen=True)
class Trouble:
    """A notice that was not sent; `final` when it will not be tried again by itself."""

    channel: str
    title: str
    error: str
    final: bool


@dataclass(frozen=True)
class Delivered:
    """How many notices were sent, and which were not."""

    sent: int = 0
    troubles: tuple[Trouble, ...] = ()


def deliver(store: Store, outlets: Mapping[str, Outlet], now: datetime) -> Delivered:
    """Send every notice that is due, all channels at the same time."""
    if not outlets:
        return Delivered()
    with ThreadPoolExecutor(len(outlets), "driftline-channel") as pool:
        passes = [pool.submit(deliver_to, store, name, outlets[name], now) for name in outlets]
        found = [one.result() for one in passes]
    troubles = tuple(trouble for one in found for trouble in one.troubles)
    return Delivered(sum(one.sent for one in found), troubles)


def deliver_to(
    store: Store, name: str, outlet: Outlet, now: datetime, seconds: float = math.inf
) -> Delivered:
    """Send what is due on one channel, in order, until one has to wait; none is begun after so many
    `seconds`."""
    begun = time.monotonic()
    sent = 0
    troubles: list[Trouble] = []
    while (passed := time.monotonic() - begun) < seconds:
        moment = now + timedelta(seconds=int(passed))
        claimed = store.outbox.claim(name, moment)
        if not claimed:
            break
        rows = [row for row, _ in claimed]
        model = rows[0].model
        if is_muted(store.mutes(moment), model, moment):
            store.outbox.settle([replace(row, state="held", settled=moment) for row in rows])
            continue
        notice = notice_of(model, [event for _, event in claimed], name)
        notice = outlet.dress(replace(notice, only_to=rows[0].rest))
        error = _sent(outlet.channel, notice)
        settled = [_settled(row, error, moment) for row in rows]
        outlet.keep(partial(store.outbox.settle, settled))
        if error is None:
            sent += 1
        else:
            final = settled[0].state == "failed"
            troubles.append(Trouble(name, notice.title, settled[0].error, final))
    return Delivered(sent, tuple(troubles))


def is_muted(mutes: Sequence[Mute], model: str, now: datetime) -> bool:
    return any(
        mute.start <= now < mute.end for mute in mutes if mute.model is None or mute.model == model
    )


def _sent(channel: Channel, notice: Notice) -> Exception | None:
    """Send; what went wrong. A channel that breaks in a way it should not loses no other notice."""
    try:
        channel.send(notice)
    except Exception as error:  # noqa: BLE001
        return error
    return None


def _settled(row: OutboxRow, error: Exception | None, now: datetime) -> OutboxRow:
    row = replace(row, attempts=row.attempts + 1, settled=now)
    if error is None:
        return replace(row, state="sent", error="", rest=())
    told = _told(error)
    if isinstance(error, TryAgain | Refused):
        row = replace(row, rest=error.rest or row.rest)
    if not isinstance(error, TryAgain | OSError) or row.attempts >= TRIES:
        return replace(row, state="failed", error=told)
    asked = error.after if isinstance(error, TryAgain) else None
    wait = asked if asked is not None else waiting_time(row.attempts)
    return replace(row, state="pending", error=told, due=now + wait)


def _told(error: Exception) -> str:
    """What to keep of an error; the words of one that nobody foresaw may hold a secret."""
    if isinstance(error, TryAgain | Refused):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


def waiting_time(attempts: int) -> timedelta:
    """How long to wait after so many tries.

    >>> [str(waiting_time(attempts)) for attempts in (1, 2, 3, 20)]
    ['0:00:30', '0:01:00', '0:02:00', '0:15:00']
    """
    return min(LONGEST, FIRST * int(2 ** min(attempts - 1, 20)))
