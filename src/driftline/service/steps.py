"""What the steps of a run share: the model with its sources, and how a step is recorded."""

from __future__ import annotations

from dataclasses import dataclass

from driftline.errors import StoreError
from driftline.records import Changes
from driftline.settings.models import ModelSettings
from driftline.sources import Source
from driftline.stores import Store


@dataclass(frozen=True)
class Watched:
    """A model with the sources that its settings name."""

    model: ModelSettings
    predictions: Source
    labels: Source | None


class Overtaken(StoreError):  # noqa: N818
    """Somebody else has changed the model meanwhile; nothing was recorded twice."""


def record(store: Store, changes: Changes) -> None:
    if not store.record(changes):
        raise Overtaken(
            f"{changes.state.name}: another process works on this model with other settings; "
            "nothing was recorded twice"
        )
