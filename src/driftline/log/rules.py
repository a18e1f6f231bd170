"""What the settings say of the logs: which there are, where they are, what their rows must have."""

from __future__ import annotations

from driftline.log.columns import Rules
from driftline.log.place import Place
from driftline.settings.models import Settings
from driftline.settings.rows import Labels, Predictions
from driftline.sources.ingest import IngestSettings


def logs_of(settings: Settings) -> dict[Place, Rules]:
    """Every log that some model reads, with the rules for its rows."""
    found: dict[Place, Rules] = {}
    for model in settings.models:
        for role in (model.predictions, model.labels):
            if role is not None and isinstance(role.origin, IngestSettings):
                new = role.origin.new_columns
                made = _labels(role, new) if isinstance(role, Labels) else _rows(role, new)
                found[role.origin.place] = made
    return found


def _rows(predictions: Predictions, new_columns: bool) -> Rules:
    roles = [predictions.timestamp, predictions.id, predictions.prediction, predictions.score]
    known = None
    if predictions.features is not None:
        named = [*roles, *predictions.features, *predictions.categorical, *predictions.ignore]
        known = tuple(dict.fromkeys(name for name in named if name))
    text = {*predictions.categorical, *([predictions.id] if predictions.id else [])}
    return Rules(
        moment=predictions.timestamp,
        required=(predictions.id,) if predictions.id else (),
        text=frozenset(text),
        known=known,
        new_columns=new_columns,
    )


def _labels(labels: Labels, new_columns: bool) -> Rules:
    known = [labels.timestamp, *labels.columns]
    return Rules(
        moment=labels.timestamp,
        required=(labels.id,) if labels.id else (),
        text=frozenset([labels.id] if labels.id else []),
        known=tuple(name for name in known if name),
        new_columns=new_columns,
    )
