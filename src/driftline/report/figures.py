"""Figures of the page: each is JSON in the page that its script draws when it comes into view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import plotly.graph_objects as go
from markupsafe import Markup
from plotly.io.json import to_json_plotly
from plotly.offline import get_plotlyjs

from driftline.charts import (
    DARK,
    LIGHT,
    column_heatmap,
    distribution,
    performance_trend,
    template,
    volume,
)
from driftline.illustrations import Distribution
from driftline.report.view import View


@dataclass(frozen=True)
class Drawing:
    """A figure ready for the page: its data, height in pixels, and words for those who listen."""

    data: Markup
    height: int
    words: str


def trend_of(model: View) -> Drawing:
    metric = model.performance[-1].main
    made = performance_trend(
        model.performance[-DRAWN_SPANS:], metric, model.page.incidents, model.page.drop
    )
    return _drawing(made, f"{metric} of {model.page.name} over time")


def heatmap_of(model: View) -> Drawing:
    return _drawing(column_heatmap(model.drawn), f"drift of {model.page.name} by column and window")


def volume_of(model: View) -> Drawing:
    return _drawing(volume(model.drawn), f"rows of {model.page.name} per window")


def distribution_of(shown: Distribution) -> Drawing:
    made = distribution(shown.reference, shown.current, shown.column)
    made.update_layout(title_text=None, margin_t=36)
    return _drawing(made, f"{shown.column}: reference and current distribution")


DRAWN_SPANS = 1000
"""At most so many spans of performance are drawn, the newest."""


def _drawing(made: go.Figure, words: str) -> Drawing:
    data = made.to_dict()
    data["layout"].pop("template", None)
    return Drawing(_script_safe(data), int(made.layout.height), words)


@cache
def templates() -> Markup:
    """The looks of a figure in light and in dark, as JSON for the page's script."""
    return _script_safe(
        {"light": template(LIGHT).to_plotly_json(), "dark": template(DARK).to_plotly_json()}
    )


@cache
def plotly_js() -> Markup:
    """The drawing library, as the text of a script element."""
    return Markup(get_plotlyjs().replace("</script", "<\\/script"))


def _script_safe(data: Any) -> Markup:
    """JSON that cannot end the script element that holds it."""
    text = to_json_plotly(data, engine="json")
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


FIGURES: dict[str, Callable[..., Drawing]] = {
    "trend": trend_of,
    "heatmap": heatmap_of,
    "volume": volume_of,
    "distribution": distribution_of,
}
