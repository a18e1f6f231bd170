"""Run every model of the settings; one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from driftline.errors import DriftlineError, StoreError
from driftline.service.build import watched_of
from driftline.service.outages import settle_outages
from driftline.service.run import Replay, Told, catch_up
from driftline.service.steps import Watched
from driftline.settings.models import ModelSettings, Settings
from driftline.stores import Store

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
    """Catch up every model to its goal; what is to be told of each."""

    def run(model: ModelSettings) -> Told:
        def step(done: int, due: int) -> None:
            progress(model.name, done, due)

        now: datetime | None = None
        try:
            watched = watched_of(model)
            until, replay = goal(watched)
            now = until if replay is None else None
            told = catch_up(watched, store, until, step, replay)
        except StoreError as error:
            return Told(error=str(error))
        except DriftlineError as error:
            told = Told(error=str(error))
        if now is not None:
            settle_outages(model, store, told, now)
        return told

    return {model.name: run(model) for model in settings.models}
