"""Notices as a run makes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from driftline.incidents import Finding, advance
from driftline.notices import Notice, notice_of
from driftline.records import Event

NOW = datetime(2013, 5, 7, tzinfo=UTC)
DAY = timedelta(days=1)
NASTY = '<!channel> *net* & "b" <script>alert(1)</script> \r\nBcc: eve@example.com _x_ @here'


def opened(*findings: Finding, now: datetime = NOW) -> tuple[Event, ...]:
    events: list[Event] = []
    for kind in dict.fromkeys(finding.kind for finding in findings):
        mine = [finding for finding in findings if finding.kind == kind]
        events += advance("late-arrival", kind, [], mine, now).events
    return tuple(events)


@pytest.fixture
def drop_and_drift() -> Notice:
    """What opens in one run: performance has dropped, and two columns have drifted."""
    drop = (
        "Accuracy fell from 0.842 to 0.791 (6.1 % worse) over 7 days; "
        "5,900 of 6,100 predictions labelled"
    )
    temp = "temp: median 74 (reference 38); 80 % of values in 51 to 84 (reference 28 to 48)"
    events = opened(
        Finding("performance", "high", None, drop, NOW - 7 * DAY, until=NOW),
        Finding("data_drift", "medium", "temp", temp, NOW - DAY, until=NOW),
        Finding("data_drift", "low", "dew_point", "dew_point: median 60 (reference 20)", NOW - DAY),
    )
    return replace(notice_of("late-arrival", events), url="https://driftline.example.com")


@pytest.fixture
def resolved() -> Notice:
    (event,) = opened(Finding("data_drift", "medium", "temp", "temp: 9 % missing", NOW - DAY))
    over = replace(event.incident, state="resolved", resolved=NOW + 8 * DAY)
    end = replace(event, id="end", incident=over, kind="resolved", at=NOW + 8 * DAY)
    return notice_of("late-arrival", [end])


@pytest.fixture
def nasty() -> Notice:
    """Names and facts from data that would like to be markup, a mention or a header."""
    finding = Finding("data_drift", "critical", NASTY, f"{NASTY}: median 1", NOW - DAY)
    (event,) = opened(finding)
    return notice_of(f"late {NASTY}", [event])


@pytest.fixture
def many() -> Notice:
    """More incidents, columns and words than any message can hold."""
    events = [
        replace(event, incident=replace(event.incident, id=f"{number:016x}"), id=str(number))
        for number in range(300)
        for event in opened(
            *(
                Finding("data_drift", "low", f"column {number} {i}", f"fact & {i} " * 99, NOW)
                for i in range(30)
            )
        )
    ]
    return notice_of("late-arrival", events)
