"""Overview: every model as a row, those first that need attention most."""

from __future__ import annotations

import streamlit as st

from driftline.dashboard.overview import Row, rows_of
from driftline.dashboard.shell import crumbs, piece, refreshed
from driftline.dashboard.shown import shown
from driftline.wording import count

GROUPS = {"attention": "Needs attention", "waiting": "Waiting", "well": "Well"}


def draw() -> None:
    crumbs(("Models", ""))
    _filtered()


@refreshed
def _filtered() -> None:
    rows = rows_of(shown())
    chosen = _filters(rows) if len(rows) > 1 else rows
    piece(
        "overview.html.j2",
        "models",
        rows=chosen,
        told=_told(rows, chosen),
        versions=any(row.model.version for row in rows),
    )


def _filters(rows: list[Row]) -> list[Row]:
    tags = sorted({tag for row in rows for tag in row.model.tags})
    places = st.columns([3, 3, 2] if tags else [3, 5], vertical_alignment="bottom")
    text = places[0].text_input("Find a model", key="find", bind="query-params")
    groups = places[1].segmented_control(
        "Status",
        list(GROUPS),
        selection_mode="multi",
        format_func=lambda group: f"{GROUPS[group]} ({sum(r.group == group for r in rows)})",
        key="status",
        bind="query-params",
    )
    wanted = places[2].multiselect("Tags", tags, key="tag", bind="query-params") if tags else []
    found = (text or "").casefold().split()
    return [
        row
        for row in rows
        if all(word in row.model.name.casefold() for word in found)
        and (not groups or row.group in groups)
        and set(wanted) <= set(row.model.tags)
    ]


def _told(rows: list[Row], chosen: list[Row]) -> str:
    """The whole page in a sentence."""
    need = sum(row.group == "attention" for row in rows)
    verb = "needs" if need == 1 else "need"
    if need:
        told = f"{need} of {count(len(rows), 'model')} {verb} attention."
    elif any(row.group == "waiting" for row in rows):
        told = "Nothing needs attention."
    else:
        told = "All is well." if len(rows) == 1 else f"All {len(rows)} models are well."
    return told if len(chosen) == len(rows) else f"{told} {len(chosen)} shown."
