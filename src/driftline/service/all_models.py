"""Run every model of the settings; one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from driftline.errors import DriftlineError
from driftline.service.build import watched_of
from driftline.service.run import Told, Watched, catch_up
from driftline.settings.models import ModelSettings, Settings
from driftline.stores import Store

Progress = Callable[[str, int, int], None]
"""Called with (model, windows done, windows due)."""

End = tuple[datetime, datetime | None]
"""Up to where windows are judged, and labels beyond them are joined (None: not beyond)."""


def run_models(
    settings: Settings,
    store: Store,
    until: Callable[[Watched], End],
    progress: Progress,
    start: datetime | None = None,
) -> Mapping[str, Told]:
    """Catch up every model to `until`; what is to be told of each.

    `start` is where a model that the store does not know yet begins; default: after its reference.
    """

    def run(model: ModelSettings) -> Told:
        def step(done: int, due: int) -> None:
            progress(model.name, done, due)

        try:
            watched = watched_of(model)
            end, labels_until = until(watched)
            return catch_up(watched, store, end, step, start, labels_until)
        except DriftlineError as error:
            return Told(error=str(error))

    return {model.name: run(model) for model in settings.models}
