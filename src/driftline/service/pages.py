"""Pages: what the report needs of a model, gathered from the store."""

from __future__ import annotations

from datetime import datetime

from driftline.profiles.codec import decode_profile
from driftline.profiles.profile import Profile
from driftline.records import Incident, ModelState
from driftline.reference import Reference
from driftline.report import Distribution, ModelPage
from driftline.service.power import power_in_words, power_of
from driftline.service.promises import cautions_of
from driftline.settings.models import ModelSettings, ReferenceSpan
from driftline.stores import Store
from driftline.windows import Window
from driftline.wording import THIN, duration
from driftline.wording import span as span_in_words

SHOWN = 8
"""Columns whose distributions are shown, at most."""


def page_of(model: ModelSettings, store: Store, generated_at: datetime) -> ModelPage:
    """All that the store holds of a model, for one page."""
    spec = model.reference
    incidents = tuple(store.incidents(model.name))
    power, state = power_of(model, store), store.model(model.name)
    reference = Reference.from_bytes(state.reference) if state else None
    shown = (reference.total, state) if reference and state else None
    return ModelPage(
        name=model.name,
        version=model.version or "",
        task=model.task or "",
        generated_at=generated_at,
        reference=Window(spec.start, spec.end) if isinstance(spec, ReferenceSpan) else None,
        windows=tuple(store.windows(model.name)),
        performance=tuple(store.performance(model.name)),
        incidents=incidents,
        distributions=_distributions(model, store, shown, incidents) if shown else (),
        settings={
            "False alarms": str(model.alarms.false_alarms),
            "Window": duration(model.window),
            "Performance": f"{duration(model.performance.current)} against the "
            f"{duration(model.performance.baseline)} before",
            "Drop that alarms": f"{100 * model.performance.drop:g}{THIN}%",
            **({"Drop that is seen": power_in_words(power)} if power else {}),
        },
        drop=model.performance.drop,
        cautions=tuple(cautions_of(model, reference)) if reference else (),
        min_rows=model.alarms.min_rows,
    )


def _distributions(
    model: ModelSettings,
    store: Store,
    known: tuple[Profile, ModelState],
    incidents: tuple[Incident, ...],
) -> tuple[Distribution, ...]:
    """The reference and an incident's first seven windows, for the columns to blame: of open and
    new incidents first, the most blamed column of each before the second of any."""
    reference, state = known
    newest = sorted(incidents, key=lambda i: (i.is_open, i.opened), reverse=True)
    blamed = [(rank, i) for i in newest for rank in range(len(i.columns))]
    found: dict[str, Distribution] = {}
    for rank, incident in sorted(blamed, key=lambda pair: pair[0]):
        column = incident.columns[rank]
        if column not in reference.columns or column in found:
            continue
        found[column] = distribution_of(model, store, (reference, state), incident, column)
        if len(found) == SHOWN:
            break
    return tuple(found.values())


def distribution_of(
    model: ModelSettings,
    store: Store,
    known: tuple[Profile, ModelState],
    incident: Incident,
    column: str,
) -> Distribution:
    """A column in the reference and in the first seven windows of an incident while it was bad."""
    reference, state = known
    end = incident.until or incident.resolved or state.position
    span = Window(incident.since, min(incident.since + 7 * model.window, end))
    current = _pooled(model, store, reference, span).columns[column]
    before = reference.columns[column]
    return Distribution(column, before, current, span_in_words(span))


def _pooled(model: ModelSettings, store: Store, reference: Profile, span: Window) -> Profile:
    total = Profile.empty(reference.grids)
    for blob in store.profiles(model.name, span.start, span.end).values():
        total = total + decode_profile(blob, reference.grids)
    return total
