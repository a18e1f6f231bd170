"""Pruning: what a model's settings no longer ask to keep, and nothing still needs, is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from driftline.records import Aged, Incident
from driftline.service.ledger import horizon
from driftline.service.watch import memory
from driftline.settings.models import ModelSettings
from driftline.stores import Store
from driftline.windows import Window

PICTURED = 7
"""Windows from an incident's first on whose distribution is shown with it."""


def prune(model: ModelSettings, store: Store, position: datetime) -> None:
    """Delete what is too old at `position`, the end of the model's newest window. Every transaction
    is small, so that others wait for none."""
    aged = aged_of(model, position, store.incidents(model.name))
    while store.prune(model.name, aged):
        pass


def aged_of(model: ModelSettings, position: datetime, incidents: Sequence[Incident]) -> Aged:
    """What is old enough to go at `position`; `incidents` are all that are kept."""
    counted = model.late_predictions + memory(model) + 2 * model.window
    joined = horizon(model) + 2 * model.window
    profiles, results = model.kept_profiles, model.retention.results

    def by(kept: timedelta | None, needed: timedelta) -> datetime | None:
        return None if kept is None else position - max(kept, needed)

    return Aged(
        profiles=by(profiles, counted),
        outcomes=by(profiles, joined),
        superseded=by(profiles, timedelta()),
        results=by(results, max(counted, joined)),
        shown=tuple(
            Window(incident.since, incident.since + PICTURED * model.window)
            for incident in incidents
        ),
    )
