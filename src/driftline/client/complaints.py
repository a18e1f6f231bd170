"""Complaints: what goes wrong is logged, but each kind of trouble once a minute at most."""

from __future__ import annotations

import logging
import time

_EVERY = 60.0

logger = logging.getLogger("driftline.client")


class Complaints:
    """Warnings to the log `driftline.client`, those in between counted."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._told: dict[str, float] = {}
        self._untold: dict[str, int] = {}
        self._lasting: set[str] = set()

    def tell(self, kind: str, message: str) -> None:
        """Log the message, unless one of its kind was logged less than a minute ago."""
        now = time.monotonic()
        if now - self._told.get(kind, -_EVERY) < _EVERY:
            self._untold[kind] = self._untold.get(kind, 0) + 1
            return
        self._told[kind] = now
        self._lasting.add(kind)
        untold = self._untold.pop(kind, 0)
        more = f" (and {untold} times more since it was last told)" if untold else ""
        logger.warning("driftline, %s: %s%s", self._model, message, more)

    def over(self, kind: str, message: str) -> None:
        """Log that a trouble is over, if it was told."""
        if kind in self._lasting:
            self._lasting.discard(kind)
            logger.info("driftline, %s: %s", self._model, message)
