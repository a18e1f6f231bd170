"""Status: how everything stands, for `driftline status`. Reads store and log, judges nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from driftline.log.rules import logs_of
from driftline.log.tables import Size, size_of
from driftline.mutes import Mute
from driftline.records import SEVERITIES, Incident, OutboxRow
from driftline.service.behind import in_hand, overdue, windows_behind
from driftline.settings.channels import channels_of
from driftline.settings.models import ModelSettings, Settings
from driftline.stores.engine import shown
from driftline.stores.journal import LogId
from driftline.stores.schedule import Schedule, Turn
from driftline.stores.sql import SqlStore
from driftline.stores.standing import Standing, Waiting
from driftline.windows import parse_moment

LATE = timedelta(minutes=15)
"""After which a model that is due and nobody is at is told as a trouble."""


@dataclass(frozen=True)
class ModelStatus:
    """One model. Moments are None where nothing has happened yet.

    Attributes:
        judged_until: up to where its windows are judged.
        behind: windows that should be judged and are not.
        looked, took: when a service looked at it last, and for how long.
        in_hand: whether a service is at it.
        overdue: for how long it has been due and nobody is at it.
        failures, failing_since, error: of looks that failed in a row, the newest last.
        incidents: open ones, the gravest first.
    """

    name: str
    judged_until: datetime | None
    behind: int
    looked: datetime | None
    took: timedelta | None
    in_hand: bool
    overdue: timedelta
    failures: int
    failing_since: datetime | None
    error: str
    incidents: tuple[Incident, ...]

    @property
    def is_late(self) -> bool:
        return self.overdue > LATE


@dataclass(frozen=True)
class ChannelStatus:
    """One channel's queue: notices that wait, are held back or have failed for good, and what went
    wrong with the newest of them. `known`: whether the settings have it."""

    name: str
    known: bool
    waiting: int = 0
    held: int = 0
    failed: int = 0
    error: str = ""


@dataclass(frozen=True)
class LogStatus:
    """The log of one model and kind: its table, and the rows that are not in it yet. `error`: why
    the table could not be looked at."""

    log: LogId
    size: Size
    waiting: int
    since: datetime | None
    error: str = ""


@dataclass(frozen=True)
class Status:
    """Everything. `store` is its URL without its password."""

    at: datetime
    store: str
    models: tuple[ModelStatus, ...]
    channels: tuple[ChannelStatus, ...]
    logs: tuple[LogStatus, ...]
    mutes: tuple[Mute, ...]

    @property
    def is_well(self) -> bool:
        """No incident is open, every model is judged, no notice was given up."""
        return self.runs_well and not any(model.incidents for model in self.models)

    @property
    def runs_well(self) -> bool:
        """The same of Driftline itself: whatever it has found in the models."""
        models = any(model.failures or model.is_late for model in self.models)
        channels = any(channel.failed or not channel.known for channel in self.channels)
        return not (models or channels or any(log.error for log in self.logs))


def status_of(settings: Settings, store: SqlStore, now: datetime) -> Status:
    """How everything of the settings stands at `now`. StoreError when the store fails."""
    standing = Standing(store.engine)
    turns = {turn.model: turn for turn in Schedule(store.engine).turns()}
    positions = {place.model: place.position for place in standing.places()}
    incidents: dict[str, list[Incident]] = {}
    for incident in store.incidents(open_only=True):
        incidents.setdefault(incident.model, []).append(incident)
    models = [
        _model(model, positions.get(model.name), turns.get(model.name), now, incidents)
        for model in settings.models
    ]
    return Status(
        at=now,
        store=shown(store.engine.url),
        models=tuple(models),
        channels=tuple(_channels(settings, store)),
        logs=tuple(_logs(settings, standing.waiting())),
        mutes=tuple(store.mutes(now)),
    )


def _model(
    model: ModelSettings,
    position: datetime | None,
    turn: Turn | None,
    now: datetime,
    incidents: Mapping[str, Sequence[Incident]],
) -> ModelStatus:
    last = turn.last if turn else {}
    looked = parse_moment(last["started"]) if last else None
    found = sorted(
        incidents.get(model.name, ()),
        key=lambda incident: (-SEVERITIES.index(incident.severity), incident.opened),
    )
    return ModelStatus(
        name=model.name,
        judged_until=position,
        behind=windows_behind(model, position, turn, now),
        looked=looked,
        took=parse_moment(last["finished"]) - looked if looked else None,
        in_hand=turn is not None and in_hand(turn, now),
        overdue=overdue(turn, now) if turn else timedelta(),
        failures=turn.failures if turn else 0,
        failing_since=turn.failing_since if turn else None,
        error=str(last.get("error", "")) if turn and turn.failures else "",
        incidents=tuple(found),
    )


def _channels(settings: Settings, store: SqlStore) -> Iterator[ChannelStatus]:
    known = dict.fromkeys(channel.name for channel in channels_of(settings))
    states: dict[str, Counter[str]] = {name: Counter() for name in known}
    newest: dict[str, OutboxRow] = {}
    for state in ("pending", "claimed", "held", "failed"):
        for row, _ in store.outbox.rows(state):
            states.setdefault(row.channel, Counter())[state] += 1
            if row.error:
                newest[row.channel] = row
    for name, found in states.items():
        waiting = found["pending"] + found["claimed"]
        error = newest[name].error if name in newest else ""
        yield ChannelStatus(name, name in known, waiting, found["held"], found["failed"], error)


def _logs(settings: Settings, waiting: Sequence[Waiting]) -> Iterator[LogStatus]:
    rows = {one.log: one for one in waiting}
    for place in logs_of(settings):
        log, size, error = LogId(place.model, place.kind), Size(), ""
        try:
            size = size_of(place)
        except Exception as failure:  # noqa: BLE001  (storage of any kind; the rest is told)
            error = next(iter(str(failure).splitlines()), type(failure).__name__)
        found = rows.get(log)
        yield LogStatus(
            log, size, found.rows if found else 0, found.oldest if found else None, error
        )
