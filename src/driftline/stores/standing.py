"""Standing: how everything stands at this moment, read in few and small queries, for those who look
often: `/metrics` and `driftline status`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, select

from driftline.records import PerformanceResult, WindowResult
from driftline.stores import rows, tables
from driftline.stores.engine import reading
from driftline.stores.journal import LogId
from driftline.stores.packing import Row

_SETTLED = ("sent", "dropped")


@dataclass(frozen=True)
class Place:
    """How far a model has come.

    Attributes:
        revision: changes whenever anything of the model does.
        position: up to where its windows are judged.
    """

    model: str
    revision: int
    position: datetime


@dataclass(frozen=True)
class Newest:
    """The newest results of a model; None where there is none yet.

    Attributes:
        window: the newest window.
        judged: the newest window with enough rows to be judged.
        performance: the newest span with enough labels to be judged.
    """

    window: WindowResult | None
    judged: WindowResult | None
    performance: PerformanceResult | None


@dataclass(frozen=True)
class Queue:
    """How many notices of one channel are in one state, neither sent nor dropped."""

    channel: str
    state: str
    notices: int


@dataclass(frozen=True)
class Waiting:
    """Rows of one log that are accepted and not in its table yet; `oldest`: since when."""

    log: LogId
    rows: int
    oldest: datetime


class Standing:
    """The database of `engine` as it stands. StoreError when that fails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def places(self) -> list[Place]:
        """Every model ever begun, by name."""
        kept = tables.models.c
        found = select(kept.name, kept.revision, kept.position).order_by(kept.name)
        with reading(self._engine) as connection:
            return [Place(*row) for row in connection.execute(found)]

    def newest(self, models: Collection[str]) -> dict[str, Newest]:
        """The newest results of `models` that were begun."""
        with reading(self._engine) as connection:
            ids = select(tables.models.c.name, tables.models.c.id)
            known = connection.execute(ids.where(tables.models.c.name.in_(models))).all()
            return {name: _newest(connection, number) for name, number in known}

    def queues(self) -> list[Queue]:
        """What has still to be sent, or could not be, by channel and state."""
        kept = tables.outbox.c
        found = (
            select(kept.channel, kept.state, func.count())
            .where(kept.state.not_in(_SETTLED))
            .group_by(kept.channel, kept.state)
            .order_by(kept.channel, kept.state)
        )
        with reading(self._engine) as connection:
            return [Queue(*row) for row in connection.execute(found)]

    def waiting(self) -> list[Waiting]:
        """What is in the journal of the log."""
        kept = tables.journal.c
        found = select(kept.model, kept.kind, func.sum(kept.rows), func.min(kept.received))
        found = found.group_by(kept.model, kept.kind).order_by(kept.model, kept.kind)
        with reading(self._engine) as connection:
            return [
                Waiting(LogId(model, kind), int(waiting), oldest)
                for model, kind, waiting, oldest in connection.execute(found)
            ]


def _newest(connection: Connection, model_id: int) -> Newest:
    windows, spans = tables.windows.c, tables.performance.c
    of_model = select(tables.windows).where(windows.model_id == model_id)
    newest = of_model.order_by(windows.starts.desc()).limit(1)
    performance = (
        select(tables.performance)
        .where(spans.model_id == model_id, spans.status == "judged")
        .order_by(spans.ends.desc(), spans.judged_at.desc())
        .limit(1)
    )
    window = _first(connection, newest)
    judged = window
    if window is not None and window["status"] != "judged":
        judged = _first(connection, newest.where(windows.status == "judged"))
    span = _first(connection, performance)
    return Newest(
        rows.window_result(window) if window else None,
        rows.window_result(judged) if judged else None,
        rows.performance_result(span) if span else None,
    )


def _first(connection: Connection, found: Select[Any]) -> Row | None:
    row = connection.execute(found).mappings().first()
    return None if row is None else dict(row)
