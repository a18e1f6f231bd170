"""What `driftline config check` finds out by a look at the sources themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from driftline.errors import DriftlineError
from driftline.profiles.frames import require_columns
from driftline.service.build import watched_of
from driftline.service.fitting import reference_span
from driftline.settings.models import ModelSettings, ReferenceSource
from driftline.sources import Source, open_source


@dataclass(frozen=True)
class Look:
    """One source of a model, and the columns that the settings name of it."""

    what: str
    source: Source
    names: Sequence[str | None]
    span: tuple[datetime | None, datetime | None]


def look_at_sources(model: ModelSettings) -> tuple[list[str], list[str]]:
    """The faults of a model's sources (that cannot be read, or lack columns that the settings
    name), and the notes on those that have no rows yet, so that nothing can be said of them."""
    faults, notes = [], []
    try:
        looks = list(_looks(model))
    except DriftlineError as error:
        return [f"{model.name}: {error}"], []
    for look in looks:
        try:
            known = look.source.columns(*look.span)
            if known.names:
                names = [name for name in look.names if name]
                require_columns(names, known.empty_table(), look.source.name)
            else:
                where = " in the span of the reference" if look.span != (None, None) else ""
                notes.append(
                    f"{model.name}: {look.source.name} has no {look.what}{where} yet: its columns "
                    "are not known"
                )
        except DriftlineError as error:
            faults.append(f"{model.name}: {error}")
    return faults, notes


def _looks(model: ModelSettings) -> Iterator[Look]:
    watched, predictions, labels = watched_of(model), model.predictions, model.labels
    span = reference_span(model)
    named = [predictions.timestamp, predictions.id, predictions.prediction, predictions.score]
    named += [*(predictions.features or ()), *predictions.categorical]
    yield Look("predictions", watched.predictions, named, span)
    if watched.labels is not None and labels is not None:
        theirs = [*labels.columns, labels.timestamp]
        yield Look("labels", watched.labels, theirs, span)
    if isinstance(model.reference, ReferenceSource):
        own = model.reference
        yield Look("reference", open_source(own.origin), [own.timestamp], (None, None))
