"""Rows per window."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from driftline.charts.look import ALARM, BLUE, GREY, axis_time, fade, figure, say
from driftline.records import WindowResult
from driftline.windows import MICROSECOND
from driftline.wording import span


def volume(windows: Sequence[WindowResult]) -> go.Figure:
    """Bars of rows per window; too few rows to judge: hatched; none: a cross."""
    made = figure(200, bargap=0.15, barmode="overlay")
    if not windows:
        return say(made, "No windows yet")
    _bars(made, [r for r in windows if r.status == "judged"], "judged", fade(BLUE, 0.65), "")
    _bars(made, [r for r in windows if r.status == "too_few_rows"], "too few rows", GREY, "/")
    empty = [result for result in windows if result.status == "empty"]
    if empty:
        made.add_scatter(
            x=_middles(empty),
            y=[0] * len(empty),
            mode="markers",
            name="no rows",
            marker={"color": ALARM, "symbol": "x", "size": 7},
            customdata=[span(result.window) for result in empty],
            hovertemplate="%{customdata}<br>no rows<extra></extra>",
            cliponaxis=False,
        )
    made.update_layout(showlegend=any(result.status != "judged" for result in windows))
    made.update_yaxes(
        title_text="Rows per window", rangemode="tozero", nticks=5, separatethousands=True
    )
    made.update_xaxes(showgrid=False, type="date")
    return made


def _bars(
    made: go.Figure, results: Sequence[WindowResult], name: str, colour: str, pattern: str
) -> None:
    if results:
        made.add_bar(
            x=_middles(results),
            y=[result.rows for result in results],
            width=[0.86 * (r.window.length // MICROSECOND) / 1000 for r in results],
            name=name,
            marker={"color": colour, "line": {"width": 0}, "pattern": {"shape": pattern}},
            customdata=[span(result.window) for result in results],
            hovertemplate="%{customdata}<br>%{y:,} rows, " + name + "<extra></extra>",
        )


def _middles(results: Sequence[WindowResult]) -> list[str]:
    return axis_time(result.window.start + result.window.length / 2 for result in results)
