"""Run every model of the settings; one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from driftline.errors import DriftlineError
from driftline.service.build import watched_of
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

        try:
            watched = watched_of(model)
            until, replay = goal(watched)
            return catch_up(watched, store, until, step, replay)
        except DriftlineError as error:
            return Told(error=str(error))

    return {model.name: run(model) for model in settings.models}
