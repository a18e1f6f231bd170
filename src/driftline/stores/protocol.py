"""What every store can do. One contract suite runs on all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from driftline.records import (
    Changes,
    Event,
    Incident,
    ModelState,
    Mute,
    OutboxRow,
    PerformanceResult,
    WindowResult,
)
from driftline.windows import Window

CLAIM_LASTS = timedelta(minutes=5)


class Store(Protocol):
    """Keeps results. Lists and dicts are in order of time; StoreError when the store fails.

    A span [start, end) means the windows that start in it; a bound of None is open. Windows of one
    model are told apart by their start, spans of performance by their end.
    """

    def model(self, name: str) -> ModelState | None:
        """How far the model has come; None when it was never begun."""

    def models(self) -> list[str]:
        """Names of all models ever begun, sorted."""

    def begin(self, state: ModelState) -> ModelState:
        """Begin a model, or begin it again with another reference: earlier windows, profiles,
        predictions, outcomes and performance of that model go; incidents and events stay. The
        state as it is kept: its revision is above every earlier one of the model."""

    def record(self, changes: Changes) -> bool:
        """Record one step in one transaction: it is kept whole or not at all. False, and nothing
        recorded, when the stored revision is not the one before that of `changes.state` or the
        model has been begun again with another `reference_key`.

        Windows, blobs and incidents replace what is kept of the same window or id. Performance is
        added beside earlier judgements; the same span at the same `judged_at` is replaced. Events
        and outbox rows are kept once: an id that is known is left as it is. An event needs its
        incident and an outbox row its event, here or recorded before; StoreError otherwise. The
        reference itself is kept by `begin` and not written again.
        """

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

    def drop_predictions(self, model: str, before: datetime) -> None:
        """Forget the predictions of windows that end at or before `before`, when their labels can
        no longer come. Their outcomes stay."""

    def incidents(self, model: str | None = None, open_only: bool = False) -> list[Incident]:
        """Incidents in the order they were opened."""

    def events(self, incident_id: str) -> list[Event]:
        """Events of one incident in order of time; those of one moment as they were recorded."""

    def act(
        self,
        before: Incident,
        after: Incident,
        events: Sequence[Event] = (),
        outbox: Sequence[OutboxRow] = (),
    ) -> bool:
        """A change of one incident that no run makes (acknowledged, snoozed, a reminder), in one
        transaction. False, and nothing changed, when the incident is not as `before` any more. The
        model's revision is raised, so that a run in flight notices and begins its step again."""

    def mutes(self, now: datetime) -> list[Mute]:
        """Mutes that have not ended by `now`, in order of their start."""

    def put_mute(self, mute: Mute) -> None:
        """Add a mute, or replace the one with its id."""

    def claim(self, now: datetime, limit: int = 100) -> list[tuple[OutboxRow, Event]]:
        """Outbox rows that are due, oldest first, marked as claimed so that nobody else gets them.
        Rows claimed longer ago than `CLAIM_LASTS`, by a process that died, are due again."""

    def settle(self, row: OutboxRow) -> None:
        """Write a claimed row's new state: sent, failed, or pending with a later `due`. A row that
        was sent stays sent, whatever a slower process says of it later."""

    def outbox_counts(self) -> Mapping[str, int]:
        """How many outbox rows are in each state."""

    def close(self) -> None: ...
