"""Complaints: what goes wrong is logged, but each kind of trouble once a minute at most."""

from __future__ import annotations

import logging
import time

_EVERY = 60.0

logger = logging.getLogger("driftline.client")


class Complaints:
    """Warnings to the log `driftline.client`, those in between counted."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}
        self._untold: dict[str, int] = {}

    def tell(self, kind: str, message: str) -> None:
        """Log the message, unless one of its kind was logged less than a minute ago."""
        now = time.monotonic()
        if now - self._told.get(kind, -_EVERY) < _EVERY:
            self._untold[kind] = self._untold.get(kind, 0) + 1
            return
        self._told[kind] = now
        more = self._untold.pop(kind, 0)
        logger.warning(
            "%s%s", message, f" (and {more} times more since the last word)" if more else ""
        )

    def over(self, kind: str, message: str) -> None:
        """Log that a trouble is over, if it was told."""
        if self._told.pop(kind, None) is not None:
            self._untold.pop(kind, None)
            logger.info("%s", message)
