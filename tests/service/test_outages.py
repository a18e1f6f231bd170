"""A source that goes away in mid-month and comes back: an incident of its own, and no gap."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

import pytest

from driftline.service.acts import acknowledge
from driftline.service.outages import settle_outages
from driftline.service.run import Told
from driftline.service.turns import Turns
from driftline.stores.schedule import Schedule
from driftline.stores.sql import open_sql_store

World = Any
Start = Callable[..., Any]
DAY = timedelta(days=1)
MORNING = timedelta(hours=6)
AWAY: tuple[int, dict[str, str], str] = (503, {}, "")


def from_a_service(world: World, service: Any, **more: Any) -> dict[str, Any]:
    """The world's model, its predictions from a service that has 40 days of them."""
    rows = world.live(range(40)).drop(columns=["actual", "known_at"])
    rows["ts"] = rows.pop("timestamp").map(lambda moment: moment.isoformat())
    service.rows[:] = rows.to_dict("records")
    keys = {"timestamp": "ts", "id": "id", "prediction": "late", "score": "probability"}
    origin = {"source": "http", "url": service.url, "retries": 0, **keys}
    model: dict[str, Any] = world.model(predictions=origin, **more)
    return model


def incidents(answer: Any) -> list[tuple[str, bool]]:
    return [(i["message"], i["resolved"] is None) for i in answer.model["incidents"]]


def test_a_service_that_goes_away_is_an_incident_until_it_is_back_and_no_window_is_lost(
    world: World, rows_service: Start
) -> None:
    service = rows_service()
    model = from_a_service(world, service)
    world.settle(model, channels=[{"kind": "stderr"}])
    before = world.check(world.day(33) + MORNING)
    assert (before.code, incidents(before)) == (0, [])
    service.answers = [AWAY] * 100
    away = world.check(world.day(34) + MORNING)
    told = f"no data since 3 Feb 2024: {service.url}: answered 503 Service Unavailable"
    assert away.code == 2
    assert incidents(away) == [(told, True)]
    assert told in away.err
    assert [w["end"] for w in away.model["windows"]][-1] == "2024-02-03T00:00:00Z"
    service.answers = [(401, {}, "")] * 100
    still = world.check(world.day(36) + MORNING)
    assert [open_ for _, open_ in incidents(still)] == [True]
    assert "401 Unauthorized" in incidents(still)[0][0]
    service.answers = []
    back = world.check(world.day(37) + MORNING)
    assert [open_ for _, open_ in incidents(back)] == [False]
    assert back.code == 0
    ends = [w["end"][:10] for w in back.model["windows"]]
    assert ends == [f"{world.day(day):%Y-%m-%d}" for day in range(31, 38)]
    assert {w["status"] for w in back.model["windows"]} == {"judged"}
    assert "resolved" in back.err


def test_a_failure_that_does_not_last_is_no_incident(world: World, rows_service: Start) -> None:
    service = rows_service()
    world.settle(from_a_service(world, service, patience="12h"))
    world.check(world.day(33) + MORNING)
    service.answers = [AWAY] * 2  # to what came late, and to what is due
    answer = world.check(world.day(34) + MORNING)
    assert (answer.code, incidents(answer)) == (2, [])
    service.answers = [AWAY] * 2
    later = world.check(world.day(34) + 2 * MORNING)
    assert [open_ for _, open_ in incidents(later)] == [True]


def test_labels_that_cannot_be_read_are_an_incident_too(world: World, rows_service: Start) -> None:
    service = rows_service()
    labels = {"source": "http", "url": service.url, "retries": 0, "id": "id", "label": "actual"}
    world.live(range(40))
    world.settle(world.model(labels=labels))
    service.answers = [(404, {}, "")] * 10
    answer = world.check(world.day(33) + MORNING)
    assert answer.code == 2
    ((message, open_),) = incidents(answer)
    assert message.startswith("no labels since ")
    assert "404 Not Found; are `url` and `endpoint` right?" in message
    assert open_
    assert len(answer.model["windows"]) == 3
    service.answers = []
    back = world.check(world.day(34) + MORNING)
    assert [open_ for _, open_ in incidents(back)] == [False]


def test_a_check_of_a_model_that_was_never_begun_tells_its_error_alone(
    world: World, rows_service: Start
) -> None:
    service = rows_service()
    world.settle(from_a_service(world, service))
    service.answers = [AWAY] * 9
    answer = world.check(world.day(33) + MORNING)
    assert answer.code == 2
    assert "503 Service Unavailable" in answer.err
    assert incidents(answer) == []


class Service:
    """The turns of a service on the world's one model, taken when the test says."""

    def __init__(self, settings: Any, now: datetime) -> None:
        self.now = now
        self.store = open_sql_store(settings.store.get_secret_value())
        schedule = Schedule(self.store.engine)
        models = {m.name: m for m in settings.models}
        self.turns = Turns(models, self.store, schedule, "me", 2, lambda: self.now)
        schedule.ensure(dict.fromkeys(models, now), now)

    def look(self, now: datetime) -> list[bool]:
        """Whether each incident is open after a look."""
        self.now = now
        deadline = time.monotonic() + 60
        self.turns.step()
        while self.turns.running:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return [incident.is_open for incident in self.store.incidents()]


@pytest.fixture
def serving() -> Iterator[Callable[[Any, datetime], Service]]:
    with ExitStack() as opened:

        def serve(settings: Any, now: datetime) -> Service:
            service = Service(settings, now)
            opened.callback(service.store.close)
            return service

        yield serve


def test_the_service_has_patience_counted_from_the_first_failure(
    world: World, rows_service: Start, serving: Callable[[Any, datetime], Service]
) -> None:
    source = rows_service()
    start = world.day(33) + MORNING
    service = serving(world.settle(from_a_service(world, source)), start)
    assert service.look(start) == []
    source.answers = [AWAY] * 100
    first = world.day(34) + timedelta(minutes=5)
    assert service.look(first) == []
    assert service.look(first + timedelta(minutes=30)) == []
    assert service.look(first + timedelta(minutes=70)) == [True]
    source.answers = []
    assert service.look(first + timedelta(minutes=90)) == [False]
    assert [w.rows for w in service.store.windows("late-arrival")] == [100] * 4


def test_a_model_that_cannot_begin_is_an_incident_of_the_service_until_it_does(
    world: World, rows_service: Start, serving: Callable[[Any, datetime], Service]
) -> None:
    source = rows_service()
    start = world.day(33) + MORNING
    settings = world.settle(from_a_service(world, source), channels=[{"kind": "stderr"}])
    service = serving(settings, start)
    source.answers = [AWAY] * 100
    assert service.look(start) == []
    assert service.look(start + timedelta(minutes=30)) == []
    assert service.look(start + timedelta(minutes=70)) == [True]
    (found,) = service.store.incidents()
    assert found.message == (
        f"cannot begin since 3 Feb 2024, 06:00: {source.url}: answered 503 Service Unavailable"
    )
    assert found.since == start
    assert service.store.outbox.counts() == {"pending": 1}
    taken = acknowledge(service.store, found.id, "Ada", "", start + timedelta(minutes=75))
    source.answers = [(401, {}, "")] * 100
    assert service.look(start + timedelta(minutes=90)) == [True]
    (still,) = service.store.incidents()
    assert (still.id, still.state) == (taken.id, "acknowledged")
    assert "401 Unauthorized" in still.message
    source.answers = []
    assert service.look(start + timedelta(minutes=110)) == [False]
    assert service.store.outbox.counts() == {"pending": 2}
    assert [w.rows for w in service.store.windows("late-arrival")] == [100] * 3


def test_a_source_that_hangs_holds_up_no_other_model(
    world: World, rows_service: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("driftline.service.turns.SLOW", 0.3)
    silent = rows_service(answers=[None] * 10)
    hanging = from_a_service(world, silent) | {"name": "hanging"}
    settings = world.settle(hanging, world.model())
    now = world.day(33) + MORNING
    store = open_sql_store(settings.store.get_secret_value())
    schedule = Schedule(store.engine)
    turns = Turns({m.name: m for m in settings.models}, store, schedule, "me", 1, lambda: now)
    schedule.ensure({"hanging": now - MORNING, "late-arrival": now}, now)
    deadline = time.monotonic() + 60
    try:
        while not store.windows("late-arrival"):
            assert time.monotonic() < deadline
            turns.step()
            time.sleep(0.05)
        assert "hanging" in turns.running
    finally:
        silent.over.set()
        while turns.running:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        store.close()


@pytest.mark.parametrize("labels_alone", [True, False])
def test_two_that_see_the_same_outage_tell_it_once(
    world: World, rows_service: Start, labels_alone: bool
) -> None:
    settings = world.settle(from_a_service(world, rows_service()), channels=[{"kind": "stderr"}])
    world.check(world.day(33))
    (model,) = settings.models
    told = Told(error="gone", labels_alone=labels_alone)
    with world.store() as store:
        for minutes in (60, 61, 62):
            now = world.day(34) + timedelta(minutes=minutes)
            settle_outages(model, store, told, now, world.day(34))
        (incident,) = store.incidents()
        assert incident.cause == ("labels" if labels_alone else "predictions")
        assert [event.kind for event in store.events(incident.id)] == ["opened"]
        assert len(store.outbox.rows("pending")) == 1
