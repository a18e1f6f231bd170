"""When models are looked at: lengths of time, cron in a time zone, over both clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from driftline.service.schedule import FIRST_RETRY, LAG, LAST_RETRY, next_due, retry_at, wait_for
from driftline.settings import ModelSettings, parse_settings
from driftline.ticks import Cron, Every, tick_after
from driftline.windows import iso, parse_moment, windows_between

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
SPRING, AUTUMN = "2026-03-29", "2026-10-25"
"""Days on which the clocks of Berlin are changed, at 1:00 UTC."""


def ticks(every: Every, zone: ZoneInfo, start: str, end: str) -> list[str]:
    found, moment = [], parse_moment(start)
    while (moment := tick_after(every, zone, moment)) < parse_moment(end):
        found.append(iso(moment))
    return found


def test_a_time_of_day_is_that_of_the_clocks_in_summer_and_in_winter() -> None:
    found = ticks(Cron("30 6 * * *"), BERLIN, "2026-03-27T12:00", "2026-03-31")
    assert found == ["2026-03-28T05:30:00Z", "2026-03-29T04:30:00Z", "2026-03-30T04:30:00Z"]
    found = ticks(Cron("30 6 * * *"), BERLIN, "2026-10-23T12:00", "2026-10-27")
    assert found == ["2026-10-24T04:30:00Z", "2026-10-25T05:30:00Z", "2026-10-26T05:30:00Z"]


def test_a_time_that_does_not_exist_comes_right_after_the_gap_once() -> None:
    found = ticks(Cron("30 2 * * *"), BERLIN, "2026-03-28T12:00", "2026-03-31")
    assert found == ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]


def test_a_time_that_exists_twice_comes_once() -> None:
    found = ticks(Cron("30 2 * * *"), BERLIN, "2026-10-24T12:00", "2026-10-27")
    assert len(found) == 2
    assert [moment[:10] for moment in found] == ["2026-10-25", "2026-10-26"]


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_every_hour_is_every_hour_on_days_of_23_and_25(day: str) -> None:
    start = parse_moment(day) - 12 * HOUR
    for every in (HOUR, Cron("0 * * * *")):
        found = ticks(every, BERLIN, iso(start), iso(start + 36 * HOUR))
        assert found == [iso(start + number * HOUR) for number in range(1, 36)]


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_windows_are_all_of_one_length_and_without_gaps_where_clocks_change(day: str) -> None:
    start = datetime.combine(parse_moment(day).date(), datetime.min.time(), BERLIN)
    begin = start.astimezone(UTC) - 36 * HOUR
    for length in (HOUR, 6 * HOUR, 24 * HOUR):
        found = windows_between(begin, begin + 96 * HOUR, length)
        assert {window.length for window in found} == {length}
        assert [w.end for w in found[:-1]] == [w.start for w in found[1:]]


def model(**changes: object) -> ModelSettings:
    import json

    given = {
        "name": "m",
        "predictions": {"source": "parquet", "path": "x", "timestamp": "at"},
        "reference": {"from": "2026-01-01", "to": "2026-02-01"},
    }
    tree = {"store": "memory://", "models": [given | changes]}
    return parse_settings(json.dumps(tree), {}).models[0]


def test_a_model_is_looked_at_a_little_after_its_window_ends_and_by_cron_exactly_then() -> None:
    now = parse_moment("2026-05-01T10:00:30")
    assert next_due(model(), now) == parse_moment("2026-05-02") + LAG
    assert next_due(model(every="1h"), now) == parse_moment("2026-05-01T10:00") + LAG
    daily = model(every="0 6 * * *", timezone="Europe/Berlin")
    assert next_due(daily, now) == parse_moment("2026-05-02T04:00")


def test_failures_are_repeated_ever_later_but_no_later_than_the_next_look() -> None:
    now = parse_moment("2026-05-01T10:30")
    waits = [retry_at(model(), failures, now) - now for failures in range(1, 12)]
    assert waits[0] == FIRST_RETRY
    assert waits == sorted(waits)
    assert waits[-1] == LAST_RETRY
    assert all(later <= 2 * sooner for sooner, later in pairwise(waits))
    assert retry_at(model(every="15m"), 20, now) <= now + 15 * timedelta(minutes=1) + LAG


def test_a_window_without_rows_is_looked_at_again_until_it_is_waited_for_no_more() -> None:
    now = parse_moment("2026-05-02") + LAG
    found = wait_for(model(), now + 6 * HOUR, now)
    assert now + LAG <= found <= now + 2 * HOUR
    assert wait_for(model(), now, now) == now + LAG
