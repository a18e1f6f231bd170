"""Model: one model over the days that are chosen: metrics, trend, volume, drift by column."""

from __future__ import annotations

import streamlit as st

from driftline.charts import add_lane, column_heatmap, performance_trend, volume
from driftline.charts.heatmap import most_blamed
from driftline.dashboard.model_view import ModelView, view_of
from driftline.dashboard.navigation import href
from driftline.dashboard.shell import chart, crumbs, empty, go, piece, refreshed
from driftline.dashboard.shown import shown
from driftline.errors import nearest
from driftline.settings.models import ModelSettings
from driftline.wording import day, metric_name

DAYS = ("7", "14", "30", "90", "180", "365")
USUAL = "30"
ANY = "all"
"""The choice of the last days, whichever version it was."""
TOP = 25
"""Columns of the heat map; the others are in the box beneath."""


def draw() -> None:
    model = chosen_model()
    if model is not None:
        crumbs(("Models", href("overview")), (model.name, ""))
        _body(model)


def chosen_model() -> ModelSettings | None:
    """The model that the address names; the page says so when there is none."""
    name = st.query_params.get("name", "")
    known = {model.name: model for model in shown().settings.models}
    if name in known:
        return known[name]
    crumbs(("Models", href("overview")), ("No such model", ""))
    told = f'The settings name no model "{name:.100}"{nearest(name, known)}.' if name else ""
    empty("Which model?", told, "Choose one from the list of models.", key="which")
    piece("back.html.j2", "back")
    return None


def chosen_days() -> int:
    """The control of the days; its value stands in the address."""
    days = st.segmented_control(
        "Days",
        DAYS,
        default=USUAL,
        required=True,
        key="days",
        bind="query-params",
    )
    return int(days or USUAL)


def chosen_version(model: ModelSettings) -> int | None:
    """The number of the version that is chosen; no control where there is but one."""
    progress = shown().store.progress().get(model.name)
    known = progress.versions if progress else ()
    if len(known) < 2:
        return None
    named = {str(n): f"{one.version}, since {day(one.since)}" for n, one in enumerate(known)}
    chosen = st.selectbox(
        "Version",
        [ANY, *reversed(named)],
        format_func=lambda number: named.get(number, "all, up to now"),
        key="version",
        bind="query-params",
    )
    return int(chosen) if chosen in named else None


@refreshed
def _body(model: ModelSettings) -> None:
    days = chosen_days()
    view = view_of(shown(), model, days, chosen_version(model))
    if view is None:
        empty(
            "Nothing has been judged yet",
            "The reference has not been fitted. That happens at the first check.",
            "Look whether the sources can be read: `driftline config check`",
            "Judge what is due: `driftline check`, or let `driftline serve` run",
        )
        return
    piece("model.html.j2", "head", view=view, days=days)
    _performance(view)
    _volume(view)
    _columns(view, days)


def _performance(view: ModelView) -> None:
    piece("section.html.j2", "performance", title="Performance", words=_performance_words(view))
    result = view.measured or view.newest
    if result is None:
        return
    names = [card.name for card in view.cards] or [result.main]
    name = st.selectbox("Metric", names, format_func=metric_name, key="metric", bind="query-params")
    name = name or result.main
    drop = view.model.performance.drop if name == result.main else None
    of_drops = [i for i in view.incidents if i.kind == "performance"]
    figure = performance_trend(view.facts.performance, name, of_drops, drop)
    figure = add_lane(figure, view.incidents, view.span)
    chart(figure, "trend", f"{metric_name(name)} of {view.model.name} over time")


def _performance_words(view: ModelView) -> str:
    if view.model.labels is None:
        return "The settings name no labels: give `labels` and `task`, and performance is followed."
    if view.newest is None:
        return "No span has ended yet in these days. Choose more days, or wait for labels."
    return "The line is the metric of the current span, at its end; bars are the labels known."


def _volume(view: ModelView) -> None:
    piece("section.html.j2", "volume-head", title="Volume and missing labels", words="")
    figure = volume(view.mean_rows, view.facts.performance)
    if view.folded > 1:
        figure.update_yaxes(title_text="Rows per window, mean", selector={"side": None})
    chart(figure, "volume", f"rows of {view.model.name} per window")


def _columns(view: ModelView, days: int) -> None:
    words = "Each row is a column, most blamed first; a click on it opens the column."
    if view.folded > 1:
        words += f" Each cell is the largest effect of up to {view.folded} windows."
    piece("section.html.j2", "columns-head", title="Drift by column", words=words)
    columns = view.columns
    if not columns:
        piece("section.html.j2", "no-columns", title="", words="No window has been judged yet.")
        return
    figure = column_heatmap(view.facts.windows, TOP, pick=True)
    event = chart(
        figure,
        "heatmap",
        f"drift of {view.model.name} by column and window",
        on_select="rerun",
        selection_mode="points",
    )
    clicked = _clicked(event, most_blamed(view.facts.windows, TOP))
    box = st.selectbox(
        "Open a column", columns, index=None, placeholder="Choose a column", key="open_column"
    )
    if target := clicked or box:
        go(href("column", name=view.model.name, column=target, days=days))


def _clicked(event: object, columns: list[str]) -> str | None:
    """The column of the cell that was clicked."""
    points = event["selection"]["points"] if isinstance(event, dict) else []
    rows = [point["y"] for point in points if isinstance(point.get("y"), int | float)]
    return columns[int(rows[0])] if rows and 0 <= rows[0] < len(columns) else None
