"""A column's distribution through time: a fan of quantiles, or the shares of its categories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from driftline.charts.distribution import category_shares
from driftline.charts.look import ALARM, BLUE, COLORWAY, GREY, axis_time, fade, figure, label, say
from driftline.profiles.grid import Floats, NumericGrid
from driftline.profiles.summary import Summary
from driftline.windows import Window
from driftline.wording import number, percent, span

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def through_time(slots: Sequence[tuple[Window, Summary]], reference: Summary) -> go.Figure:
    """A numeric column as a fan of quantiles, a categorical one as the shares of its categories."""
    slots = [(window, summary) for window, summary in slots if summary.rows]
    if not slots:
        return say(figure(200), "No profile is kept of these days")
    if isinstance(reference.grid, NumericGrid):
        return _fan([(w, s) for w, s in slots if s.present], reference)
    return _shares(slots, reference)


def quantiles(summary: Summary, shares: Sequence[float] = QUANTILES) -> list[float]:
    """Values below which these shares of the present rows lie, to the grid's accuracy."""
    grid = summary.grid
    assert isinstance(grid, NumericGrid)
    reached = np.cumsum(summary.counts) / summary.present
    cells = np.clip(np.searchsorted(reached, shares), 0, grid.cells - 1)
    found: Floats = grid.midpoints[cells]
    return [float(value) for value in found]


def _fan(slots: Sequence[tuple[Window, Summary]], reference: Summary) -> go.Figure:
    if not slots:
        return say(figure(200), "All values are missing in these days")
    made = figure(300, hovermode="x")
    times = axis_time(window.start + window.length / 2 for window, _ in slots)
    found = np.array([quantiles(summary) for _, summary in slots])
    for low, high, name, alpha in ((0, 4, "90 % of values", 0.13), (1, 3, "half of them", 0.25)):
        edge: dict[str, Any] = {
            "x": times,
            "mode": "lines",
            "line": {"width": 0},
            "hoverinfo": "skip",
        }
        made.add_scatter(y=found[:, low], showlegend=False, **edge)
        made.add_scatter(
            y=found[:, high], fill="tonexty", fillcolor=fade(BLUE, alpha), name=name, **edge
        )
    made.add_scatter(
        x=times,
        y=found[:, 2],
        mode="lines" if len(slots) > 1 else "markers",
        name="median",
        line={"color": BLUE, "width": 2},
        customdata=[
            f"{span(window)}<br>median {number(row[2])}<br>half in {number(row[1])} to "
            f"{number(row[3])}<br>90 % in {number(row[0])} to {number(row[4])}"
            for (window, _), row in zip(slots, found.tolist(), strict=True)
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )
    if reference.present:
        _draw_reference(made, [times[0], times[-1]], reference)
    made.update_xaxes(type="date", showgrid=False)
    made.update_yaxes(title_text="Value", nticks=6)
    return made


def _draw_reference(made: go.Figure, ends: list[Any], reference: Summary) -> None:
    for share, value in zip(QUANTILES, quantiles(reference), strict=True):
        made.add_scatter(
            x=ends,
            y=[value, value],
            mode="lines",
            name="reference: median and the same shares",
            legendgroup="reference",
            showlegend=share == 0.5,
            line={"color": GREY, "width": 1.6 if share == 0.5 else 0.9, "dash": "dash"},
            hoverinfo="skip",
        )


def _shares(slots: Sequence[tuple[Window, Summary]], reference: Summary) -> go.Figure:
    """Stacked bars of the categories that are largest over all of the time."""
    made = figure(320, barmode="stack", bargap=0.08)
    times = axis_time(window.start + window.length / 2 for window, _ in slots)
    width = [0.92 * window.length.total_seconds() * 1000 for window, _ in slots]
    for name, values, colour, pattern in _series([summary for _, summary in slots], reference):
        if max(values) <= 0:
            continue
        looks = {"color": fade(colour, 0.75), "line": {"width": 0}, "pattern": {"shape": pattern}}
        made.add_bar(
            x=times,
            y=[100 * value for value in values],
            width=width,
            name=name,
            marker=looks,
            customdata=[
                f"{span(window)}<br>{name} {percent(value)}"
                for (window, _), value in zip(slots, values, strict=True)
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )
    made.update_xaxes(type="date", showgrid=False)
    made.update_yaxes(title_text="Share of rows", ticksuffix=" %", range=[0, 100], nticks=5)
    return made


def _series(
    found: Sequence[Summary], reference: Summary
) -> list[tuple[str, list[float], str, str]]:
    """Name, shares, colour and pattern of each part: the largest categories, then what is left."""
    total = found[0]
    for summary in found[1:]:
        total = total + summary
    names, _ = category_shares(reference, total)
    grid = reference.grid
    assert not isinstance(grid, NumericGrid)
    cells = {name: at for at, name in enumerate(grid.categories)}
    colours = COLORWAY[:-1]
    kept = [name for name in names if name in cells][: len(colours)]
    shares = [[float(s.counts[cells[name]]) / s.rows for s in found] for name in kept]
    unseen = [float(s.counts[-1]) / s.rows for s in found]
    missing = [s.missing / s.rows for s in found]
    parts = zip(*shares, unseen, missing, strict=True)
    others = [max(0.0, 1 - sum(values)) for values in parts]
    series = [
        (label(name), values, colour, "")
        for name, values, colour in zip(kept, shares, colours, strict=False)
    ]
    series += [("other categories", others, GREY, ""), ("unseen before", unseen, ALARM, "x")]
    return [*series, ("missing", missing, "#33373d", "/")]
