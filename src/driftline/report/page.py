"""What the report is made of: the values that somebody has gathered about each model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from driftline.illustrations import Distribution
from driftline.records import Incident, PerformanceResult, WindowResult
from driftline.windows import Window


@dataclass(frozen=True)
class ModelPage:
    """All that the report tells about one model.

    Attributes:
        name, version, task: as in the settings; "" when not set.
        generated_at: the moment for which the report stands.
        reference: span of the reference; None when it came from a source of its own.
        windows: results since the reference, any order.
        performance: results of spans, any order; of several judgements of a span the newest counts.
        incidents: open and resolved, any order.
        distributions: blamed columns, most blamed first.
        settings: what decides, as words: {"False alarms": "1 per 30 days", "Window": "1 day"}.
        drop: the relative drop of performance that alarms, 0 to 1; None: no threshold is drawn.
        cautions: what the reference is too short or too wild to promise, in words.
        min_rows: rows that a window needs to be judged.
    """

    name: str
    generated_at: datetime
    version: str = ""
    task: str = ""
    reference: Window | None = None
    windows: tuple[WindowResult, ...] = ()
    performance: tuple[PerformanceResult, ...] = ()
    incidents: tuple[Incident, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    drop: float | None = None
    cautions: tuple[str, ...] = ()
    min_rows: int = 100
