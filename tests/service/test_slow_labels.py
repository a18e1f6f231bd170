"""Labels that trickle in with windows shorter than a day: earlier spans are judged again when that
is news, and at midnight for all that has changed."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest

from driftline.windows import parse_moment

World = Any
HOURS = timedelta(hours=6)


@pytest.fixture
def hourly(world: World) -> World:
    rows = world.live(range(36))
    world.label(rows)
    world.settle(world.labelled(window="6h"))
    return world


def test_past_spans_are_judged_again_for_news_and_at_midnight(hourly: World) -> None:
    hourly.check(36)
    with hourly.store() as store:
        judged = store.performance("late-arrival", every_judgement=True)
    ends = {result.span.end for result in judged}
    assert len(ends) > 20
    again = 0
    for end in ends:
        for first, then in pairwise(result for result in judged if result.span.end == end):
            again += 1
            news = abs(then.labelled - first.labelled) + abs(then.rows - first.rows)
            at_midnight = then.judged_at.hour == 0
            assert news
            assert at_midnight or then.labelled == then.rows or news >= 0.02 * then.rows
    assert again > len(ends)


def test_at_midnight_every_span_has_all_of_its_labels(hourly: World) -> None:
    hourly.check(36)
    rows = pd.concat(hourly.written).drop_duplicates("id", keep="last")
    assert_every_label_is_counted(hourly, rows, 36)


def test_labels_that_come_a_month_late_are_counted_where_their_predictions_are(
    world: World,
) -> None:
    rows = world.live(range(70))
    slow = rows["id"].str.startswith("33-")
    rows["known_at"] += pd.to_timedelta(33 * slow, unit="D")
    world.label(rows)
    world.settle(world.labelled(window="6h"))
    for day in (65, 68, 70):
        world.check(day)
        assert_every_label_is_counted(world, rows, day)


def assert_every_label_is_counted(world: World, rows: pd.DataFrame, day: int) -> None:
    midnight = world.day(day)
    with world.store() as store:
        judged = store.performance("late-arrival")
    assert judged[-1].span.end == midnight
    for result in judged:
        inside = (rows["timestamp"] >= result.span.start) & (rows["timestamp"] < result.span.end)
        known = inside & (rows["known_at"] < midnight)
        assert (result.rows, result.labelled) == (inside.sum(), known.sum())


def test_a_replay_says_the_same_as_checks_by_the_hour(hourly: World) -> None:
    moment = hourly.day(30)
    while moment <= hourly.day(34):
        hourly.check(moment)
        moment += HOURS
    live = hourly.check(34).model["performance"]
    replayed = hourly.run("backtest", "--json", "--to", hourly.day(34).isoformat())
    assert replayed.model["performance"] == live
    assert parse_moment(live[-1]["end"]) == hourly.day(34)
