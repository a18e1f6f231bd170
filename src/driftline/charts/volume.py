"""Rows per window."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from driftline.charts.look import ALARM, BLUE, GREY, ORANGE, axis_time, fade, figure, say
from driftline.records import PerformanceResult, WindowResult
from driftline.windows import MICROSECOND
from driftline.wording import duration, percent, span


def volume(windows: Sequence[WindowResult], spans: Sequence[PerformanceResult] = ()) -> go.Figure:
    """Bars of rows per window; too few rows to judge: hatched; none: a cross. With `spans`, the
    share of their predictions that has no label yet, as a line at the end of each."""
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
    told = bool(spans) or any(result.status != "judged" for result in windows)
    made.update_layout(showlegend=told)
    made.update_yaxes(
        title_text="Rows per window", rangemode="tozero", nticks=5, separatethousands=True
    )
    made.update_xaxes(showgrid=False, type="date")
    if spans:
        _missing_labels(made, spans)
    return made


def _missing_labels(made: go.Figure, spans: Sequence[PerformanceResult]) -> None:
    made.add_scatter(
        x=axis_time(result.span.end for result in spans),
        y=[100 * (1 - result.coverage) for result in spans],
        yaxis="y2",
        mode="lines" if len(spans) > 1 else "markers",
        name="without a label",
        line={"color": ORANGE, "width": 1.8, "dash": "dash"},
        customdata=[
            f"{span(result.span)}<br>{result.rows - result.labelled:,} of {result.rows:,} "
            f"without a label ({percent(1 - result.coverage)})"
            for result in spans
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )
    made.update_layout(
        height=240,
        yaxis2={
            "overlaying": "y",
            "side": "right",
            "range": [0, 105],
            "tickvals": [0, 50, 100],
            "ticktext": ["0 %", "50 %", "100 %"],
            "title": {"text": f"Without a label, {duration(spans[-1].span.length)}"},
            "showgrid": False,
        },
    )


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
