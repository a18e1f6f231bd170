"""The false-alarm budget: the one knob."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Budget:
    """How many false alarms the owner accepts: `alarms` per `period`, all columns and tests."""

    alarms: float = 1.0
    period: timedelta = timedelta(days=30)

    def per_window(self, length: timedelta) -> float:
        """The chance of a false alarm that one window of `length` may have, at most 0.5.

        >>> round(Budget().per_window(timedelta(days=1)), 4)
        0.0333
        """
        return min(0.5, self.alarms * (length / self.period))

    def __str__(self) -> str:
        days = self.period / timedelta(days=1)
        period = f"{days:g} days" if days != 1 else "day"
        return f"{self.alarms:g} per {period}"
