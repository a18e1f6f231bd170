"""What the commands about channels and incidents do; `driftline.cli.alerts` reads the words."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from driftline import terminal
from driftline.errors import DataError, nearest
from driftline.records import Incident
from driftline.service import acts
from driftline.service.answer import incident_answer
from driftline.service.build import outlets_of
from driftline.service.outbox import Trouble
from driftline.service.unsent import Unsent, send_again, try_channel, unsent_of
from driftline.settings import Settings, load_settings
from driftline.stores import Store, open_store
from driftline.windows import parse_duration
from driftline.wording import KINDS, count, moment, one_line

WELL, ALARM, FAILED = 0, 1, 2


def channels_test(config: Path, name: str | None) -> int:
    settings = load_settings(config)
    outlets = outlets_of(settings, open_store("memory://"))
    if not outlets:
        raise DataError(f"{config} has no channels; give some under `channels`")
    if name is not None and name not in outlets:
        raise DataError(unknown("channel", name, outlets))
    failed = 0
    for one in [name] if name is not None else outlets:
        error = try_channel(outlets[one], datetime.now(UTC))
        if error is not None:
            failed += 1
            terminal.warn(f"{one}: {error}")
        else:
            terminal.out.print(f"{one}: sent", markup=False)
    return FAILED if failed else WELL


def channels_failed(config: Path, name: str | None, retry: bool) -> int:
    with opened(config) as (settings, store):
        outlets = outlets_of(settings, store)
        unsent = unsent_of(store, outlets, name)
        for one in unsent:
            terminal.out.print(_unsent_line(one), markup=False, soft_wrap=True)
        if not unsent:
            terminal.out.print("none has failed", markup=False)
        if not retry:
            return WELL
        delivered = send_again(store, outlets, unsent, datetime.now(UTC))
        warn_of(delivered.troubles)
        terminal.out.print(f"sent: {count(delivered.sent, 'notice')}", markup=False)
        return FAILED if delivered.troubles else WELL


def _unsent_line(unsent: Unsent) -> str:
    row, incident = unsent.row, unsent.event.incident
    what = f"{KINDS[incident.kind]} {unsent.event.kind} ({incident.severity})"
    tried = f"{moment(row.settled or row.due)}, {count(row.attempts, 'try', 'tries')}"
    return f"{row.channel}  {one_line(row.model)}: {what}  {tried}: {unsent.why}"


def warn_of(troubles: tuple[Trouble, ...]) -> None:
    """Tell of notices that were not sent."""
    for trouble in troubles:
        then = "see `driftline channels failed`" if trouble.final else "it will be tried again"
        terminal.warn(f"{trouble.channel}: not sent ({then}): {trouble.title}: {trouble.error}")


def incidents(config: Path, open_only: bool, as_json: bool) -> int:
    with opened(config) as (_, store):
        found = store.incidents(open_only=open_only)
    if as_json:
        told = [{"model": incident.model, **incident_answer(incident)} for incident in found]
        print(json.dumps({"incidents": told}, allow_nan=False))
    else:
        terminal.list_incidents(found)
    return ALARM if any(incident.is_open for incident in found) else WELL


def acknowledge(config: Path, incident_id: str, by: str, note: str) -> int:
    return _act(config, lambda s, now: acts.acknowledge(s, incident_id, by or user(), note, now))


def snooze(config: Path, incident_id: str, length: str, by: str, note: str) -> int:
    lasting = _length(length)

    def act(store: Store, now: datetime) -> Incident:
        return acts.snooze(store, incident_id, by or user(), note, now, now + lasting)

    return _act(config, act)


def resolve(config: Path, incident_id: str, by: str, note: str) -> int:
    return _act(config, lambda s, now: acts.resolve(s, incident_id, by or user(), note, now))


def _act(config: Path, act: Callable[[Store, datetime], Incident]) -> int:
    with opened(config) as (_, store):
        incident = act(store, datetime.now(UTC))
    until = f" until {moment(incident.snoozed_until)} UTC" if incident.snoozed_until else ""
    kind = KINDS[incident.kind].lower()
    told = f"{incident.id} ({one_line(incident.model)}, {kind}): {incident.state}{until}"
    terminal.out.print(told, markup=False)
    return WELL


def mute(config: Path, model: str | None, every: bool, length: str, reason: str) -> int:
    lasting = _length(length)
    with opened(config) as (settings, store):
        now = datetime.now(UTC)
        if model is not None or every:
            _check_choice(settings, model, every)
            acts.mute(store, model, now + lasting, user(), reason, now)
        lasting_mutes = store.mutes(now)
    for one in lasting_mutes:
        why = f" ({one_line(one.reason)})" if one.reason else ""
        who = "all models" if one.model is None else one_line(one.model)
        told = f"{who}: muted until {moment(one.end)} UTC by {one_line(one.by)}{why}"
        terminal.out.print(told, markup=False)
    if not lasting_mutes:
        terminal.out.print("nothing is muted", markup=False)
    return WELL


def unmute(config: Path, model: str | None, every: bool) -> int:
    with opened(config) as (settings, store):
        _check_choice(settings, model, every)
        ended = acts.unmute(store, model, datetime.now(UTC))
    terminal.out.print(f"ended: {count(len(ended), 'mute')}", markup=False)
    return WELL


def _check_choice(settings: Settings, model: str | None, every: bool) -> None:
    if (model is None) != every:
        raise DataError("give the name of a model, or --all; not both")
    known = [one.name for one in settings.models]
    if model is not None and model not in known:
        raise DataError(unknown("model", model, known))


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    names = list(known)
    those = f"the only one is {names[0]}" if len(names) == 1 else f"there are {', '.join(names)}"
    return f'no {what} is called "{name}"{nearest(name, names) or f"; {those}"}'


def _length(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise DataError(f"--for: {error}") from None


def user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"


@contextmanager
def opened(config: Path) -> Iterator[tuple[Settings, Store]]:
    settings = load_settings(config)
    store = open_store(settings.store.get_secret_value())
    try:
        yield settings, store
    finally:
        store.close()
