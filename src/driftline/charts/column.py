"""One column through time: what was decided of it, and its missing share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from driftline.alarms.verdict import ColumnVerdict
from driftline.charts.look import ALARM, BLUE, GREY, ORANGE, axis_time, figure, say
from driftline.windows import Window
from driftline.wording import number, p_value, percent, span, statistic_name

SMALLEST_P = 1e-6
"""p-values below are drawn here."""


@dataclass(frozen=True)
class ColumnPoint:
    """What was decided of a column in one window, and p of the window as a whole."""

    window: Window
    column: ColumnVerdict
    window_p: float


def decision_trend(points: Sequence[ColumnPoint], threshold: float) -> go.Figure:
    """The column's effect, and beneath its p-value and that of the whole window (logarithmic), with
    the `threshold` below which a window alarms. Alarmed windows are marked."""
    if not points:
        return say(figure(200), "The column was compared in no window of these days")
    made = figure(420, hovermode="x unified")
    times = axis_time(point.window.start + point.window.length / 2 for point in points)
    made.add_scatter(
        x=times,
        y=[point.column.effect for point in points],
        mode="lines" if len(points) > 1 else "markers",
        name="effect",
        line={"color": BLUE, "width": 2},
        customdata=[_words(point) for point in points],
        hovertemplate="%{customdata}<extra></extra>",
    )
    _mark_alarms(made, times, points)
    _draw_p_values(made, times, points, threshold)
    top = min(1.02, max(0.3, 1.2 * max(point.column.effect for point in points)))
    made.update_layout(
        xaxis={"type": "date", "anchor": "y2", "showgrid": False},
        yaxis={"domain": [0.5, 1], "range": [0, top], "title": {"text": "Effect"}, "nticks": 5},
        yaxis2={
            "domain": [0, 0.42],
            "type": "log",
            "range": [np.log10(SMALLEST_P) - 0.2, 0.15],
            "title": {"text": "p-value"},
            "tickvals": [1e-6, 1e-4, 1e-2, 1],
            "ticktext": ["≤ 0.000001", "0.0001", "0.01", "1"],
        },
    )
    return made


def _mark_alarms(made: go.Figure, times: list[Any], points: Sequence[ColumnPoint]) -> None:
    nowhere: list[Any] = [None]
    alarmed = [n for n, point in enumerate(points) if point.column.alarm]
    made.add_scatter(
        x=[times[n] for n in alarmed] or nowhere,
        y=[points[n].column.effect for n in alarmed] or nowhere,
        mode="markers",
        name="alarm",
        marker={"color": ALARM, "symbol": "diamond", "size": 7},
        hoverinfo="skip",
    )


def _draw_p_values(
    made: go.Figure, times: list[Any], points: Sequence[ColumnPoint], threshold: float
) -> None:
    for name, values, colour, dash in (
        ("p of the column", [p.column.p_value for p in points], BLUE, "solid"),
        ("p of the window, all columns", [p.window_p for p in points], GREY, "dash"),
    ):
        made.add_scatter(
            x=times,
            y=[max(value, SMALLEST_P) for value in values],
            yaxis="y2",
            mode="lines" if len(points) > 1 else "markers",
            name=name,
            line={"color": colour, "width": 1.5, "dash": dash},
            hoverinfo="skip",
        )
    made.add_scatter(
        x=[times[0], times[-1]],
        y=[threshold, threshold],
        yaxis="y2",
        mode="lines+markers",
        name=f"a window alarms below {number(threshold, 2)}",
        line={"color": ALARM, "width": 1.3, "dash": "dot"},
        marker={"size": 3},
        hoverinfo="skip",
    )


def _words(point: ColumnPoint) -> str:
    column = point.column
    return (
        f"{span(point.window)}<br>{statistic_name(column.statistic)} {number(column.value)}, "
        f"{p_value(column.p_value)}, effect {number(column.effect)}"
        f"{'<br><b>alarm</b>' if column.alarm else ''}"
    )


def missing_trend(points: Sequence[ColumnPoint]) -> go.Figure:
    """The share of rows without a usable value, and that of the reference."""
    if not points:
        return say(figure(160), "The column was compared in no window of these days")
    made = figure(200, hovermode="x")
    times = axis_time(point.window.start + point.window.length / 2 for point in points)
    made.add_scatter(
        x=times,
        y=[100 * point.column.missing for point in points],
        mode="lines" if len(points) > 1 else "markers",
        name="missing",
        line={"color": ORANGE, "width": 2},
        customdata=[f"{span(p.window)}<br>missing {percent(p.column.missing)}" for p in points],
        hovertemplate="%{customdata}<extra></extra>",
    )
    made.add_scatter(
        x=times,
        y=[100 * point.column.reference_missing for point in points],
        mode="lines",
        name="in the reference",
        line={"color": GREY, "width": 1.5, "dash": "dash"},
        hoverinfo="skip",
    )
    made.update_xaxes(type="date", showgrid=False)
    made.update_yaxes(title_text="Missing", ticksuffix=" %", rangemode="tozero", nticks=5)
    return made
