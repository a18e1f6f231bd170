"""Charts tell what the values say, in any theme, for any column that data may bring."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftline.alarms.verdict import ColumnVerdict, Verdict
from driftline.charts import add_lane, column_heatmap, distribution, performance_trend, volume
from driftline.charts.bins import bins
from driftline.charts.heatmap import most_blamed
from driftline.errors import GridMismatch
from driftline.profiles.grid import CategoricalGrid, NumericGrid, categorical_grid, numeric_grid
from driftline.profiles.summary import Summary, count_numbers, empty_summary
from driftline.records import Incident, MetricChange, PerformanceResult, WindowResult
from driftline.windows import Window

DAY = timedelta(days=1)
START = datetime(2013, 4, 1, tzinfo=UTC)


def column(name: str, effect: float, alarm: bool = False) -> ColumnVerdict:
    return ColumnVerdict(
        name=name,
        kind="numeric",
        alarm=alarm,
        statistic="kolmogorov_smirnov",
        value=effect,
        p_value=0.0001 if alarm else 0.4,
        effect=effect,
        blame=effect,
        missing=0.0,
        reference_missing=0.0,
        least_effect=0.02,
    )


def judged(number: int, *columns: ColumnVerdict) -> WindowResult:
    window = Window(START + number * DAY, START + (number + 1) * DAY)
    verdict = Verdict(any(c.alarm for c in columns), 0.2, columns, "calibrated")
    return WindowResult(window, 900, "judged", verdict, (), window.end)


def empty(number: int) -> WindowResult:
    window = Window(START + number * DAY, START + (number + 1) * DAY)
    return WindowResult(window, 0, "empty", None, (), window.end)


def spans(currents: list[float | None], alarm_at: int | None = None) -> list[PerformanceResult]:
    results = []
    for number, current in enumerate(currents):
        end = START + (number + 7) * DAY
        span = Window(end - 7 * DAY, end)
        drop = None if current is None else (0.8 - current) / 0.8
        low, high = (None, None) if current is None else (current - 0.01, current + 0.01)
        change = MetricChange(current, 0.8, drop, low, high, None, None, number == alarm_at)
        baseline = Window(span.start - 30 * DAY, span.start)
        results.append(
            PerformanceResult(
                span=span,
                baseline=baseline,
                rows=100,
                labelled=80,
                status="judged",
                metrics={"accuracy": change},
                main="accuracy",
                alarm=number == alarm_at,
                severity=None,
                judged_at=end,
            )
        )
    return results


def trace(figure: go.Figure, name: str) -> go.Figure:
    found = [t for t in figure.data if t.name == name]
    assert found, f"no {name} among {[t.name for t in figure.data]}"
    return found[0]


def sides(reference: list[float], current: list[float]) -> tuple[Summary, Summary]:
    values = np.array(reference, dtype=float)
    grid = numeric_grid(np.sort(values[np.isfinite(values)]))
    return count_numbers(grid, values), count_numbers(grid, np.array(current, dtype=float))


# the heat map


def test_columns_are_sorted_by_the_blame_they_had_in_alarms() -> None:
    windows = [
        judged(0, column("calm", 0.2), column("guilty", 0.1)),
        judged(1, column("calm", 0.2), column("guilty", 0.6, alarm=True)),
    ]
    assert most_blamed(windows, 25) == ["guilty", "calm"]
    assert list(column_heatmap(windows).layout.yaxis.ticktext) == ["guilty", "calm"]


def test_only_the_most_blamed_columns_are_drawn() -> None:
    windows = [judged(0, *(column(f"c{i:02}", i / 100) for i in range(40)))]
    assert list(column_heatmap(windows, top=3).layout.yaxis.ticktext) == ["c39", "c38", "c37"]


def test_windows_without_a_verdict_are_gaps() -> None:
    figure = column_heatmap([judged(0, column("a", 0.5)), empty(1), judged(2, column("a", 0.25))])
    assert figure.data[0].z[0].tolist() == pytest.approx([0.5, np.nan, 0.25], nan_ok=True)


def test_neighbouring_alarms_share_one_frame() -> None:
    alarmed = [judged(n, column("a", 0.5, alarm=n in (1, 2, 4))) for n in range(5)]
    frames = trace(column_heatmap(alarmed), "framed: alarm")
    assert sum(x is None for x in frames.x) == 2
    assert frames.x[0] == "2013-04-02"
    assert frames.x[1] == "2013-04-04"


def test_a_frame_is_not_drawn_over_a_gap() -> None:
    alarmed = [judged(0, column("a", 1, True)), empty(1), judged(2, column("a", 1, True))]
    frames = trace(column_heatmap(alarmed), "framed: alarm")
    assert sum(x is None for x in frames.x) == 2


def test_hourly_cells_tell_their_hour() -> None:
    window = Window(START, START + timedelta(hours=1))
    verdict = Verdict(False, 0.2, (column("a", 0.1),), "calibrated")
    figure = column_heatmap([WindowResult(window, 9, "judged", verdict, (), window.end)])
    assert figure.data[0].text[0][0].startswith("1 Apr 2013, 00:00\u201301:00")


def test_the_scale_beside_a_map_of_few_columns_has_few_numbers() -> None:
    few, many = (
        column_heatmap([judged(0, *(column(f"c{i}", 0.1) for i in range(n)))]) for n in (3, 12)
    )
    assert list(few.data[0].colorbar.tickvals) == [0, 1]
    assert len(many.data[0].colorbar.tickvals) == 5
    assert few.layout.height >= 180  # room for the scale and its title


# distributions


def test_shares_of_both_sides_add_up_to_one() -> None:
    generator = np.random.default_rng(1)
    found = bins(*sides(generator.normal(size=5000).tolist(), generator.normal(1, 2, 300).tolist()))
    assert found.reference.sum() == pytest.approx(1)
    assert found.current.sum() == pytest.approx(1)


def test_a_bin_holds_the_rows_that_lie_in_it() -> None:
    values = np.random.default_rng(2).exponential(5, 400)
    found = bins(*sides(values.tolist(), values.tolist()))
    inner = found.edges[1:-1]
    expected = np.searchsorted(np.sort(values), inner) / len(values)
    assert np.cumsum(found.reference)[:-1] == pytest.approx(expected, abs=2 / len(values))


def test_scores_are_not_drawn_above_one_nor_is_a_bin_begun_by_the_highest_value() -> None:
    generator = np.random.default_rng(6)
    low, high = generator.beta(2, 9, 2000), generator.beta(9, 2, 300)
    assert low.max() < 0.9 < high.max()
    for current in (high, np.append(high, np.ones(60))):
        found = bins(*sides(low.tolist(), current.tolist()))
        assert found.edges[-1] == pytest.approx(1)
        assert found.current[-1] == pytest.approx((current >= found.edges[-2]).mean(), abs=0.06)


def test_integers_get_a_bin_each_named_by_the_integer() -> None:
    found = bins(*sides([1, 2, 2, 3], [3, 3, 3, 3]))
    assert found.names == ("1", "2", "3")
    assert found.reference.tolist() == [0.25, 0.5, 0.25]
    assert found.current.tolist() == [0, 0, 1]


def test_guard_points_beyond_the_data_are_left_out() -> None:
    found = bins(*sides(np.linspace(0, 1, 2000).tolist(), [0.5]))
    assert found.edges[0] >= -0.2
    assert found.edges[-1] <= 1.2


def test_a_heavy_tail_is_drawn_on_a_stretched_axis() -> None:
    values = np.random.default_rng(3).lognormal(0, 3, 3000).tolist()
    found = bins(*sides(values, values))
    assert found.ticks
    assert found.reference.max() < 0.15


def test_a_column_that_is_mostly_zero_is_not_stretched() -> None:
    generator = np.random.default_rng(5)
    rain = np.where(generator.random(4000) < 0.9, 0, generator.exponential(0.1, 4000).round(2))
    assert bins(*sides(rain.tolist(), rain.tolist())).ticks == ()


def test_ticks_of_a_stretched_axis_are_told_apart() -> None:
    values = np.random.default_rng(3).lognormal(-5, 2, 3000).tolist()
    texts = distribution(*sides(values, values), "x").layout.xaxis.ticktext
    assert "0.01" in texts
    assert len(set(texts)) == len(texts)


def test_a_changed_unit_leaves_both_sides_readable() -> None:
    values = np.random.default_rng(4).normal(20, 3, 3000)
    found = bins(*sides(values.tolist(), (values * 100).tolist()))
    assert np.count_nonzero(found.reference > 0.01) >= 3


NUMBERS = st.lists(
    st.floats(allow_nan=True, allow_infinity=True, width=64), min_size=1, max_size=30
)


@settings(deadline=None)
@given(NUMBERS.filter(lambda v: bool(np.isfinite(v).any())), NUMBERS)
def test_any_numbers_whatever_can_be_drawn(reference: list[float], current: list[float]) -> None:
    text = distribution(*sides(reference, current), "x").to_json()
    assert "NaN" not in text
    assert "Infinity" not in text


def test_a_towering_bin_is_cut_off_and_its_share_told() -> None:
    figure = distribution(*sides([0.0] * 95 + list(range(1, 6)), [0.0] * 90 + [5.0] * 10), "rain")
    assert figure.layout.yaxis.range[1] < 30
    assert "reference 95.0\u202f%, current 90.0\u202f%" in figure.layout.annotations[0].text


def test_missing_values_are_told_beneath() -> None:
    figure = distribution(*sides([1, 2, 3, 4], [1, np.nan]), "x")
    assert "missing: reference 0\u202f%, current 50.0\u202f%" in figure.layout.xaxis.title.text


def test_no_values_on_either_side_are_told_in_words() -> None:
    grid = NumericGrid(np.array([1.0]))
    gone = Summary(grid, np.zeros(3, dtype=np.int64), missing=5)
    assert "all are missing" in distribution(gone, gone, "x").layout.annotations[0].text
    none = empty_summary(grid)
    assert "No rows" in distribution(none, none, "x").layout.annotations[0].text


def test_categories_beyond_the_top_are_other_and_unseen_and_missing_have_their_own_bars() -> None:
    grid = categorical_grid({f"c{i:02}": 100 - i for i in range(30)})
    counts = np.array([*range(100, 70, -1), 0, 0], dtype=np.int64)
    reference = Summary(grid, counts)
    current = Summary(grid, np.append(np.zeros(31, dtype=np.int64), 5), missing=5)
    figure = distribution(reference, current, "carrier")
    labels = list(figure.layout.yaxis.ticktext)
    assert labels[:2] == ["c00", "c01"]
    assert labels[-3:] == ["<i>other categories</i>", "<i>unseen before</i>", "<i>missing</i>"]
    assert len(labels) == 18
    assert sum(trace(figure, "Reference").x) == pytest.approx(100)
    assert trace(figure, "Current").x[-2:].tolist() == [50, 50]


def test_a_category_that_grew_is_drawn_though_it_was_rare() -> None:
    grid = categorical_grid({f"c{i:02}": 100 - i for i in range(30)})
    reference = Summary(grid, np.array([*range(100, 70, -1), 0, 0], dtype=np.int64))
    now = np.zeros(32, dtype=np.int64)
    now[29] = 10
    figure = distribution(reference, Summary(grid, now), "carrier")
    assert "c29" in figure.layout.yaxis.ticktext


def test_sides_on_different_grids_are_refused() -> None:
    numeric, categorical = NumericGrid(np.array([1.0])), CategoricalGrid(("a",))
    with pytest.raises(GridMismatch, match="different grids"):
        distribution(empty_summary(numeric), empty_summary(categorical), "x")


# performance


def test_the_line_breaks_where_nothing_was_measured() -> None:
    figure = performance_trend(spans([0.8, None, 0.79]), "accuracy")
    assert list(trace(figure, "current span").y) == [0.8, None, 0.79]
    assert len([t for t in figure.data if t.name == "interval"]) == 2


def test_alarms_are_marked_and_the_threshold_drawn() -> None:
    figure = performance_trend(spans([0.8, 0.7], alarm_at=1), "accuracy", drop=0.05)
    assert list(trace(figure, "alarm").y) == [0.7]
    threshold = trace(figure, "alarm threshold (\u22125.0\u202f%)")
    assert list(threshold.y) == pytest.approx([0.76, 0.76])


def test_the_threshold_lies_above_where_less_is_better() -> None:
    result = spans([0.9])[0]
    change = MetricChange(0.9, 0.8, 0.125, None, None, None, None, False)
    worse = PerformanceResult(**{**vars(result), "metrics": {"mae": change}, "main": "mae"})
    figure = performance_trend([worse], "mae", drop=0.05)
    assert list(trace(figure, "alarm threshold (+5.0\u202f%)").y) == pytest.approx([0.84])


def test_the_newest_judgement_of_a_span_counts() -> None:
    first, again = spans([0.8])[0], spans([0.7])[0]
    later = PerformanceResult(**{**vars(again), "judged_at": again.judged_at + DAY})
    figure = performance_trend([later, first], "accuracy")
    assert list(trace(figure, "current span").y) == [0.7]


def test_performance_incidents_are_shaded_while_they_last() -> None:
    at = START + 8 * DAY
    incident = Incident(
        id="1",
        model="m",
        kind="performance",
        severity="high",
        state="resolved",
        opened=at,
        updated=at,
        resolved=at + DAY,
        since=START,
        columns=(),
        message="",
    )
    figure = performance_trend(spans([0.8] * 9), "accuracy", [incident])
    assert [(s.x0, s.x1) for s in figure.layout.shapes] == [("2013-04-08", "2013-04-10")]
    assert trace(figure, "performance drop").marker.symbol == "square"  # said in the legend, where
    assert not figure.layout.annotations  # words over short shades would lie upon each other


def test_the_lane_leaves_out_what_was_over_before_the_days_that_are_shown() -> None:
    def bad(first: int, last: int) -> Incident:
        since, until = START + first * DAY, START + last * DAY
        return Incident(
            id=str(first),
            model="m",
            kind="data_drift",
            severity="low",
            state="resolved",
            opened=until,
            updated=until,
            resolved=until + 3 * DAY,
            since=since,
            columns=(),
            message="",
            until=until,
        )

    days = Window(START + 7 * DAY, START + 15 * DAY)
    trend = performance_trend(spans([0.8] * 9), "accuracy")
    (lane,) = [
        t
        for t in add_lane(trend, [bad(2, 6), bad(5, 9), bad(20, 21)], days).data
        if t.yaxis == "y3"
    ]
    assert list(lane.x) == ["2013-04-08", "2013-04-10", None]
    before = performance_trend(spans([0.8] * 9), "accuracy")
    assert "y3" not in {t.yaxis for t in add_lane(before, [bad(2, 6)], days).data}


def test_label_coverage_is_drawn_even_when_nothing_could_be_measured() -> None:
    figure = performance_trend(spans([None, None]), "accuracy")
    assert list(trace(figure, "predictions with a label").y) == [80, 80]
    assert "Not enough labels" in figure.layout.annotations[0].text


# rows, and what all charts share


def test_empty_and_small_windows_are_marked() -> None:
    small = WindowResult(Window(START, START + DAY), 3, "too_few_rows", None, (), START)
    figure = volume([small, empty(1), judged(2)])
    assert trace(figure, "too few rows").marker.pattern.shape == "/"
    assert trace(figure, "no rows").marker.symbol == "x"
    assert figure.layout.showlegend


@pytest.mark.parametrize(
    "figure",
    [volume([]), column_heatmap([]), column_heatmap([empty(0)]), performance_trend([], "f1")],
)
def test_a_chart_without_values_says_so(figure: go.Figure) -> None:
    assert figure.layout.annotations[0].text


HOSTILE = "<a href='javascript:x'>%{y}</a>"


def test_names_from_data_are_escaped_in_every_chart() -> None:
    grid = categorical_grid({HOSTILE: 3})
    summary = Summary(grid, np.array([3, 0, 0], dtype=np.int64))
    charts = [
        column_heatmap([judged(0, column(HOSTILE, 0.4, True))]),
        distribution(summary, summary, HOSTILE),
        performance_trend(spans([0.8]), HOSTILE),
    ]
    for figure in charts:
        assert "<a href" not in json.dumps(figure.to_plotly_json(), default=str)


@pytest.mark.parametrize(
    "figure",
    [volume([judged(0)]), column_heatmap([judged(0, column("a", 0.1))])],
)
def test_backgrounds_are_transparent(figure: go.Figure) -> None:
    look = figure.layout.template.layout
    assert look.paper_bgcolor == look.plot_bgcolor == "rgba(0,0,0,0)"
