"""What every store can do. One contract suite runs on all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from driftline.acceptance import Acceptance
from driftline.aging import Aged
from driftline.mutes import Mute
from driftline.records import (
    Changes,
    Event,
    Incident,
    ModelState,
    OutboxRow,
    PerformanceResult,
    RowState,
    WindowResult,
)
from driftline.versions import Versions
from driftline.windows import Window

CLAIM_LASTS = timedelta(minutes=5)

MOST_LEARNED = 4
"""Things that are kept of what one model's reference teaches: the reference's own, and what was
learned since of what was accepted or of a rolling reference."""

UNSETTLED: tuple[RowState, ...] = ("pending", "claimed", "held")
"""States of outbox rows that have still to be told."""


@dataclass(frozen=True)
class Progress:
    """How far a model has come, without its reference. See `ModelState`."""

    position: datetime
    labels_until: datetime | None
    revision: int
    versions: Versions = ()


class Store(Protocol):
    """Keeps results. Lists and dicts are in order of time; StoreError when the store fails.

    A span [start, end) means the windows that start in it; a bound of None is open. Windows of one
    model are told apart by their start, spans of performance by their end.
    """

    def model(self, name: str) -> ModelState | None:
        """How far the model has come; None when it was never begun."""

    def models(self) -> list[str]:
        """Names of all models ever begun and not forgotten, sorted."""

    def progress(self) -> dict[str, Progress]:
        """How far every model has come, by name. What was read of a model holds as long as its
        revision does."""

    def begin(self, state: ModelState) -> ModelState:
        """Begin a model, or begin it again with another reference: earlier windows, profiles,
        predictions, outcomes and performance of that model go; incidents and events stay. The
        state as it is kept: its revision is above every earlier one of the model."""

    def record(self, changes: Changes) -> bool:
        """Record one step in one transaction: it is kept whole or not at all. False, and nothing
        recorded, when the stored revision is not the one before that of `changes.state` or the
        model has been begun again with another `reference_key`.

        Windows, blobs and incidents replace what is kept of the same window or id. Performance is
        added beside earlier judgements; the same span at the same `judged_at` is replaced. An
        acceptance replaces the one with its id. Events
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

    def outcome_days(
        self, model: str, start: datetime | None = None, end: datetime | None = None
    ) -> dict[Window, bytes]:
        """The outcomes of days with windows shorter than they, added up."""

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

    def prune(self, model: str, aged: Aged, most: int = 500) -> int:
        """Delete what is older than `aged` says, at most about `most` rows in one transaction,
        oldest first; how many. 0: nothing more is that old."""

    def incidents(
        self,
        model: str | None = None,
        open_only: bool = False,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Incident]:
        """Incidents in the order they were opened. `since`: those that are open or were resolved
        then or later, so that what is read does not grow with what is long over. `until`: those of
        windows that start before then (`Incident.since`)."""

    def events(self, incident_id: str) -> list[Event]:
        """Events of one incident in order of time; those of one moment as they were recorded."""

    def incident(self, incident_id: str) -> Incident | None:
        """The incident of that id; None when there is none."""

    def act(
        self,
        before: Incident | None,
        after: Incident,
        events: Sequence[Event] = (),
        outbox: Sequence[OutboxRow] = (),
    ) -> bool:
        """A change of one incident that no run makes (acknowledged, snoozed, a reminder), in one
        transaction; with None for `before` it is a new one, of a model that no run could begin.
        False, and nothing changed, when the incident is not as `before` any more. The
        model's revision is raised, so that a run in flight notices and begins its step again."""

    def acceptances(self, model: str) -> list[Acceptance]:
        """What was ever accepted as normal of the model, also what was undone, in the order in
        which it was said. They outlast the reference, as incidents do."""

    def forget(self, model: str, only_incidents: bool = False) -> None:
        """Delete the model's incidents, events and notices and, without `only_incidents`, its
        reference, all that was judged with it and what was accepted: to `model` it is as if it was
        never begun. A run in flight can record nothing any more."""

    def mutes(self, now: datetime) -> list[Mute]:
        """Mutes that have not ended by `now`, in order of their start."""

    def put_mute(self, mute: Mute) -> None:
        """Add a mute, or replace the one with its id."""

    @property
    def outbox(self) -> Outbox:
        """The queues of the channels."""

    @property
    def learned(self) -> LearnedThings:
        """What references teach."""

    def close(self) -> None: ...


class LearnedThings(Protocol):
    """What each model's reference teaches, so that it need not be learned anew by every process.

    Nothing is lost with it. It goes with what else hangs on the reference.
    """

    def find(self, model: str, key: str) -> bytes | None:
        """What was put there; None when it is not there, or not any more."""

    def put(self, model: str, key: str, body: bytes) -> None:
        """Keep something of a model that was begun, in place of what has its key. Of each model the
        `MOST_LEARNED` newest things are kept."""


class Outbox(Protocol):
    """The queue of each channel: what has still to be told, in the order it was recorded.

    A channel's notices are sent in that order: nothing is given out while what stands before it is
    neither sent nor given up.
    """

    def claim(self, channel: str, now: datetime) -> list[tuple[OutboxRow, Event]]:
        """The rows at the head of the channel's queue that are one batch, tried as often, marked as
        claimed so that nobody else gets them; none when the head has to wait, or is claimed. Rows
        claimed longer ago than `CLAIM_LASTS`, by a process that died, are due again."""

    def settle(self, rows: Sequence[OutboxRow], was: RowState = "claimed") -> None:
        """Write the new states of rows in one transaction. A row that is not as `was` any more is
        left as it is: a slower process does not undo what a faster one has done. But what was sent
        is sent."""

    def rows(self, state: RowState) -> list[tuple[OutboxRow, Event]]:
        """All rows in a state, in the order they were recorded."""

    def of_incident(self, incident_id: str) -> list[OutboxRow]:
        """All rows about one incident, in the order they were recorded."""

    def newest(self) -> Mapping[tuple[str, str], OutboxRow]:
        """The newest row about each incident that is not resolved, by (incident id, channel)."""

    def counts(self) -> Mapping[str, int]:
        """How many rows are in each state."""
