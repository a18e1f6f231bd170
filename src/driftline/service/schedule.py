"""When a model is looked at. Pure; the rows are in `stores.schedule`."""

from __future__ import annotations

from datetime import datetime, timedelta

from driftline.settings.models import ModelSettings
from driftline.ticks import tick_after

FIRST_RETRY, LAST_RETRY = timedelta(seconds=5), timedelta(minutes=15)
"""How long after a first failure a model is looked at again; doubled each time, up to the last."""

LAG = timedelta(minutes=1)
"""How long after a tick a model is looked at, for rows that are still on their way. Who gives a
cron expression has chosen the moment."""

PATIENCE = timedelta(hours=1)
"""How long a source may fail at most before that is an incident, where the settings do not say."""


def next_due(model: ModelSettings, now: datetime) -> datetime:
    """When the model is to be looked at next. Ticks that were missed are not made up for: what was
    due at them is judged at the next look."""
    if isinstance(model.every, timedelta):
        lag = model.predictions.delay or LAG
        return tick_after(model.every, model.timezone, now - lag) + lag
    return tick_after(model.every, model.timezone, now)


def due_at_start(model: ModelSettings, now: datetime) -> datetime:
    """When a model that is known is to be looked at, at the latest, after a service has started: at
    once, in case its settings have changed, or when its cron expression says."""
    return now if isinstance(model.every, timedelta) else next_due(model, now)


def retry_at(model: ModelSettings, failures: int, now: datetime) -> datetime:
    """When to look again after `failures` in a row: soon, then twice as late each time, and no
    later than the next tick."""
    wait = min(FIRST_RETRY * 2.0 ** min(failures - 1, 20), LAST_RETRY)
    return min(now + wait, max(next_due(model, now), now + FIRST_RETRY))


def wait_for(model: ModelSettings, until: datetime, now: datetime) -> datetime:
    """When to look again for the rows of a window that are waited for until then."""
    often = max(LAG, model.window / 16)
    return min(next_due(model, now), max(now + LAG, min(until, now + often)))


def patience_of(model: ModelSettings) -> timedelta:
    """How long a source may fail before that is an incident."""
    return model.patience or min(model.window, PATIENCE)
