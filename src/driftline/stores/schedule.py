"""Schedule: when each model is looked at next, and who is at it, shared by all services of a store.

A model's turn is claimed for a short time that is prolonged while its service lives. A service that
died leaves a claim that runs out, and another takes the model up where it stands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, case, func, or_, select, update

from driftline.stores import tables
from driftline.stores.engine import reading, writing
from driftline.stores.packing import Row, pack, unpack
from driftline.stores.statements import put_new


@dataclass(frozen=True)
class Turn:
    """One model's place in the schedule.

    Attributes:
        model: its name.
        due: when it is looked at next.
        failures: how often in a row that has failed.
        failing_since: when it failed first of these times.
        claimed_by: the service that is at it.
        claimed_until: until when that holds, unless it is prolonged.
        last: of the last time: started, finished, error, as text.
    """

    model: str
    due: datetime
    failures: int = 0
    failing_since: datetime | None = None
    claimed_by: str | None = None
    claimed_until: datetime | None = None
    last: Mapping[str, Any] = field(default_factory=dict)


class Schedule:
    """The schedule in a SQL database. StoreError when that fails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ensure(self, dues: Mapping[str, datetime], now: datetime) -> None:
        """Have every model looked at: one that is new at once, one that is known no later than
        `dues` says, unless it is to be tried again after a failure."""
        kept = tables.schedule.c
        new = [_row(Turn(model, now)) for model in dues]
        with writing(self._engine) as connection:
            put_new(connection, tables.schedule, new, ("model",))
            for model, due in dues.items():
                sooner = kept.model == model, kept.due > due, kept.failures == 0
                connection.execute(update(tables.schedule).where(*sooner).values(due=due))

    def turns(self) -> list[Turn]:
        """Every model's place, by name."""
        with reading(self._engine) as connection:
            found = connection.execute(select(tables.schedule).order_by(tables.schedule.c.model))
            return [_turn(dict(row)) for row in found.mappings()]

    def next_due(self, models: Collection[str], now: datetime) -> datetime | None:
        """When one of `models` can be claimed next; None when there is none."""
        kept = tables.schedule.c
        free = func.coalesce(kept.claimed_until, kept.due)
        soonest = select(func.min(case((free > kept.due, free), else_=kept.due)))
        with reading(self._engine) as connection:
            return connection.execute(soonest.where(kept.model.in_(models))).scalar()

    def claim(
        self, models: Collection[str], by: str, until: datetime, now: datetime, limit: int
    ) -> list[Turn]:
        """Take at most `limit` turns of `models` that are due and nobody is at, longest due first,
        for `by` until then."""
        kept = tables.schedule.c
        free = or_(kept.claimed_until.is_(None), kept.claimed_until <= now)
        due = select(tables.schedule).where(kept.model.in_(models), kept.due <= now, free)
        oldest = due.order_by(kept.due, kept.model).limit(limit).with_for_update(skip_locked=True)
        with writing(self._engine) as connection:
            claimed = [dict(row) for row in connection.execute(oldest).mappings()]
            connection.execute(
                update(tables.schedule)
                .where(kept.model.in_([row["model"] for row in claimed]))
                .values(claimed_by=by, claimed_until=until)
            )
        return [_turn({**row, "claimed_by": by, "claimed_until": until}) for row in claimed]

    def prolong(self, models: Collection[str], by: str, until: datetime) -> None:
        """Keep what `by` has claimed of `models` until then."""
        self._update(_held(models, by), {"claimed_until": until})

    def release(self, models: Collection[str], by: str) -> None:
        """Give back what `by` has claimed of `models`; it is due as it was."""
        self._update(_held(models, by), {"claimed_by": None, "claimed_until": None})

    def settle(self, turn: Turn, by: str) -> None:
        """Write a turn that is over: it is free, and due again when `turn` says. Nothing changes
        when somebody else is at it meanwhile."""
        row = _row(turn) | {"claimed_by": None, "claimed_until": None}
        self._update(_held([turn.model], by), row)

    def _update(self, which: ColumnElement[bool], values: Row) -> None:
        with writing(self._engine) as connection:
            connection.execute(update(tables.schedule).where(which).values(values))


def _held(models: Collection[str], by: str) -> ColumnElement[bool]:
    kept = tables.schedule.c
    return kept.model.in_(models) & (kept.claimed_by == by)


def _row(turn: Turn) -> Row:
    return {
        "model": turn.model,
        "due": turn.due,
        "claimed_by": turn.claimed_by,
        "claimed_until": turn.claimed_until,
        "failures": turn.failures,
        "failing_since": turn.failing_since,
        "body": pack(turn.last),
    }


def _turn(row: Row) -> Turn:
    return Turn(**{key: row[key] for key in row if key != "body"}, last=unpack(row["body"]))
