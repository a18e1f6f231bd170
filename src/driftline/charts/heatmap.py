"""Columns by windows: how far each column is from the reference, and when it alarmed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import plotly.graph_objects as go

from driftline.alarms.verdict import ColumnVerdict
from driftline.charts.look import ALARM, axis_time, figure, label, say
from driftline.profiles.grid import Floats
from driftline.records import WindowResult
from driftline.wording import number, p_value, percent, span, statistic_short

_HALF = 0.5
_INSET = 0.06
_LEAST, _MANY = 4, 10
"""Rows that the scale beside the map needs, and rows that leave room for all of its numbers."""

_Row = list[ColumnVerdict | None]


def column_heatmap(windows: Sequence[WindowResult], top: int = 25, pick: bool = False) -> go.Figure:
    """Effect (0 to 1) of the `top` most blamed columns in every window, most blamed first.

    Alarmed cells are framed, neighbours in one frame. Windows without a verdict are gaps. With
    `pick` every cell has a point that can be selected, which a heat map by itself cannot: its `y`
    is the row of the column.
    """
    judged = sorted((w for w in windows if w.verdict is not None), key=lambda w: w.window)
    if not judged:
        return say(figure(160), "No window has been judged yet")
    names = most_blamed(judged, top)
    rows = _rows(judged, names)
    edges, slots = _slots(judged)
    made = figure(92 + 22 * max(len(names), _LEAST), hovermode="closest")
    _heat(made, rows, judged, (edges, slots))
    _frames(made, rows, edges, slots)
    if pick:
        _targets(made, names, judged, rows)
    made.update_xaxes(type="date", showgrid=False, range=axis_time([edges[0], edges[-1]]))
    made.update_yaxes(
        range=[len(names) - _HALF, -_HALF],
        tickvals=list(range(len(names))),
        ticktext=[label(name, 26) for name in names],
        showgrid=False,
        zeroline=False,
        ticks="",
        ticklabelstandoff=4,
    )
    return made


def most_blamed(windows: Sequence[WindowResult], top: int) -> list[str]:
    """Columns by their blame in windows in which they alarmed, then by their mean effect."""
    blame: dict[str, float] = defaultdict(float)
    effect: dict[str, float] = defaultdict(float)
    for result in windows:
        for column in result.verdict.columns if result.verdict else ():
            blame[column.name] += min(column.blame, 1e6) if column.alarm else 0.0
            effect[column.name] += column.effect
    return sorted(effect, key=lambda name: (-blame[name], -effect[name], name))[:top]


def _rows(windows: Sequence[WindowResult], names: Sequence[str]) -> list[_Row]:
    """One row per column, one cell per window; None where the column was not compared."""
    found = [{c.name: c for c in w.verdict.columns} if w.verdict else {} for w in windows]
    return [[by_name.get(name) for by_name in found] for name in names]


def _slots(windows: Sequence[WindowResult]) -> tuple[list[datetime], list[int]]:
    """Edges in time of the chart's slots, and each window's slot; gaps in time are slots too."""
    edges: list[datetime] = [windows[0].window.start]
    slots = []
    for result in windows:
        if result.window.start > edges[-1]:
            edges.append(result.window.start)
        slots.append(len(edges) - 1)
        edges.append(result.window.end)
    return edges, slots


def _heat(
    made: go.Figure,
    rows: Sequence[_Row],
    windows: Sequence[WindowResult],
    at: tuple[list[datetime], list[int]],
) -> None:
    edges, slots = at
    effects: Floats = np.full((len(rows), len(edges) - 1), np.nan)
    texts = [[""] * (len(edges) - 1) for _ in rows]
    by_day = windows[0].window.length >= timedelta(days=1)
    spans = ["" if by_day else f"{span(result.window)}<br>" for result in windows]
    for row, cells in enumerate(rows):
        for slot, words, cell in zip(slots, spans, cells, strict=True):
            if cell is not None:
                effects[row, slot] = cell.effect
                texts[row][slot] = words + _cell_text(cell)
    day = "%{x|%a %-d %b %Y}<br>" if by_day else ""
    made.add_heatmap(
        x=axis_time(edges),
        z=np.round(effects, 4).astype(np.float32),
        text=texts,
        zmin=0,
        zmax=1,
        hoverongaps=False,
        hovertemplate="<b>%{y}</b><br>" + day + "effect %{z:.3f}<br>%{text}<extra></extra>",
        ygap=2,
        colorbar={
            "title": {"text": "effect", "side": "top", "font": {"size": 12}},
            "tickvals": [0, 0.25, 0.5, 0.75, 1] if len(rows) >= _MANY else [0, 1],
            "outlinewidth": 0,
            "thickness": 10,
            "len": min(1.0, 0.35 + 1.8 / len(rows)),
            "y": 1,
            "yanchor": "top",
            "x": 1.01,
        },
    )


def _targets(
    made: go.Figure,
    names: Sequence[str],
    windows: Sequence[WindowResult],
    rows: Sequence[_Row],
) -> None:
    """An invisible point on every cell. It tells what the cell tells, which it covers."""
    middles = axis_time(result.window.start + result.window.length / 2 for result in windows)
    spans = [span(result.window) for result in windows]
    xs, ys, words = [], [], []
    for row, cells in enumerate(rows):
        for x, when, cell in zip(middles, spans, cells, strict=True):
            if cell is not None:
                xs.append(x)
                ys.append(row)
                told = f"effect {number(cell.effect)}<br>{_cell_text(cell)}"
                words.append(f"<b>{label(names[row], 40)}</b><br>{when}<br>{told}")
    made.update_traces(
        hoverinfo="skip", hovertemplate=None, text=None, selector={"type": "heatmap"}
    )
    made.add_scatter(
        x=xs,
        y=ys,
        mode="markers",
        marker={"symbol": "square", "size": 12, "opacity": 0},
        text=words,
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
        name="cells",
    )


def _cell_text(cell: ColumnVerdict) -> str:
    words = f"{statistic_short(cell.statistic)} {number(cell.value)}, {p_value(cell.p_value)}"
    if abs(cell.missing - cell.reference_missing) >= 0.01:
        words += f"<br>missing {percent(cell.missing)}"
    return words + ("<br><b>alarm</b>" if cell.alarm else "")


def _frames(
    made: go.Figure, rows: Sequence[_Row], edges: Sequence[datetime], slots: Sequence[int]
) -> None:
    """A frame round every run of alarmed cells."""
    xs: list[str | None] = []
    ys: list[float | None] = []
    for row, cells in enumerate(rows):
        alarmed = [s for s, cell in zip(slots, cells, strict=True) if cell and cell.alarm]
        for first, last in _runs(alarmed):
            left, right = axis_time([edges[first], edges[last + 1]])
            high, low = row - _HALF + _INSET, row + _HALF - _INSET
            xs += [left, right, right, left, left, None]
            ys += [high, high, low, low, high, None]
    made.add_scatter(
        x=xs or [None],
        y=ys or [None],
        mode="lines",
        line={"color": ALARM, "width": 1.6},
        name="framed: alarm" if xs else "no alarms",
        hoverinfo="skip",
        showlegend=True,
    )


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of every run of consecutive numbers.

    >>> _runs([1, 2, 3, 7])
    [(1, 3), (7, 7)]
    """
    found: list[tuple[int, int]] = []
    for value in numbers:
        if found and value == found[-1][1] + 1:
            found[-1] = (found[-1][0], value)
        else:
            found.append((value, value))
    return found
