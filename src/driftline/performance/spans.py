"""Spans: the outcomes of consecutive days, pooled, and the same with each day left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from driftline.profiles.outcomes import Outcomes
from driftline.windows import Window, window_at

BLOCK = timedelta(days=1)
"""Windows shorter than this are joined into blocks of this length."""


@dataclass(frozen=True)
class Span:
    """Pooled outcomes of a span of time, and the blocks they are made of.

    Attributes:
        total: the pooled outcomes.
        blocks: outcomes of the days (or of the windows, if longer) that have labels, in order.
    """

    total: Outcomes
    blocks: tuple[Outcomes, ...]

    @cached_property
    def without(self) -> tuple[Outcomes, ...]:
        """The total without each block."""
        return tuple(self.total - block for block in self.blocks)


def span_of(windows: Iterable[tuple[Window, Outcomes]], empty: Outcomes) -> Span:
    """The span of some windows; `empty` is the neutral element to begin with."""
    days: dict[Window, Outcomes] = {}
    for window, outcomes in windows:
        block = window if window.length >= BLOCK else window_at(window.start, BLOCK)
        days[block] = days[block] + outcomes if block in days else outcomes
    in_order = [days[day] for day in sorted(days)]
    blocks = tuple(outcomes for outcomes in in_order if outcomes.labelled)
    return Span(sum(in_order, empty), blocks)
