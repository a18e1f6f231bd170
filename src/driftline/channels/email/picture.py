"""Pictures for emails: a distribution or a trend as PNG, drawn without a screen or global state."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from driftline.channels.looks import cut
from driftline.charts.bins import bins
from driftline.charts.distribution import SPECIAL, category_shares
from driftline.charts.look import ALARM, CURRENT, REFERENCE
from driftline.illustrations import Distribution, Illustration, Trend
from driftline.profiles.grid import NumericGrid
from driftline.wording import metric_name, number, one_line, percent, trimmed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (5.86, 2.5)
"""Width and height in inches; 100 points of a screen to the inch, twice as many dots."""

CATEGORIES = 8
INK, GRID = "#4c5360", "#dfe3ea"


def draw(shown: Illustration) -> tuple[bytes, str]:
    """The picture as PNG, and in words what it shows."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # signs that the font does not have are drawn as boxes
        figure = Figure(figsize=SIZE, dpi=200, facecolor="white", layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        _dress(axes)
        words = _trend(axes, shown) if isinstance(shown, Trend) else _distribution(axes, shown)
        axes.set_title(_plain(words), loc="left", fontsize=9, color=INK, parse_math=False)
        out = io.BytesIO()
        figure.savefig(out, format="png", metadata={"Software": "driftline"})
    return out.getvalue(), words


def _dress(axes: Axes) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GRID)
    axes.tick_params(colors=INK, labelsize=8, length=0)
    axes.grid(axis="y", color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)


def _plain(text: str, longest: int = 90) -> str:
    return cut(one_line(text), longest)


def _distribution(axes: Axes, shown: Distribution) -> str:
    if isinstance(shown.reference.grid, NumericGrid):
        _numeric(axes, shown)
    else:
        _categorical(axes, shown)
    axes.set_ylim(top=1.15 * axes.get_ylim()[1])  # for the legend
    axes.legend(frameon=False, fontsize=8, labelcolor=INK, loc="upper right", ncols=2)
    sides = (shown.reference.missing_share, shown.current.missing_share)
    missing = f"; missing {percent(sides[1])}, before {percent(sides[0])}" if any(sides) else ""
    return f"{one_line(shown.column)}: {shown.span} and the reference{missing}"


def _numeric(axes: Axes, shown: Distribution) -> None:
    found = bins(shown.reference, shown.current)
    for shares, colour, label in (
        (found.reference, REFERENCE, "reference"),
        (found.current, CURRENT, "current"),
    ):
        axes.stairs(100 * shares, found.positions, fill=True, color=colour, alpha=0.3)
        axes.stairs(100 * shares, found.positions, color=colour, linewidth=1.4, label=label)
    heights = np.sort(100 * np.maximum(found.reference, found.current))
    if len(heights) > 2 and heights[-1] > 3 * heights[-2] > 0:
        axes.set_ylim(0, 1.6 * heights[-2])
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g} %")
    if found.ticks:
        positions, values = zip(*found.ticks, strict=True)
        axes.set_xticks(positions, [trimmed(value) for value in values])


def _categorical(axes: Axes, shown: Distribution) -> None:
    names, shares = category_shares(shown.reference, shown.current)
    most = np.sort(np.argsort(-shares.max(axis=1), kind="stable")[:CATEGORIES])
    at = np.arange(len(most))
    for side, colour, label in ((0, REFERENCE, "reference"), (1, CURRENT, "current")):
        axes.bar(
            at + 0.38 * (side - 0.5), 100 * shares[most, side], 0.36, color=colour, label=label
        )
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g} %")
    ticks = [_plain(SPECIAL.get(names[i], names[i]), 14).replace("$", r"\$") for i in most]
    axes.set_xticks(at, ticks, rotation=20 if len(most) > 5 else 0)


def _trend(axes: Axes, shown: Trend) -> str:
    import matplotlib.dates

    dates: Any = matplotlib.dates  # without types

    name = shown.metric or shown.results[-1].main
    found = [(r.span.end, r.metrics[name]) for r in shown.results if name in r.metrics]
    known = [(at, change) for at, change in found if change.current is not None]
    if not known:
        return f"{metric_name(name)}: not measured"
    points = [(float(dates.date2num(at)), change) for at, change in known]
    sure = [(at, c.low, c.high) for at, c in points if c.low is not None and c.high is not None]
    if sure:
        at, low, high = np.array(sure).T
        axes.fill_between(at, low, high, color=CURRENT, alpha=0.16, linewidth=0, label="interval")
    line = np.array([(at, change.current) for at, change in points])
    axes.plot(*line.T, color=CURRENT, linewidth=1.6, label=metric_name(name))
    alarms = line[[change.alarm for _, change in points]]
    if len(alarms):
        axes.plot(*alarms.T, "D", color=ALARM, markersize=4, label="alarm")
    if shown.baseline is not None:
        axes.axhline(shown.baseline, color=REFERENCE, linestyle=":", linewidth=1.2, label="before")
    seen = [*line[:, 1], *([shown.baseline] if shown.baseline is not None else [])]
    lowest, highest = min(seen), max(seen)
    margin = 0.3 * (highest - lowest) or 0.1 * abs(highest) or 1.0
    axes.set_ylim(lowest - margin, highest + margin)  # however wide the intervals of late spans
    axes.axvline(float(dates.date2num(shown.opened)), color=ALARM, linewidth=0.8, alpha=0.6)
    axes.legend(frameon=False, fontsize=8, labelcolor=INK, loc="best", ncols=4)
    _dated(axes, dates)
    before = f"; before the drop {number(shown.baseline)}" if shown.baseline is not None else ""
    return f"{metric_name(name)} over time{before}"


def _dated(axes: Axes, dates: Any) -> None:
    axes.xaxis.get_offset_text().set(fontsize=8, color=INK)
    locator = dates.AutoDateLocator(maxticks=7)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
