"""What can be drawn of an incident, as values; the report and some channels draw it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from driftline.profiles.summary import Summary
from driftline.records import PerformanceResult


@dataclass(frozen=True)
class Distribution:
    """One blamed column: its summary in the reference and in a current span told by `span`."""

    column: str
    reference: Summary
    current: Summary
    span: str


@dataclass(frozen=True)
class Trend:
    """Performance over time, oldest span first, up to a drop that was seen at `opened`.

    Attributes:
        metric: which dropped; "": the one that is shown first.
        baseline: what that was before; None: not known.
    """

    results: tuple[PerformanceResult, ...]
    opened: datetime
    metric: str = ""
    baseline: float | None = None


Illustration = Distribution | Trend
