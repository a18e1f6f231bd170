"""What the steps of a run share: the model with its sources, and how a step is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from driftline.errors import StoreError
from driftline.records import Changes
from driftline.settings.models import ModelSettings
from driftline.sources import Problem, Source
from driftline.stores import Store

Note: TypeAlias = str | Problem
"""What the owner should know of a run: in words, or something wrong with the predictions."""


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
