"""Build: the only place that makes stores, sources and channels from settings."""

from __future__ import annotations

from collections.abc import Mapping

from driftline.channels import channel_kinds
from driftline.service.dressing import dresser
from driftline.service.outbox import Outlet
from driftline.service.steps import Watched
from driftline.settings.channels import ChannelSettings, channels_of
from driftline.settings.models import ModelSettings, Settings
from driftline.sources import Lasting, Source, open_source
from driftline.stores import Store


def watched_of(model: ModelSettings) -> Watched:
    """The model with its sources."""
    predictions = model.predictions
    joined = model.labels is not None and model.labels.id is not None
    required = [predictions.id] if joined and predictions.id else []
    labels = None
    if model.labels is not None:
        settings = model.labels
        labels = open_source(settings.origin, settings.timestamp, settings.columns)
    source = open_source(predictions.origin, predictions.timestamp, required)
    return Watched(model, source, labels)


def going_on(watched: Watched, before: Watched | None) -> Watched:
    """The same model for another run: with the sources of the run before, where they last."""
    if before is None:
        return watched
    labels = watched.labels and _lasting(watched.labels, before.labels)
    return Watched(watched.model, _lasting(watched.predictions, before.predictions), labels)


def _lasting(source: Source, before: Source | None) -> Source:
    if isinstance(before, Lasting) and isinstance(before, type(source)):
        return before.again()
    return source


def outlets_of(settings: Settings, store: Store) -> Mapping[str, Outlet]:
    """Every channel of the settings by name, ready to send."""
    kinds = channel_kinds().values()

    def make(channel: ChannelSettings) -> Outlet:
        kind = next(kind for kind in kinds if isinstance(channel.options, kind.settings))
        made = kind.make(channel.options)
        return Outlet(made, dresser(settings, store, kind.illustrated))

    return {channel.name: make(channel) for channel in channels_of(settings)}
