"""One column's reference and current distributions, one over the other."""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go

from driftline.charts.bins import Bins, bins
from driftline.charts.look import CURRENT, REFERENCE, fade, figure, label, say
from driftline.profiles.grid import OTHER, UNSEEN, Floats, NumericGrid, require_same_grid
from driftline.profiles.summary import Summary
from driftline.wording import percent, trimmed

TOP = 15
"""Categories with bars of their own."""


Sides = tuple[str, str]
"""What the two sides are called."""


def distribution(
    reference: Summary, current: Summary, name: str, sides: Sides = ("Reference", "Current")
) -> go.Figure:
    """Shares of rows by value (numeric) or by category, reference in grey and current in blue.

    Raises:
        GridMismatch: the two summaries were counted on different grids.
    """
    require_same_grid(reference.grid, current.grid)
    if not reference.rows and not current.rows:
        return say(_titled(figure(260), name), "No rows on either side")
    if not isinstance(reference.grid, NumericGrid):
        return _categorical(reference, current, name, sides)
    if not reference.present and not current.present:
        return say(_titled(figure(260), name), "No values on either side: all are missing")
    return _numeric(reference, current, name, sides)


def _titled(made: go.Figure, name: str) -> go.Figure:
    made.update_layout(title_text=label(name, 48), margin_t=58)
    return made


def _numeric(reference: Summary, current: Summary, name: str, names: Sides) -> go.Figure:
    found = bins(reference, current)
    made = _titled(figure(260, bargap=0, barmode="overlay", hovermode="closest"), name)
    sides = (found.reference, found.current)
    for shares, legend, colour, alpha, dash in zip(
        sides, names, (REFERENCE, CURRENT), (0.28, 0.16), ("dot", "solid"), strict=True
    ):
        made.add_scatter(
            x=np.repeat(found.positions, 2),
            y=np.concatenate([[0.0], np.repeat(100 * shares, 2), [0.0]]),
            mode="lines",
            name=legend,
            line={"color": colour, "width": 1.5 if dash == "dot" else 2, "dash": dash},
            fill="tozeroy",
            fillcolor=fade(colour, alpha),
            hoverinfo="skip",
        )
    top = _clip(made, found, names)
    _hover(made, found, top, names)
    made.update_yaxes(title_text="Share of rows", ticksuffix=" %", range=[0, top], nticks=5)
    made.update_xaxes(
        title_text=_remarks(reference, current, bool(found.ticks), names), showgrid=False
    )
    if found.ticks:
        positions, values = zip(*found.ticks, strict=True)
        made.update_xaxes(tickvals=positions, ticktext=[_tick(value) for value in values])
    return made


def _clip(made: go.Figure, found: Bins, names: Sides) -> float:
    """The top of the axis; a bin that towers over all others is cut off and its shares told."""
    heights = 100 * np.maximum(found.reference, found.current)
    ordered = np.sort(heights)
    if len(heights) < 3 or ordered[-1] < 3 * ordered[-2] or ordered[-2] == 0:
        return float(ordered[-1]) * 1.06
    top = float(ordered[-2]) * 1.6
    tallest = int(np.argmax(heights))
    before, after = found.positions[tallest : tallest + 2]
    left = before + after < found.positions[0] + found.positions[-1]
    made.add_annotation(
        x=after if left else before,
        y=top,
        text=f"↑ {_told(names, found.reference[tallest], found.current[tallest], ', ')}",
        showarrow=False,
        xanchor="left" if left else "right",
        yanchor="top",
        xshift=4 if left else -4,
        font={"size": 11},
    )
    return top


def _tick(value: float) -> str:
    """A round number in as few digits as it has."""
    return trimmed(
        value, 1 if abs(value) >= 1 or value == 0 else 1 - math.floor(math.log10(abs(value)))
    )


def _hover(made: go.Figure, found: Bins, top: float, names: Sides) -> None:
    """Invisible bars of full height, so that a bin answers wherever it is pointed at."""
    text = [
        f"{words}<br>{_told(names, r, c)}"
        for words, r, c in zip(
            found.names, found.reference.tolist(), found.current.tolist(), strict=True
        )
    ]
    made.add_bar(
        x=(found.positions[:-1] + found.positions[1:]) / 2,
        width=np.diff(found.positions),
        y=np.full(len(text), top),
        marker={"color": "rgba(0,0,0,0)", "line": {"width": 0}},
        customdata=text,
        hovertemplate="%{customdata}<extra></extra>",
        showlegend=False,
    )


def _told(names: Sides, reference: float, current: float, between: str = "<br>") -> str:
    """Both sides' shares, each by its name."""
    first, second = (_short(name) for name in names)
    return f"{first} {percent(reference)}{between}{second} {percent(current)}"


def _short(name: str) -> str:
    return name.lower() if name in ("Reference", "Current") else label(name, 40)


def _rows(reference: Summary, current: Summary, names: Sides) -> str:
    first, second = (_short(name) for name in names)
    return f"rows: {first} {reference.rows:,}, {second} {current.rows:,}"


def _remarks(reference: Summary, current: Summary, stretched: bool, names: Sides) -> str:
    """What the drawn values do not show: rows, a stretched axis, missing and infinite values."""
    rows = _rows(reference, current, names)
    remarks = ["stretched axis"] if stretched else []
    if reference.missing or current.missing:
        remarks.append(
            f"missing: {_told(names, reference.missing_share, current.missing_share, ', ')}"
        )
    if reference.infinite or current.infinite:
        remarks.append(
            f"infinite: {_short(names[0])} {reference.infinite:,} rows, "
            f"{_short(names[1])} {current.infinite:,}"
        )
    return "<br>".join([rows, " · ".join(remarks)] if remarks else [rows])


def _categorical(reference: Summary, current: Summary, name: str, told: Sides) -> go.Figure:
    names, shares = category_shares(reference, current)
    height = 112 + 20 * len(names)
    made = _titled(figure(height, barmode="group", bargap=0.28, bargroupgap=0.0), name)
    sides = ((told[0], REFERENCE, "/"), (told[1], CURRENT, ""))
    texts = [
        f"{label(text, 60)}<br>{_told(told, r, c)}"
        for text, (r, c) in zip(names, shares.tolist(), strict=True)
    ]
    for side, (legend, colour, pattern) in enumerate(sides):
        made.add_bar(
            orientation="h",
            y=np.arange(len(names)),
            x=100 * shares[:, side],
            name=legend,
            marker={
                "color": colour,
                "line": {"width": 0},
                "pattern": {"shape": pattern, "size": 5, "solidity": 0.3, **_OVERLAY},
            },
            customdata=texts,
            hovertemplate="%{customdata}<extra></extra>",
        )
    made.update_yaxes(
        autorange="reversed",
        tickvals=list(range(len(names))),
        ticktext=[_category_label(text) for text in names],
        showgrid=False,
        zeroline=False,
    )
    title = f"Share of rows<br>{_rows(reference, current, told)}"
    made.update_xaxes(title_text=title, ticksuffix=" %", rangemode="tozero", nticks=6)
    return made


_OVERLAY = {"fillmode": "overlay", "fgcolor": "#ffffff", "fgopacity": 0.35}

SPECIAL = {OTHER: "other categories", UNSEEN: "unseen before", "": "missing"}
"""Rows of the chart that are not categories, and what they are called."""


def _category_label(text: str) -> str:
    return f"<i>{SPECIAL[text]}</i>" if text in SPECIAL else label(text, 26)


def category_shares(reference: Summary, current: Summary) -> tuple[list[str], Floats]:
    """The categories to draw (see SPECIAL for the last ones) and both sides' shares of all rows."""
    grid = reference.grid
    assert not isinstance(grid, NumericGrid)
    both = np.stack(
        [np.append(side.counts, side.missing) / max(side.rows, 1) for side in (reference, current)],
        axis=1,
    )
    known = both[: len(grid.categories)]
    weight = np.maximum(known[:, 0], np.abs(known[:, 1] - known[:, 0]))
    chosen = np.argsort(-weight, kind="stable")[:TOP]
    chosen = chosen[np.argsort(-known[chosen, 0], kind="stable")]
    rest = known.sum(axis=0) - known[chosen].sum(axis=0) + both[-3]
    specials = {OTHER: np.clip(rest, 0, None), UNSEEN: both[-2], "": both[-1]}
    shown = {text: shares for text, shares in specials.items() if shares.max() > 1e-12}
    names = [grid.categories[i] for i in chosen.tolist()]
    return [*names, *shown], np.vstack([known[chosen], *shown.values()])
