"""Incidents: what is open, and what is over."""

from __future__ import annotations

from typing import get_args

import streamlit as st

from driftline.dashboard.navigation import href
from driftline.dashboard.shell import crumbs, empty, piece, refreshed
from driftline.dashboard.shown import shown
from driftline.notices import worst_first
from driftline.records import SEVERITIES, Incident, IncidentKind
from driftline.wording import KINDS, count

STATES = {"open": "Open", "over": "Over"}

ROWS = 100
"""Incidents that are listed at once."""


def draw() -> None:
    crumbs(("Models", href("overview")), ("Incidents", ""))
    _listed()


@refreshed
def _listed() -> None:
    found = shown().store.incidents()
    if not found:
        empty("No incident so far", "Whatever is wrong with a model will be told here.")
        return
    chosen = sorted(_filtered(found), key=_need)
    still = sum(incident.is_open for incident in found)
    told = f"{count(still, 'incident')} open, {len(found) - still:,} over"
    told += "." if len(chosen) == len(found) else f"; {len(chosen):,} shown."
    piece("incidents.html.j2", "list", rows=chosen[:ROWS], more=len(chosen) - ROWS, told=told)


def _filtered(found: list[Incident]) -> list[Incident]:
    places = st.columns([3, 3, 2, 3], vertical_alignment="bottom")
    models = sorted({incident.model for incident in found})
    model = places[0].selectbox(
        "Model", models, index=None, placeholder="All", key="model", bind="query-params"
    )
    kind = places[1].selectbox(
        "Kind",
        list(get_args(IncidentKind)),
        index=None,
        placeholder="All",
        format_func=KINDS.__getitem__,
        key="kind",
        bind="query-params",
    )
    least = places[2].selectbox(
        "At least", SEVERITIES, format_func=str.capitalize, key="severity", bind="query-params"
    )
    state = places[3].segmented_control(
        "State",
        list(STATES),
        format_func=STATES.__getitem__,
        default="open" if any(incident.is_open for incident in found) else None,
        key="state",
        bind="query-params",
    )
    return [
        incident
        for incident in found
        if model in (None, incident.model)
        and kind in (None, incident.kind)
        and SEVERITIES.index(incident.severity) >= SEVERITIES.index(least)
        and (state is None or incident.is_open == (state == "open"))
    ]


def _need(incident: Incident) -> tuple[bool, tuple[int, float]]:
    """Open ones first, the gravest first, the newest first."""
    gravity, newest = worst_first(incident)
    return not incident.is_open, (gravity if incident.is_open else 0, newest)
