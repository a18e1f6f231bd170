"""Incidents as lines on the time axis of a chart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import plotly.graph_objects as go

from driftline.charts.look import BLUE, GREEN, ORANGE, VERMILION, axis_time, label
from driftline.notices import bad_time
from driftline.records import Incident, IncidentKind
from driftline.windows import Window
from driftline.wording import KINDS, moment

KIND_LOOKS: dict[IncidentKind, tuple[str, str]] = {
    "performance": (VERMILION, "diamond"),
    "data_quality": (ORANGE, "square"),
    "prediction_drift": (GREEN, "triangle-up"),
    "data_drift": (BLUE, "circle"),
}
"""Colour and sign of each kind: colour is never alone."""

_SHORT = {"performance": "Performance", "data_quality": "Data quality"}

_ROW = 22
"""Pixels of a row; on a narrow screen the legend above takes a third of them."""


def add_lane(made: go.Figure, incidents: Sequence[Incident], shown: Window) -> go.Figure:
    """Draw incidents above a chart of time, a row for each kind that is there, from their beginning
    to their end, within the time that is `shown`; those that lie outside of it are left out. The
    chart grows by what the lane takes."""
    incidents = [i for i in incidents if i.since < shown.end and _end(i, shown) > shown.start]
    kinds = [kind for kind in KIND_LOOKS if any(i.kind == kind for i in incidents)]
    if not kinds:
        return made
    before, added = int(made.layout.height), _ROW * len(kinds) + 14
    share = before / (before + added)
    for axis in (made.layout.yaxis, made.layout.yaxis2):
        low, high = axis.domain or (0, 1)
        axis.domain = (low * share, high * share)
    for shape in (*made.layout.shapes, *made.layout.annotations):
        if shape.yref == "paper":
            for name in ("y0", "y1", "y"):
                if name in shape and shape[name] is not None:
                    shape[name] = shape[name] * share
    for row, kind in enumerate(kinds):
        _lines(made, [i for i in incidents if i.kind == kind], len(kinds) - row, shown)
    made.update_layout(
        height=before + added,
        yaxis3={
            "domain": [share + 6 / (before + added), 1],
            "range": [0.4, len(kinds) + 0.6],
            "tickvals": list(range(len(kinds), 0, -1)),
            "ticktext": [_SHORT.get(kind, KINDS[kind]) for kind in kinds],
            "tickfont": {"size": 10.5},
            "anchor": "x",
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
    )
    return made


def _lines(made: go.Figure, incidents: Sequence[Incident], row: int, shown: Window) -> None:
    colour, sign = KIND_LOOKS[incidents[0].kind]
    xs: list[str | None] = []
    words: list[str | None] = []
    for incident in incidents:
        xs += [*axis_time([max(incident.since, shown.start), _end(incident, shown)]), None]
        when = f"{moment(incident.since)}, still open" if incident.is_open else bad_time(incident)
        told = (
            f"<b>{KINDS[incident.kind]}</b> ({incident.severity})<br>"
            f"{when}<br>{label(incident.message, 90)}"
        )
        words += [told, told, None]
    made.add_scatter(
        x=xs,
        y=[None if x is None else row for x in xs],
        yaxis="y3",
        mode="lines+markers",
        line={"color": colour, "width": 4},
        marker={"color": colour, "symbol": sign, "size": 7},
        customdata=words,
        hovertemplate="%{customdata}<extra></extra>",
        showlegend=False,
        connectgaps=False,
    )


def _end(incident: Incident, shown: Window) -> datetime:
    return shown.end if incident.is_open else min(incident.trouble.end, shown.end)
