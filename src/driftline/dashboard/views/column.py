"""Column: one column of a model: distributions, what was decided of it, and how it went."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

import streamlit as st

from driftline.charts import distribution
from driftline.charts.column import decision_trend, missing_trend
from driftline.charts.through_time import through_time
from driftline.dashboard.column_view import ColumnView, column_view, side_of, slots_of
from driftline.dashboard.navigation import href
from driftline.dashboard.shell import chart, crumbs, empty, piece, refreshed
from driftline.dashboard.shown import shown
from driftline.dashboard.views.model import chosen_days, chosen_model
from driftline.settings.models import ModelSettings, ReferenceSpan
from driftline.windows import Window
from driftline.wording import span as span_in_words


def draw() -> None:
    model = chosen_model()
    if model is None:
        return
    column = st.query_params.get("column", "")
    back = href("model", name=model.name, days=st.query_params.get("days"))
    crumbs(("Models", href("overview")), (model.name, back), (column or "No column", ""))
    _body(model, column)


@refreshed
def _body(model: ModelSettings, column: str) -> None:
    days = chosen_days()
    view = column_view(shown(), model, column, days)
    if view is None:
        empty("Nothing has been judged yet", "The model was not begun: run `driftline check`.")
        return
    if view.reference is None and not view.points:
        empty(
            "No such column",
            "Neither the reference nor a window of these days has a column of that name.",
            "Choose a column on the page of the model",
        )
        return
    piece("column.html.j2", "head", view=view)
    _distributions(view)
    _decisions(view)
    _time(view)


def _distributions(view: ColumnView) -> None:
    piece("section.html.j2", "spans-head", title="Distribution", words=_SPANS)
    if view.reference is None:
        piece("section.html.j2", "no-grid", title="", words="The reference lacks this column.")
        return
    last = (view.progress.position - timedelta(microseconds=1)).date()
    first = min(_first_day(view.model), last)
    usual = (max(first, last - view.model.performance.current + timedelta(days=1)), last)
    days: dict[str, Any] = {"min_value": first, "max_value": last, "format": "YYYY-MM-DD"}
    left, right = st.columns(2)
    current = right.date_input("Current", usual, key="current", **days)
    other = left.date_input("Compare with (empty: the reference)", _NOTHING, key="other", **days)
    now = _span(current) or Window(
        view.progress.position - timedelta(days=1), view.progress.position
    )
    before = _span(other)
    sides = (
        side_of(shown(), view, before) if before else view.reference,
        side_of(shown(), view, now),
    )
    if sides[0] is None or sides[1] is None:
        return
    names = (span_in_words(before) if before else "Reference", span_in_words(now))
    figure = distribution(sides[0], sides[1], view.column, names)
    figure.update_layout(title_text=None, margin_t=40, height=int(figure.layout.height) + 60)
    chart(figure, "distribution", f"{view.column}: {names[0]} and {names[1]}")


def _first_day(model: ModelSettings) -> date:
    """The first day that can have windows of its own."""
    known = model.reference
    return known.end.date() if isinstance(known, ReferenceSpan) else date(1970, 1, 1)


_NOTHING = cast(Any, ())

_SPANS = "Counts are added up from stored profiles, so any two spans can be laid over each other."


def _span(chosen: object) -> Window | None:
    """The days that were chosen, the last one included; None while one end is missing."""
    days = [day for day in chosen if isinstance(day, date)] if isinstance(chosen, Sequence) else []
    if len(days) != 2:
        return None
    first, last = (datetime.combine(day, time(), UTC) for day in days)
    return Window(first, last + timedelta(days=1))


def _decisions(view: ColumnView) -> None:
    words = (
        "The effect runs from 0 (no change) to 1 (nothing in common). The score is told in "
        "multiples of the threshold that applied to that window: above 1 is an alarm. A change too "
        "small to matter is held at 1. p of the window takes all columns and tests together."
    )
    piece("section.html.j2", "decisions-head", title="What was decided", words=words)
    chart(decision_trend(view.points), "decisions", f"effect and p of {view.column}")
    piece("section.html.j2", "missing-head", title="Missing values", words="")
    chart(missing_trend(view.points), "missing", f"missing share of {view.column} over time")


def _time(view: ColumnView) -> None:
    piece("section.html.j2", "time-head", title="Through time", words="")
    if view.reference is None:
        return
    slots = slots_of(shown(), view)
    figure = through_time(slots, view.reference)
    chart(figure, "time", f"distribution of {view.column} through time")
