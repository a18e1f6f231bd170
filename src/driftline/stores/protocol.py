"""What every store can do. One contract suite runs on all of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from driftline.records import (
    Changes,
    Event,
    Incident,
    ModelState,
    OutboxRow,
    PerformanceResult,
    WindowResult,
)
from driftline.windows import Window


class Store(Protocol):
    """Keeps results. Spans are half-open; a bound of None is open; lists are in order of time."""

    def model(self, name: str) -> ModelState | None:
        """How far the model has come; None when it was never begun."""

    def models(self) -> list[str]:
        """Names of all models ever begun, sorted."""

    def begin(self, state: ModelState) -> None:
        """Begin a model, or begin it again with another reference: earlier windows, profiles,
        predictions, outcomes and performance of that model go; incidents and events stay."""

    def record(self, changes: Changes) -> bool:
        """Record one step in one transaction. False, and nothing recorded, when the stored position
        is not `changes.expected_position`."""

    def windows(
        self, model: str, start: datetime | None = None, end: datetime | None = None
    ) -> list[WindowResult]: ...

    def profiles(
        self, model: str, start: datetime | None = None, end: datetime | None = None
    ) -> dict[Window, bytes]: ...

    def predictions(
        self, model: str, start: datetime | None = None, end: datetime | None = None
    ) -> dict[Window, bytes]: ...

    def outcomes(
        self, model: str, start: datetime | None = None, end: datetime | None = None
    ) -> dict[Window, bytes]: ...

    def performance(
        self,
        model: str,
        start: datetime | None = None,
        end: datetime | None = None,
        every_judgement: bool = False,
    ) -> list[PerformanceResult]:
        """The newest judgement of each span that ends in (start, end], or every judgement."""

    def incidents(self, model: str | None = None, open_only: bool = False) -> list[Incident]: ...

    def events(self, incident_id: str) -> list[Event]: ...

    def claim(self, now: datetime, limit: int = 100) -> list[tuple[OutboxRow, Event]]:
        """Outbox rows that are due, oldest first, marked as claimed so that nobody else gets them.
        Rows claimed more than five minutes ago by a process that died are due again."""

    def settle(self, row: OutboxRow) -> None:
        """Write a claimed row's new state: sent, failed, or pending with a later `due`."""

    def outbox_counts(self) -> Mapping[str, int]:
        """How many outbox rows are in each state."""

    def close(self) -> None: ...
