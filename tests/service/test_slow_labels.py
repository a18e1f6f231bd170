"""Labels that trickle in with windows shorter than a day: earlier spans are judged again when that
is news, and at midnight for all that has changed."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

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
    midnight = hourly.day(36)
    rows = {row.id: row for frame in hourly.written for row in frame.itertuples()}.values()
    with hourly.store() as store:
        judged = store.performance("late-arrival")
    assert judged[-1].span.end == midnight
    for result in judged:
        inside = [row for row in rows if result.span.start <= row.timestamp < result.span.end]
        known = [row for row in inside if row.known_at < midnight]
        assert (result.rows, result.labelled) == (len(inside), len(known))


def test_a_replay_says_the_same_as_checks_by_the_hour(hourly: World) -> None:
    moment = hourly.day(30)
    while moment <= hourly.day(34):
        hourly.check(moment)
        moment += HOURS
    live = hourly.check(34).model["performance"]
    replayed = hourly.run("backtest", "--json", "--to", hourly.day(34).isoformat())
    assert replayed.model["performance"] == live
    assert parse_moment(live[-1]["end"]) == hourly.day(34)
