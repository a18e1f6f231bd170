"""Many spans of one past: the same answers as from its windows one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import attrgetter

import numpy as np
import pyarrow as pa
import pytest

from driftline.performance.judge import PerformancePolicy, judge_span
from driftline.performance.past import Past
from driftline.profiles.joined import outcomes_of
from driftline.profiles.outcome_codec import decode_outcomes, encode_outcomes
from driftline.profiles.outcomes import Outcomes
from driftline.windows import Window

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
START = datetime(2026, 3, 1, tzinfo=UTC)


def outcomes(random: np.random.Generator, rows: int = 20) -> Outcomes:
    score = random.random(rows)
    labels = [int(v) if random.random() < 0.8 else None for v in random.random(rows) < score]
    table = pa.table({"score": score, "prediction": (score > 0.5).astype(int), "label": labels})
    return outcomes_of("binary", table)


def past_of(windows: Iterable[tuple[Window, Outcomes]]) -> Past:
    past = Past()
    for window, counts in windows:
        past.put(window, encode_outcomes(counts))
    return past


@pytest.fixture(scope="module")
def windows() -> list[tuple[Window, Outcomes]]:
    """Twenty days of hours, some of them without rows."""
    random = np.random.default_rng(3)
    hours = [number for number in range(20 * 24) if random.random() < 0.9]
    return [(Window(START + n * HOUR, START + (n + 1) * HOUR), outcomes(random)) for n in hours]


@pytest.mark.parametrize("hour", [0, 1, 13, 23])
def test_a_span_is_judged_the_same_from_whole_days(
    windows: list[tuple[Window, Outcomes]], hour: int
) -> None:
    past, policy, now = past_of(windows), PerformancePolicy(), START + 20 * DAY
    for days in (17, 19):
        end = START + days * DAY + hour * HOUR
        span = Window(end - 6 * DAY, end)
        spans = span, Window(span.start - 10 * DAY, span.start)
        pooled = past.cut_at([spans[1].start, span.start, span.end])
        assert len(pooled) < len(windows) / 4
        one_by_one = judge_span(windows, windows, spans, policy, "binary", now)
        assert judge_span(pooled, pooled, spans, policy, "binary", now) == one_by_one
        assert past.counts(span) == (one_by_one.rows, one_by_one.labelled)


def test_days_and_longer_windows_stay_as_they_are() -> None:
    random = np.random.default_rng(4)
    days = [(Window(START + n * DAY, START + (n + 1) * DAY), outcomes(random)) for n in (0, 2)]
    assert past_of(days).cut_at([START + HOUR]) == days
    assert Past().cut_at([]) == []
    assert Past().counts(days[0][0]) == (0, 0)


@dataclass
class Shelf:
    """Sums of days, and the windows of them that were asked for."""

    days: dict[Window, bytes]
    windows: dict[Window, bytes]
    asked: list[Window] = field(default_factory=list)

    def read(self, day: Window) -> dict[Window, bytes]:
        self.asked.append(day)
        return {w: blob for w, blob in self.windows.items() if day.start <= w.start < day.end}

    def past(self, first: datetime = START) -> Past:
        past = Past(read=self.read, first=first)
        for day, blob in self.days.items():
            past.put_day(day, blob)
        return past


@pytest.fixture
def shelf(windows: list[tuple[Window, Outcomes]]) -> Shelf:
    return Shelf(past_of(windows).changed(), {w: encode_outcomes(o) for w, o in windows})


def test_only_the_days_in_which_a_span_begins_or_ends_are_read_window_by_window(
    windows: list[tuple[Window, Outcomes]], shelf: Shelf
) -> None:
    kept, made = shelf.past(), past_of(windows)
    span = Window(START + 3 * DAY + 5 * HOUR, START + 9 * DAY)
    assert kept.cut_at([span.start]) == made.cut_at([span.start])
    assert kept.counts(span) == made.counts(span)
    assert kept.within(span) == made.within(span)
    assert [day.start for day in shelf.asked] == [START + 3 * DAY]


def test_a_window_that_changes_changes_its_day_and_no_other(
    windows: list[tuple[Window, Outcomes]], shelf: Shelf
) -> None:
    past, changed = shelf.past(), dict(windows)
    assert past.changed() == {}
    window = windows[100][0]
    changed[window] = outcomes(np.random.default_rng(9), 31)
    past.put(window, encode_outcomes(changed[window]))
    (told,) = past.changed().items()
    assert told[0] == Window(START + 4 * DAY, START + 5 * DAY)
    assert decode_outcomes(told[1]) == past_of(changed.items()).cut_at([])[4][1]
    assert past.cut_at([]) == past_of(changed.items()).cut_at([])
    assert (past.changed(), len(shelf.asked)) == ({}, 1)


def test_what_is_over_is_forgotten_to_the_window(
    windows: list[tuple[Window, Outcomes]], shelf: Shelf
) -> None:
    moment = START + 6 * DAY + 7 * HOUR
    left = [(window, counts) for window, counts in windows if window.end > moment]
    for past in (shelf.past(), shelf.past(moment), past_of(windows)):
        past.forget(moment)
        assert past.cut_at([]) == past_of(left).cut_at([])
        assert past.cut_at([moment]) == past_of(left).cut_at([moment])
        assert START + 6 * DAY not in [day.start for day in past.changed()]


def test_windows_that_have_something_are_found_newest_first(shelf: Shelf) -> None:
    past = shelf.past()
    span = Window(START + 2 * DAY + 3 * HOUR, START + 4 * DAY)
    wanted = [
        window
        for window, blob in shelf.windows.items()
        if window.start in span and decode_outcomes(blob).unlabelled
    ]
    assert list(past.having(attrgetter("unlabelled"), span)) == wanted[::-1]
    assert list(past.having(attrgetter("bad_labels"), span)) == []
    assert len(shelf.asked) == 2
