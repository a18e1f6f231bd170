"""Loops: steps that are repeated in threads of their own for as long as the service runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from threading import Event, Thread

from driftline.errors import StoreError

log = logging.getLogger(__name__)

FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
"""Seconds to wait after a step that failed; doubled each time, up to the longest."""

Step = Callable[[], float]
"""Does what there is to do; says after how many seconds there may be more."""


class Loop:
    """One step that is repeated until `stop` is called. A step that fails is logged and repeated.

    Attributes:
        name: what it is called in the log and in `/healthz`.
        failures: how many steps in a row have failed.
    """

    def __init__(self, name: str, step: Step) -> None:
        self.name = name
        self.failures = 0
        self._step = step
        self._wake = Event()
        self._stopping = False
        self._thread: Thread | None = None

    def start(self) -> None:
        self._thread = Thread(target=self._run, name=f"driftline-{self.name}", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def wake(self) -> None:
        """Have the next step come at once."""
        self._wake.set()

    def stop(self) -> None:
        """Let the step in hand be the last."""
        self._stopping = True
        self._wake.set()

    def join(self, seconds: float) -> bool:
        """Wait for the last step; whether it has ended."""
        if self._thread is not None:
            self._thread.join(max(0.0, seconds))
        return not self.alive

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            wait = self._once()
            if not self._stopping:
                self._wake.wait(wait)

    def _once(self) -> float:
        try:
            wait = self._step()
        except StoreError as error:
            self.failures += 1
            if self.failures == 1:
                log.warning("%s waits for the store: %s", self.name, error)
        except Exception:
            self.failures += 1
            log.exception("%s failed", self.name)
        else:
            if self.failures:
                log.info("%s goes on", self.name)
            self.failures = 0
            return wait
        return min(FIRST_WAIT * 2.0 ** min(self.failures - 1, 10), LONGEST_WAIT)


def keep(action: Callable[[], object], given_up: Callable[[], bool]) -> bool:
    """Do something to the store; while that is away, try again until `given_up`. Whether it was
    done."""
    wait = FIRST_WAIT
    while True:
        try:
            action()
        except StoreError as error:
            log.debug("the store is away: %s", error)
        else:
            return True
        deadline = time.monotonic() + wait
        while time.monotonic() < deadline:
            if given_up():
                return False
            time.sleep(0.1)
        wait = min(2 * wait, LONGEST_WAIT)
