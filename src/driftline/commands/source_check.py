"""What `driftline config check` finds out by a look at the sources themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from pydantic import BaseModel

from driftline.errors import ColumnError, DriftlineError, nearest
from driftline.profiles.frames import require_columns
from driftline.service.build import watched_of
from driftline.service.fitting import reference_span
from driftline.settings.models import ModelSettings, ReferenceSource
from driftline.sources import Source, open_source


@dataclass(frozen=True)
class Look:
    """One source of a model, the columns that the settings name of it, and those to leave out."""

    what: str
    source: Source
    origin: BaseModel
    names: Sequence[str | None]
    span: tuple[datetime | None, datetime | None]
    ignored: Sequence[str] = ()


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
            known = _known(look)
            if known.names:
                require_columns(_named(look), known.empty_table(), look.source.name)
                notes += [f"{model.name}: note: {note}" for note in _not_ignored(look, known)]
            else:
                where = " in the span of the reference" if look.span != (None, None) else ""
                notes.append(
                    f"{model.name}: note: {look.source.name} has no {look.what}{where} yet: its "
                    "columns are not known"
                )
        except DriftlineError as error:
            faults.append(f"{model.name}: {error}")
    return faults, notes


def _named(look: Look) -> list[str]:
    return list(dict.fromkeys(name for name in look.names if name))


def _known(look: Look) -> pa.Schema:
    """The columns of a source. Where it lacks one that it cannot be read without, all that the
    settings name are looked for at once."""
    try:
        return look.source.columns(*look.span)
    except ColumnError:
        known = open_source(look.origin).columns()
        told = _not_ignored(look, known)
        try:
            require_columns(_named(look), known.empty_table(), look.source.name)
        except ColumnError as error:
            raise ColumnError("; ".join([str(error), *told])) from error
        raise


def _not_ignored(look: Look, known: pa.Schema) -> list[str]:
    """Columns to ignore that are not there."""
    absent = [name for name in look.ignored if name not in known.names]
    return [f'ignore: no column "{name}"{nearest(name, known.names)}' for name in absent]


def _looks(model: ModelSettings) -> Iterator[Look]:
    watched, predictions, labels = watched_of(model), model.predictions, model.labels
    span = reference_span(model)
    named = [predictions.timestamp, predictions.id, predictions.prediction, predictions.score]
    named += [*(predictions.features or ()), *predictions.categorical, *model.alarms.least_effect]
    yield Look(
        "predictions", watched.predictions, predictions.origin, named, span, predictions.ignore
    )
    if watched.labels is not None and labels is not None:
        theirs = [*labels.columns, labels.timestamp]
        yield Look("labels", watched.labels, labels.origin, theirs, span)
    if isinstance(model.reference, ReferenceSource):
        own = model.reference
        yield Look("reference", open_source(own.origin), own.origin, [own.timestamp], (None, None))
