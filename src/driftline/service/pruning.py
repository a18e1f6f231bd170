"""Pruning: what a model's settings no longer ask to keep, and nothing still needs, is deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from driftline.acceptance import REACH, REMEMBERED
from driftline.aging import Aged
from driftline.service.basis import memory
from driftline.service.ledger import horizon
from driftline.settings.keeping import LONG
from driftline.settings.models import ModelSettings, ReferenceSpan
from driftline.stores import Store
from driftline.windows import Window

DAY, WEEK = timedelta(days=1), timedelta(days=7)
"""Of windows shorter than a day earlier judgements of performance are kept for a week: there is one
of every span for each look at which labels have come."""

PICTURED = 7
"""Windows from an incident's first on whose distribution is shown with it."""


def prune(model: ModelSettings, store: Store, position: datetime) -> None:
    """Delete what is too old at `position`, the end of the model's newest window. Every transaction
    is small, so that others wait for none."""
    accepted = [one.since for one in store.acceptances(model.name) if one.holds]
    aged = aged_of(model, position, accepted)
    while store.prune(model.name, aged):
        pass


def aged_of(model: ModelSettings, position: datetime, accepted: Sequence[datetime] = ()) -> Aged:
    """What is old enough to go at `position`.

    Args:
        accepted: since when changes are normal: what the model is used to since is learned from the
            windows that begin then.
    """
    counted = model.late_predictions + memory(model) + 2 * model.window
    joined = horizon(model) + 2 * model.window
    spec, learned = model.reference, LONG * model.window
    if isinstance(spec, ReferenceSpan):
        learned = spec.end - spec.start
        if spec.rolling is not None:
            counted = max(counted, REMEMBERED * spec.rolling + spec.gap)
    profiles, results = model.kept_profiles, model.retention.results

    def by(kept: timedelta | None, needed: timedelta) -> datetime | None:
        return None if kept is None else position - max(kept, needed)

    longest = timedelta.max if model.window >= DAY else WEEK
    last = by(results, max(counted, joined))
    shown = [Window(since, since + REACH * learned) for since in accepted]
    return Aged(
        profiles=by(profiles, counted),
        outcomes=by(profiles, joined),
        superseded=by(profiles and min(profiles, longest), timedelta()),
        results=last and min(last, *accepted) if accepted else last,
        shown=tuple(shown),
        pictured=PICTURED * model.window,
    )
