"""One column through time: what was decided of it, and its missing share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from driftline.alarms.verdict import ColumnVerdict, Method
from driftline.charts.look import ALARM, BLUE, GREY, ORANGE, axis_time, figure, say
from driftline.windows import Window
from driftline.wording import number, p_value, percent, span, statistic_name

SMALLEST_P = 1e-6
"""p-values below are drawn here."""


LEAST_MULTIPLE = 0.05
"""Scores below this multiple of their threshold are drawn here."""


@dataclass(frozen=True)
class ColumnPoint:
    """What was decided of a column in one window, p of the window as a whole, and how."""

    window: Window
    column: ColumnVerdict
    window_p: float
    method: Method

    @property
    def multiple(self) -> float | None:
        """The column's score as a multiple of the threshold that applied to it in this window;
        None when rows were taken as independent, where p decides."""
        return self.column.blame if self.method == "calibrated" else None


def decision_trend(points: Sequence[ColumnPoint]) -> go.Figure:
    """The column's effect with the floor below which it is too small to matter; beneath, its score
    as a multiple of the threshold that applied in that window, and its p-value and that of the
    whole window (both logarithmic). Alarmed windows are marked."""
    if not points:
        return say(figure(200), "The column was compared in no window of these days")
    made = figure(560, hovermode="x unified")
    times = axis_time(point.window.start + point.window.length / 2 for point in points)
    _draw_effects(made, times, points)
    _draw_multiples(made, times, points)
    _draw_p_values(made, times, points)
    top = min(1.02, max(0.3, 1.2 * max(point.column.effect for point in points)))
    highest = max((point.multiple or 1.0 for point in points), default=1.0)
    made.update_layout(
        xaxis={"type": "date", "anchor": "y3", "showgrid": False},
        yaxis={"domain": [0.68, 1], "range": [0, top], "title": {"text": "Effect"}, "nticks": 5},
        yaxis2={
            "domain": [0.34, 0.62],
            "type": "log",
            "range": [np.log10(LEAST_MULTIPLE) - 0.1, np.log10(max(2.0, highest)) + 0.15],
            "title": {"text": "Score / threshold"},
            "tickvals": [0.1, 0.3, 1, 3, 10, 30, 100, 1000],
        },
        yaxis3={
            "domain": [0, 0.28],
            "type": "log",
            "range": [np.log10(SMALLEST_P) - 0.2, 0.15],
            "title": {"text": "p-value"},
            "tickvals": [1e-6, 1e-4, 1e-2, 1],
            "ticktext": ["≤ 0.000001", "0.0001", "0.01", "1"],
        },
    )
    return made


def _mode(points: Sequence[ColumnPoint]) -> str:
    return "lines" if len(points) > 1 else "markers"


def _draw_effects(made: go.Figure, times: list[Any], points: Sequence[ColumnPoint]) -> None:
    made.add_scatter(
        x=times,
        y=[point.column.effect for point in points],
        mode=_mode(points),
        name="effect",
        line={"color": BLUE, "width": 2},
        customdata=[_words(point) for point in points],
        hovertemplate="%{customdata}<extra></extra>",
    )
    made.add_scatter(
        x=times,
        y=[point.column.least_effect for point in points],
        mode=_mode(points),
        name="too small to matter below",
        line={"color": GREY, "width": 1.3, "dash": "dot", "shape": "hvh"},
        marker={"symbol": "line-ew"},
        hoverinfo="skip",
    )
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


def _draw_multiples(made: go.Figure, times: list[Any], points: Sequence[ColumnPoint]) -> None:
    multiples = [point.multiple for point in points]
    if all(multiple is None for multiple in multiples):
        words = "rows were taken as independent: p decided"
        made.add_annotation(text=words, x=0.5, y=0.48, xref="paper", yref="paper", showarrow=False)
    made.add_scatter(
        x=times,
        y=[None if m is None else max(m, LEAST_MULTIPLE) for m in multiples],
        yaxis="y2",
        mode=_mode(points),
        name="score, in multiples of its threshold",
        line={"color": BLUE, "width": 1.5},
        hoverinfo="skip",
    )
    made.add_scatter(
        x=[times[0], times[-1]],
        y=[1, 1],
        yaxis="y2",
        mode="lines+markers",
        name="alarms above its threshold",
        line={"color": ALARM, "width": 1.3, "dash": "dot"},
        marker={"size": 3},
        hoverinfo="skip",
    )


def _draw_p_values(made: go.Figure, times: list[Any], points: Sequence[ColumnPoint]) -> None:
    for name, values, colour, dash in (
        ("p of the column", [p.column.p_value for p in points], BLUE, "solid"),
        ("p of the window, all columns", [p.window_p for p in points], GREY, "dash"),
    ):
        made.add_scatter(
            x=times,
            y=[max(value, SMALLEST_P) for value in values],
            yaxis="y3",
            mode=_mode(points),
            name=name,
            line={"color": colour, "width": 1.5, "dash": dash},
            hoverinfo="skip",
        )


def _words(point: ColumnPoint) -> str:
    column = point.column
    return (
        f"{span(point.window)}<br>{statistic_name(column.statistic)} {number(column.value)}, "
        f"{p_value(column.p_value)}, effect {number(column.effect)}{_multiple(point)}"
        f"{'<br><b>alarm</b>' if column.alarm else ''}"
    )


def _multiple(point: ColumnPoint) -> str:
    return f", {number(point.multiple, 2)} of its threshold" if point.multiple is not None else ""


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
