"""Dressing: what a notice is given before it goes to a channel: where to click, what to draw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from driftline.errors import DriftlineError
from driftline.illustrations import Distribution, Illustration, Trend
from driftline.notices import Notice
from driftline.records import Event, Incident
from driftline.reference import total_of
from driftline.service.pages import distribution_of
from driftline.settings.models import ModelSettings, Settings
from driftline.stores import Store

BEFORE = timedelta(days=60)
"""How much of the time before a drop is drawn."""


def dresser(settings: Settings, store: Store, illustrated: bool) -> Callable[[Notice], Notice]:
    """A function that dresses notices; `illustrated` for channels that draw."""

    def dress(notice: Notice) -> Notice:
        shown = illustration_of(notice, settings, store) if illustrated else None
        events = tuple(_as_known_now(event, store) for event in notice.events)
        return replace(notice, events=events, url=settings.url or "", illustration=shown)

    return dress


def _as_known_now(event: Event, store: Store) -> Event:
    """The event with what is known of its incident by now, as long as it is no worse. Events of
    several windows are told together by a check that catches up, and must not contradict."""
    now, then = store.incident(event.incident.id), event.incident
    if now is None or not now.is_open or now.severity != then.severity:
        return event
    return replace(event, incident=replace(then, message=now.message, facts=now.facts))


def illustration_of(notice: Notice, settings: Settings, store: Store) -> Illustration | None:
    """The trend of performance, or the distribution of the most blamed column, of the gravest
    incident that lasts; None where there is nothing to draw. No notice fails for want of it."""
    lasting = [news.incident for news in notice.news if not news.over]
    model = next((model for model in settings.models if model.name == notice.model), None)
    if model is None or not lasting:
        return None
    try:
        if lasting[0].kind == "performance":
            return _trend(model, store, lasting[0])
        return _distribution(model, store, lasting[0])
    except DriftlineError:
        return None


def _trend(model: ModelSettings, store: Store, incident: Incident) -> Trend | None:
    found = store.performance(model.name, incident.opened - BEFORE)
    judged = tuple(result for result in found if result.status == "judged")
    if not judged:
        return None
    return Trend(judged, incident.opened, incident.metric, incident.baseline)


def _distribution(model: ModelSettings, store: Store, incident: Incident) -> Distribution | None:
    state = store.model(model.name)
    if state is None:
        return None
    reference = total_of(state.reference)
    column = next((name for name in incident.columns if name in reference.columns), None)
    if column is None:
        return None
    return distribution_of(model, store, (reference, state), incident, column)
