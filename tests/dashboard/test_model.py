"""The pages of a model and of a column, in each state that they can be in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import plotly.graph_objects as go
import pytest
from tests.dashboard.worlds import HOSTILE, HOSTILE_MODEL, LONG

from driftline.dashboard.column_view import column_view, side_of
from driftline.dashboard.model_view import DRAWN, view_of
from driftline.records import Changes, ModelState, WindowResult
from driftline.settings.models import ReferenceSpan
from driftline.stores import open_store
from driftline.versions import VersionSince
from driftline.windows import Window

if TYPE_CHECKING:
    from tests.dashboard.conftest import Opened, World

    from driftline.dashboard.shown import Shown

    Open = Callable[..., Opened]

HOUR = timedelta(hours=1)


def figure(opened: Opened, place: int) -> go.Figure:
    return go.Figure(opened.figures[place])


def test_a_model_is_told_in_figures_and_charts(world: World, open_page: Open) -> None:
    opened = open_page(world.shown, "model", name="late-arrival", days="30")
    assert "version 2026-01" in opened.text
    assert "30 windows, 3,600 rows" in opened.text
    view = view_of(world.shown, world.shown.settings.model("late-arrival"), 30)
    assert view is not None
    change = view.cards[0].change
    assert f"{change.current:.3f}" in opened.text
    assert "worse by" in opened.text
    assert len(opened.figures) == 3


def test_a_model_whose_windows_have_stopped_is_behind_on_its_page_too(
    world: World, open_page: Open
) -> None:
    later = world.shown.now() + timedelta(days=9)
    assert "All well" in open_page(world.shown, "model", name="calm").text
    text = open_page(replace(world.shown, now=lambda: later), "model", name="calm").text
    assert "Behind" in text
    assert "All well" not in text


def test_the_trend_has_interval_baseline_threshold_incidents_and_labels(
    world: World, open_page: Open
) -> None:
    trend = figure(open_page(world.shown, "model", name="late-arrival", days="30"), 0)
    names = {trace.name for trace in trend.data}
    assert {"current span", "interval", "baseline", "allowed", "predictions with a label"} <= names
    assert any("alarm threshold" in (name or "") for name in names)
    lanes = [trace for trace in trend.data if trace.yaxis == "y3"]
    assert lanes
    assert "Performance" in trend.layout.yaxis3.ticktext


def test_columns_are_opened_by_the_box_too(world: World, open_page: Open) -> None:
    opened = open_page(world.shown, "model", name="late-arrival", days="30")
    box = opened.app.selectbox(key="open_column")
    assert set(box.options) >= {"amount", "plan", HOSTILE, LONG}
    box.set_value(HOSTILE).run()
    assert opened.gone_to is not None
    assert opened.gone_to.startswith("column?name=late-arrival&column=%3Cscript%3E")


@pytest.mark.parametrize("page", ["model", "column"])
def test_a_model_not_begun_says_what_to_do(world: World, open_page: Open, page: str) -> None:
    opened = open_page(world.shown, page, name=HOSTILE_MODEL, column="x")
    assert "Nothing has been judged yet" in opened.text
    assert "driftline check" in opened.text
    assert "<img" not in opened.html


@pytest.mark.parametrize("page", ["model", "column"])
def test_an_unknown_model_is_told_with_the_nearest_name(
    world: World, open_page: Open, page: str
) -> None:
    text = open_page(world.shown, page, name="late-arival").text
    assert 'no model "late-arival"' in text
    assert "late-arrival" in text
    assert "Which model?" in open_page(world.shown, page).text


def test_a_model_without_labels_says_how_to_have_its_performance(
    world: World, open_page: Open
) -> None:
    opened = open_page(world.shown, "model", name="calm", days="30")
    assert "The settings name no labels" in opened.text
    assert len(opened.figures) == 2


@pytest.mark.parametrize("column", ["amount", "plan", HOSTILE, LONG, "late", "probability"])
def test_a_column_is_told_in_charts(world: World, open_page: Open, column: str) -> None:
    opened = open_page(world.shown, "column", name="late-arrival", column=column, days="30")
    assert len(opened.figures) == 4
    assert "<script>" not in opened.html
    decisions = figure(opened, 1)
    traces = {trace.name: trace for trace in decisions.data}
    assert list(traces["alarms above its threshold"].y) == [1, 1]
    multiples = traces["score, in multiples of its threshold"].y
    alarmed = [
        x for x, y in zip(traces["alarm"].x, traces["alarm"].y, strict=True) if y is not None
    ]
    over = [x for x, m in zip(traces["effect"].x, multiples, strict=True) if m > 1]
    assert over == alarmed


def test_an_unknown_column_is_told(world: World, open_page: Open) -> None:
    opened = open_page(world.shown, "column", name="late-arrival", column="nothing")
    assert "No such column" in opened.text


def test_two_spans_are_added_up_from_profiles(world: World) -> None:
    model = world.shown.settings.model("late-arrival")
    view = column_view(world.shown, model, "plan", 30)
    assert view is not None
    day = timedelta(days=1)
    end = view.progress.position
    parts = [side_of(world.shown, view, Window(end - n * day, end - n * day + day)) for n in (2, 1)]
    both = side_of(world.shown, view, Window(end - 2 * day, end))
    assert parts[0] is not None
    assert parts[1] is not None
    assert parts[0] + parts[1] == both
    assert both.rows == 240


def test_any_two_spans_are_laid_over_each_other(world: World, open_page: Open) -> None:
    opened = open_page(world.shown, "column", name="late-arrival", column="plan")
    current, other = (cast(Any, opened.app.date_input(key=key)) for key in ("current", "other"))
    known = world.shown.settings.model("late-arrival").reference
    assert isinstance(known, ReferenceSpan)
    for choice in (current, other):
        assert choice.min == known.end.date()
        assert choice.max == current.value[1]
    first, day = other.min, timedelta(days=1)
    other.set_value((first, first + 3 * day))
    current.set_value((first + 7 * day, first + 10 * day)).run()
    assert not opened.app.exception
    names = {trace.get("name") for trace in opened.figures[0]["data"]}
    assert f"{first.day} – {(first + 3 * day).day} {first:%b %Y}" in str(names)
    assert "Reference" not in names


@pytest.fixture
def hours(world: World) -> Shown:
    """`late-arrival` with a year of hourly windows, made of the judged ones."""
    store = open_store("memory://")
    model = world.shown.settings.model("late-arrival")
    state = world.store.model("late-arrival")
    assert state is not None
    days = world.store.windows("late-arrival")
    begin = state.position
    store.begin(ModelState(model.name, "key", state.reference, begin))
    windows = [_hour(days[n % len(days)], begin + n * HOUR) for n in range(24 * 365)]
    done = ModelState(model.name, "key", state.reference, begin + 24 * 365 * HOUR, revision=1)
    assert store.record(Changes(done, windows=tuple(windows)))
    hourly = model.model_copy(update={"window": HOUR})
    settings = world.shown.settings.model_copy(update={"models": (hourly,)})
    return replace(world.shown, settings=settings, store=store, now=lambda: done.position)


def _hour(day: WindowResult, start: object) -> WindowResult:
    return replace(day, window=Window(start, start + HOUR))  # type: ignore[arg-type,operator]


def test_thousands_of_windows_are_drawn_as_some_hundred(hours: Shown, open_page: Open) -> None:
    opened = open_page(hours, "model", name="late-arrival", days="365")
    assert "8,760 windows, 1,051,200 rows" in opened.text
    view = view_of(hours, hours.settings.model("late-arrival"), 365)
    assert view is not None
    assert len(view.facts.windows) <= 1.1 * DRAWN
    assert sum(result.rows for result in view.facts.windows) == view.facts.rows
    assert "Each cell is the largest effect of up to 37 windows" in opened.text


def test_a_bar_of_many_windows_is_as_high_as_one_of_few(hours: Shown, open_page: Open) -> None:
    for days in ("180", "365"):  # whose last bars are of fewer windows than the others
        opened = open_page(hours, "model", name="late-arrival", days=days)
        charts = [figure(opened, place) for place in range(len(opened.figures))]
        titles = [chart.layout.yaxis.title.text for chart in charts]
        rows = charts[titles.index("Rows per window, mean")].data[0].y
        assert set(rows) == {120}


def test_a_version_is_chosen_and_its_days_are_shown(own_world: World, open_page: Open) -> None:
    name, store = "late-arrival", own_world.store
    plain = open_page(own_world.shown, "model", name=name)
    assert "version" not in [box.key for box in plain.app.selectbox]
    state = store.model(name)
    assert state is not None
    windows = store.windows(name)
    (first,) = state.versions
    assert first == VersionSince("2026-01", windows[0].window.start)
    later = VersionSince("2026-03", windows[20].window.start)
    assert store.record(Changes(state.next(versions=(first, later))))
    opened = open_page(own_world.shown, "model", name=name, days="30")
    assert "30 windows" in opened.text
    box = opened.app.selectbox(key="version")
    newer, older = "2026-03, since 2 Mar 2026", "2026-01, since 10 Feb 2026"
    assert box.options == ["all, up to now", newer, older]
    for number, told in (("0", "20 windows"), ("1", "10 windows")):
        box.set_value(number).run()
        assert told in opened.text
    linked = open_page(own_world.shown, "model", name=name, version=older)
    assert "20 windows" in linked.text


def test_one_window_is_enough(world: World, open_page: Open) -> None:
    store = open_store("memory://")
    state = world.store.model("late-arrival")
    assert state is not None
    first = world.store.windows("late-arrival")[0]
    store.begin(ModelState("late-arrival", "key", state.reference, first.window.start))
    done = ModelState("late-arrival", "key", state.reference, first.window.end, revision=1)
    profiles = world.store.profiles("late-arrival", first.window.start, first.window.end)
    assert store.record(Changes(done, windows=(first,), profiles=profiles))
    shown = replace(world.shown, store=store, now=lambda: first.window.end)
    assert "1 window, 120 rows" in open_page(shown, "model", name="late-arrival").text
    assert len(open_page(shown, "column", name="late-arrival", column="amount").figures) == 4
    assert "late-arrival" in open_page(shown, "overview").text
