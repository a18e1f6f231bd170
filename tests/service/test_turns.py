"""A model whose source hangs, or breaks in a way that nobody foresaw, holds up no other."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest

from driftline.errors import SourceError
from driftline.service import turns as turns_module
from driftline.service.build import watched_of
from driftline.service.steps import Watched
from driftline.service.turns import Turns
from driftline.settings.models import ModelSettings
from driftline.sources import Reading, Source
from driftline.sources.formats import Facts
from driftline.sources.parquet import ParquetFormat
from driftline.stores.schedule import Schedule, Turn
from driftline.stores.sql import open_sql_store

if TYPE_CHECKING:
    from tests.service.conftest import World

    Eventually = Callable[..., Any]

HOUR = timedelta(hours=1)


class Broken:
    """A source that hangs, fails in a way that nobody foresaw, or wants to be left alone."""

    def __init__(self, source: Source, hang: Event | timedelta | None) -> None:
        self._source = source
        self._hang = hang
        self.name = source.name

    def columns(self, start: datetime | None = None, end: datetime | None = None) -> Any:
        return self._source.columns(start, end)

    def span(self) -> Any:
        return self._source.span()

    def batches(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        columns: Collection[str] | None = None,
    ) -> Reading:
        if self._hang is None:
            raise ZeroDivisionError("nobody foresaw this")
        if isinstance(self._hang, timedelta):
            raise SourceError("too many requests", self._hang)
        self._hang.wait(60)
        raise SourceError("gave up")


@pytest.fixture
def running(world: World, monkeypatch: pytest.MonkeyPatch, eventually: Eventually) -> Any:
    """Turns over a store, at a moment; sources of models are broken by name."""
    begun: list[Turns] = []

    def start(
        broken: dict[str, Event | timedelta | None], names: Collection[str], workers: int
    ) -> Turns:
        world.live(range(36))
        settings = world.settle(*(world.model(name=name) for name in names))
        store = open_sql_store(settings.store.get_secret_value())

        def opened(model: ModelSettings) -> Watched:
            watched = watched_of(model)
            if model.name not in broken:
                return watched
            return Watched(model, Broken(watched.predictions, broken[model.name]), watched.labels)

        monkeypatch.setattr(turns_module, "watched_of", opened)
        models = {model.name: model for model in settings.models}
        now = {"now": world.day(34) + HOUR}
        schedule = Schedule(store.engine)
        made = Turns(models, store, schedule, "test", workers, now=lambda: now["now"])
        schedule.ensure(dict.fromkeys(models, now["now"]), now["now"])
        begun.append(made)
        return made

    yield start
    for turns in begun:
        eventually(lambda turns=turns: not turns.running)
        turns.store.close()


def turn_of(turns: Turns, name: str) -> Turn:
    return next(turn for turn in turns.schedule.turns() if turn.model == name)


@contextmanager
def stepping(turns: Turns) -> Iterator[None]:
    """Steps meanwhile."""
    over = Event()

    def run() -> None:
        while not over.is_set():
            time.sleep(min(turns.step(), 0.05))

    thread = Thread(target=run, daemon=True)
    thread.start()
    yield
    over.set()
    thread.join()


def test_a_model_whose_source_hangs_keeps_its_thread_and_holds_up_no_other(
    running: Any, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns_module, "SLOW", 0.5)
    hang = Event()
    turns = running({"a": hang}, ("a", "b", "c"), workers=1)
    with stepping(turns):
        eventually(lambda: turns.store.windows("b") and turns.store.windows("c"))
        assert set(turns.running) >= {"a"}
        assert turns.store.windows("a") == []
        hang.set()
        eventually(lambda: not turns.running)
    assert turn_of(turns, "a").last["error"] == "gave up"


def test_no_more_models_run_at_once_than_there_are_workers(running: Any) -> None:
    hang = Event()
    turns = running(dict.fromkeys("abcde", hang), "abcde", workers=2)
    for _ in range(5):
        turns.step()
    assert len(turns.running) == 2
    hang.set()


def test_a_run_that_breaks_is_told_tried_again_and_an_incident_when_that_lasts(
    running: Any, world: World, eventually: Eventually, caplog: pytest.LogCaptureFixture
) -> None:
    broken: dict[str, Event | timedelta | None] = {}
    turns = running(broken, ("a", "b"), workers=2)
    with stepping(turns):
        eventually(lambda: len(turns.store.windows("a")) == len(turns.store.windows("b")) == 4)
        eventually(lambda: not turns.running)
    broken["a"] = None
    for hours in (0.1, 0.2, 3):
        now = world.day(35) + hours * HOUR
        turns.now = partial(max, now, now)
        turns.schedule.ensure({"b": now}, now)
        with stepping(turns):
            eventually(lambda: turn_of(turns, "a").due > turns.now() and not turns.running)
    turn = turn_of(turns, "a")
    assert turn.failures == 3
    assert turn.failing_since == world.day(35) + 0.1 * HOUR
    assert turn.due <= turns.now() + timedelta(minutes=15)
    (incident,) = turns.store.incidents("a")
    assert incident.message.startswith("no data since 4 Feb 2024: unexpected ZeroDivisionError")
    assert len(turns.store.windows("b")) == 5
    assert "nobody foresaw this" in caplog.text


def test_a_run_reads_no_file_again_that_an_earlier_run_has_looked_at(
    running: Any, world: World, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: Counter[str] = Counter()
    look = ParquetFormat.look

    def noted(format_: ParquetFormat, path: str, timestamp: str | None) -> Facts:
        looked[Path(path).stem] += 1
        return look(format_, path, timestamp)

    monkeypatch.setattr(ParquetFormat, "look", noted)
    turns = running({}, ("a",), workers=1)
    for day in (34, 35):
        now = world.day(day) + HOUR
        turns.now = partial(max, now, now)
        turns.schedule.ensure({"a": now}, now)
        with stepping(turns):
            eventually(lambda: turn_of(turns, "a").due > turns.now() and not turns.running)
    assert len(turns.store.windows("a")) == 5
    assert len(looked) == 36
    assert set(looked.values()) == {1}


def test_a_source_that_wants_to_be_left_alone_is_left_alone(
    running: Any, eventually: Eventually
) -> None:
    turns = running({"a": timedelta(hours=5)}, ("a", "b"), workers=2)
    with stepping(turns):
        eventually(lambda: turns.store.windows("b") and turn_of(turns, "a").failures)
        eventually(lambda: not turns.running)
    assert turn_of(turns, "a").last["error"] == "too many requests"
    assert turn_of(turns, "a").due == turns.now() + timedelta(hours=5)
