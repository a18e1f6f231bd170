"""What all charts share: palette (after Okabe and Ito), templates for light and dark, labels."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

import plotly.graph_objects as go

BLUE = "#1b7fc4"
VERMILION = "#d55e00"
GREEN = "#009e73"
PURPLE = "#cc79a7"
ORANGE = "#e69f00"
SKY = "#56b4e9"
GREY = "#858a93"

COLORWAY = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, GREY)

CURRENT = BLUE
REFERENCE = GREY
ALARM = VERMILION

FONT = 'Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'


@dataclass(frozen=True)
class Theme:
    """The colours of a page that a chart must fit: text, grid lines, and the hover box."""

    text: str
    grid: str
    line: str
    hover: str
    hover_text: str
    heat: tuple[str, str, str, str, str]


LIGHT = Theme(
    text="#4c5360",
    grid="rgba(20,30,50,.09)",
    line="rgba(20,30,50,.28)",
    hover="#ffffff",
    hover_text="#1a1f29",
    heat=("#f2f5f9", "#d9e8f5", "#8fc1e6", "#2f86c6", "#0b3f70"),
)
DARK = Theme(
    text="#a9b1bf",
    grid="rgba(220,230,250,.10)",
    line="rgba(220,230,250,.30)",
    hover="#262c36",
    hover_text="#eef1f6",
    heat=("#1e232c", "#20344a", "#1f5f94", "#4aa5e3", "#dcf0ff"),
)
NEUTRAL = Theme(
    text="#737a86",
    grid="rgba(128,135,150,.2)",
    line="rgba(128,135,150,.45)",
    hover="#262c36",
    hover_text="#eef1f6",
    heat=(
        "rgba(128,135,150,.08)",
        "rgba(27,127,196,.16)",
        "rgba(27,127,196,.45)",
        "rgba(27,127,196,.8)",
        "rgba(27,127,196,1)",
    ),
)
"""For pages of unknown colour: a grey that reads on white and on near black."""

_HEAT_STOPS = (0.0, 0.1, 0.25, 0.55, 1.0)
"""Effects at which a theme's heat colours stand: the small ones, mostly chance, stay pale."""


def template(theme: Theme) -> go.layout.Template:
    """The template that makes every chart fit a page of this theme."""
    axis = {
        "gridcolor": theme.grid,
        "linecolor": theme.line,
        "zerolinecolor": theme.grid,
        "zerolinewidth": 1,
        "tickcolor": theme.line,
        "automargin": True,
        "title": {"font": {"size": 12}, "standoff": 10},
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "size": 12, "color": theme.text},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "colorway": list(COLORWAY),
            "margin": {"l": 8, "r": 12, "t": 36, "b": 8},
            "hoverlabel": {
                "bgcolor": theme.hover,
                "bordercolor": theme.line,
                "font": {"family": FONT, "size": 12, "color": theme.hover_text},
                "align": "left",
            },
            "legend": {
                "orientation": "h",
                "x": 0,
                "y": 1.0,
                "xanchor": "left",
                "yanchor": "bottom",
                "bgcolor": "rgba(0,0,0,0)",
            },
            "title": {"x": 0, "xanchor": "left", "xref": "paper", "font": {"size": 14}},
            "xaxis": axis,
            "yaxis": axis,
            "dragmode": "zoom",
        },
        data={"heatmap": [{"colorscale": list(zip(_HEAT_STOPS, theme.heat, strict=True))}]},
    )


_NEUTRAL_TEMPLATE = template(NEUTRAL)


def figure(height: int, **layout: Any) -> go.Figure:
    """An empty figure in the neutral look."""
    return go.Figure(layout={"template": _NEUTRAL_TEMPLATE, "height": height, **layout})


def say(made: go.Figure, words: str) -> go.Figure:
    """Put `words` where data would be: an empty chart says why it is empty."""
    at = {"x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper"}
    made.add_annotation(text=label(words, 120), showarrow=False, **at)
    made.update_xaxes(visible=False)
    made.update_yaxes(visible=False)
    return made


def label(text: str, longest: int = 28) -> str:
    """A text from data as Plotly may show it: escaped, on one line, the middle left out when long.

    >>> label("<b>hour</b>"), label("a_rather_long_column_name", 12)
    ('&lt;b&gt;hour&lt;/b&gt;', 'a_rath…_name')
    """
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split()) or "(blank)"
    if len(text) > longest:
        text = f"{text[: longest // 2]}…{text[-(longest - longest // 2 - 1) :]}"
    return html.escape(text, quote=False)


def axis_time(moments: Iterable[datetime]) -> list[str]:
    """Moments in UTC as Plotly's date axes read them."""
    return [
        f"{at:%Y-%m-%d}" if at.time() == time() else f"{at:%Y-%m-%d %H:%M:%S}"
        for at in (moment.astimezone(UTC) for moment in moments)
    ]


def fade(colour: str, alpha: float) -> str:
    """
    >>> fade("#1b7fc4", 0.2)
    'rgba(27,127,196,0.2)'
    """
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"
