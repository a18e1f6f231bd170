"""Incident: one incident from its beginning: what changed, what was done, and what to do."""

from __future__ import annotations

import streamlit as st

from driftline.charts import distribution, performance_trend
from driftline.dashboard.case import Case, case_of, pictures_of
from driftline.dashboard.doing import bar
from driftline.dashboard.navigation import href
from driftline.dashboard.shell import chart, crumbs, empty, piece, refreshed
from driftline.dashboard.shown import shown
from driftline.wording import KINDS, metric_name


def draw() -> None:
    incident_id = st.query_params.get("id", "")
    case = case_of(shown(), incident_id)
    if case is None:
        crumbs(("Incidents", href("incidents")), ("No such incident", ""))
        told = f'There is no incident with the id "{incident_id:.100}".' if incident_id else ""
        empty("Which incident?", told, "Choose one from the list of incidents", key="which")
        return
    model = case.incident.model
    crumbs(
        ("Incidents", href("incidents")),
        (model, href("model", name=model)),
        (KINDS[case.incident.kind], ""),
    )
    _told(incident_id)
    bar(case.incident)
    _pictures(case)
    _performance(case)
    _history(incident_id)


@refreshed
def _told(incident_id: str) -> None:
    case = case_of(shown(), incident_id)
    if case is not None:
        piece("incident.html.j2", "told", case=case)


def _pictures(case: Case) -> None:
    found = pictures_of(shown(), case)
    if not found:
        return
    model = case.incident.model
    piece("section.html.j2", "pictures", title="Columns to blame", words=_PICTURES)
    places = st.columns(2) if len(found) > 1 else [st.container()]
    for i, one in enumerate(found):
        with places[i % len(places)]:
            address = href("column", name=model, column=one.column)
            piece("picture.html.j2", f"name-{i}", shown=one, address=address)
            figure = distribution(one.reference, one.current, one.column)
            figure.update_layout(title_text=None, margin_t=36)
            chart(figure, f"picture-{i}", f"{one.column}: reference and current distribution")


_PICTURES = "Most blamed first. Each is compared with the reference; its name opens the column."


def _performance(case: Case) -> None:
    measured = case.measured
    if measured is None:
        return
    piece("section.html.j2", "performance", title="Performance before and since", words="")
    piece("measured.html.j2", "measured", case=case, measured=measured)
    drop = case.model.performance.drop if case.model else None
    shaded = (case.incident,) if case.incident.kind == "performance" else ()
    figure = performance_trend(case.spans, measured.metric, shaded, drop)
    name = f"{metric_name(measured.metric)} of {case.incident.model}"
    chart(figure, "trend", f"{name} around the incident")


@refreshed
def _history(incident_id: str) -> None:
    case = case_of(shown(), incident_id)
    if case is not None:
        piece("section.html.j2", "timeline-head", title="What happened", words="")
        piece("timeline.html.j2", "timeline", case=case)
