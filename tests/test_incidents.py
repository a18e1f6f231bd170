"""Incidents open once, last, worsen and end; hypothesis looks for a way to break that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from driftline.incidents import QUIET, Finding, advance
from driftline.records import SEVERITIES, Event, Incident, IncidentKind, Severity

START = datetime(2013, 4, 1, tzinfo=UTC)
DAY = timedelta(days=1)
KIND: IncidentKind = "data_drift"


def finding(column: str | None, severity: Severity = "low", day: int = 0) -> Finding:
    return Finding(KIND, severity, column, f"{column} changed", START + day * DAY)


def play(days: list[list[Finding]]) -> tuple[list[Incident], list[Event]]:
    """All incidents in their last state, and all events, after one step a day."""
    known: dict[str, Incident] = {}
    events: list[Event] = []
    for day, found in enumerate(days):
        open_ones = [incident for incident in known.values() if incident.is_open]
        step = advance("m", KIND, open_ones, found, START + day * DAY)
        known.update({incident.id: incident for incident in step.incidents})
        events += step.events
    return list(known.values()), events


def test_what_alarms_together_is_one_incident_and_lasts() -> None:
    incidents, events = play([[finding("temp"), finding("dewp")]] * 5)
    assert [incident.columns for incident in incidents] == [("temp", "dewp")]
    assert incidents[0].alarms == 5
    assert incidents[0].message == "temp changed; also dewp"
    assert [event.kind for event in events] == ["opened"]


def test_a_column_that_alarms_later_opens_its_own_incident() -> None:
    incidents, events = play([[finding("temp")], [finding("temp"), finding("carrier")]])
    assert [incident.columns for incident in incidents] == [("temp",), ("carrier",)]
    assert [event.kind for event in events] == ["opened", "opened"]


def test_it_worsens_once_and_tells_the_worst() -> None:
    days = [[finding("temp")], [finding("temp", "high")], [finding("temp", "medium")]]
    incidents, events = play(days)
    assert incidents[0].severity == "high"
    assert [event.kind for event in events] == ["opened", "worsened"]


def test_it_is_resolved_after_enough_quiet_windows_and_not_before() -> None:
    quiet = QUIET[KIND]
    incidents, _ = play([[finding("temp")], *[[] for _ in range(quiet - 1)]])
    assert incidents[0].is_open
    incidents, events = play([[finding("temp")], *[[] for _ in range(quiet)]])
    assert incidents[0].state == "resolved"
    assert incidents[0].resolved == START + quiet * DAY
    assert [event.kind for event in events] == ["opened", "resolved"]


def test_trouble_that_comes_back_is_a_new_incident() -> None:
    incidents, events = play([[finding("temp")], *[[]] * QUIET[KIND], [finding("temp")]])
    assert [incident.is_open for incident in incidents] == [False, True]
    assert [event.kind for event in events] == ["opened", "resolved", "opened"]


def test_findings_about_the_whole_window_are_one_incident() -> None:
    incidents, _ = play([[finding(None)], [finding(None)]])
    assert len(incidents) == 1
    assert incidents[0].columns == ()
    assert incidents[0].message == "None changed"


def test_a_fault_of_the_window_and_one_of_a_column_are_two_incidents() -> None:
    incidents, _ = play([[finding("temp"), finding(None)], [finding(None)], [finding("temp")]])
    assert [(i.columns, i.message, i.alarms) for i in incidents] == [
        ((), "None changed", 2),
        (("temp",), "temp changed", 2),
    ]


found = st.lists(
    st.builds(finding, st.sampled_from(["a", "b", "c", None]), st.sampled_from(SEVERITIES)),
    max_size=4,
)


@given(st.lists(found, max_size=30))
def test_no_column_is_ever_in_two_open_incidents_and_events_tell_every_change(
    days: list[list[Finding]],
) -> None:
    incidents, events = play(days)
    open_columns = [c for i in incidents if i.is_open for c in i.columns or ("",)]
    assert len(open_columns) == len(set(open_columns))
    assert len({event.id for event in events}) == len(events)
    for incident in incidents:
        told = [event.kind for event in events if event.incident.id == incident.id]
        assert told[0] == "opened"
        assert told.count("opened") == 1
        assert told.count("resolved") == (0 if incident.is_open else 1)
        assert len(incident.facts) >= 1
