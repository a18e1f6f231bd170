"""Run every model of the settings, some at the same time; one that fails or waits does not stop the
others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from queue import Empty, SimpleQueue
from threading import Semaphore, Thread

from driftline.errors import DriftlineError, StoreError
from driftline.service.build import watched_of
from driftline.service.learned import AT_ONCE as LEARNED_AT_ONCE
from driftline.service.learned import Learning
from driftline.service.outages import settle_outages
from driftline.service.power import power_of
from driftline.service.run import Replay, Told, catch_up
from driftline.service.steps import Watched
from driftline.settings.models import ModelSettings, Settings
from driftline.stores import Store

AT_ONCE = 4
"""Models that are run at the same time."""

Progress = Callable[[str, int, int], None]
"""Called with (model, windows done, windows due)."""

Goal = tuple[datetime, Replay | None]
"""Up to where windows are judged, and whether that is a replay."""


def run_models(
    settings: Settings,
    store: Store,
    goal: Callable[[Watched], Goal],
    progress: Progress,
) -> Mapping[str, Told]:
    """Catch up every model to its goal; what is to be told of each, in the order of the settings.

    `progress` is called by several threads. What nobody foresaw in one model is raised when all
    have ended.
    """
    learn = Semaphore(LEARNED_AT_ONCE)

    def run(model: ModelSettings) -> Told:
        def step(done: int, due: int) -> None:
            progress(model.name, done, due)

        now: datetime | None = None
        try:
            watched = watched_of(model)
            until, replay = goal(watched)
            now = until if replay is None else None
            told = catch_up(watched, store, until, step, replay, Learning(turn=learn))
            told = replace(told, detectable=power_of(model, store))
        except StoreError as error:
            return Told(error=str(error))
        except DriftlineError as error:
            told = Told(error=str(error))
        if now is not None:
            settle_outages(model, store, told, now)
        return told

    return _side_by_side(settings.models, run)


def _side_by_side(
    models: tuple[ModelSettings, ...], run: Callable[[ModelSettings], Told]
) -> dict[str, Told]:
    """`run` for every model, by name in their order, in a few threads."""
    if len(models) <= 1:
        return {model.name: run(model) for model in models}
    waiting = SimpleQueue[ModelSettings]()
    for model in models:
        waiting.put(model)
    told: dict[str, Told | BaseException] = {}

    def work() -> None:
        while True:
            try:
                model = waiting.get_nowait()
            except Empty:
                return
            try:
                told[model.name] = run(model)
            except BaseException as error:  # noqa: BLE001  (raised below, in the caller's thread)
                told[model.name] = error

    # daemons: who interrupts the command does not wait for a source that hangs
    threads = [Thread(target=work, daemon=True) for _ in range(min(AT_ONCE, len(models)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {}
    for model in models:
        outcome = told[model.name]
        if isinstance(outcome, BaseException):
            raise outcome
        found[model.name] = outcome
    return found
