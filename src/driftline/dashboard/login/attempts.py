"""Attempts: whoever gave wrong passwords has to wait."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network

MOST, WITHIN = 5, 300.0
"""Wrong passwords of one caller within so many seconds, after which no other is looked at."""
CALLERS = 10_000
"""Callers that are remembered at most; those who failed longest ago are forgotten."""


@dataclass
class Attempts:
    """Counts wrong passwords of each caller."""

    clock: Callable[[], float] = time.monotonic
    _failed: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)

    def wait(self, address: str) -> float:
        """Seconds that the caller has to wait; 0: may try now."""
        times = self._failed.get(caller_of(address), deque())
        if len(times) < MOST:
            return 0.0
        return max(0.0, times[0] + WITHIN - self.clock())

    def begin(self, address: str) -> None:
        """The caller tries. It counts as wrong until `right`, so that none can try many at once."""
        times = self._failed.setdefault(caller_of(address), deque(maxlen=MOST))
        times.append(self.clock())
        self._failed.move_to_end(caller_of(address))
        if len(self._failed) > CALLERS:
            self._failed.popitem(last=False)

    def right(self, address: str) -> None:
        """The password was right: what was wrong before is forgotten."""
        self._failed.pop(caller_of(address), None)


def caller_of(address: str) -> str:
    """Who an address stands for: of IPv6 the network, in which one caller has all addresses.

    >>> caller_of("192.0.2.7"), caller_of("2001:db8:1:2:3::7"), caller_of("?")
    ('192.0.2.7', '2001:db8:1:2::/64', '?')
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        return str(ip_network((int(found), 64), strict=False))
    return str(found)
