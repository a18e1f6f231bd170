"""Incidents open once, last, worsen and end; hypothesis looks for a way to break that."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from driftline.incidents import (
    CAME_LATER,
    QUIET,
    Advanced,
    Finding,
    SecondLook,
    advance,
    look_again,
)
from driftline.notices import bad_time
from driftline.records import (
    SEVERITIES,
    Event,
    Fault,
    Incident,
    IncidentKind,
    Severity,
    WindowResult,
)
from driftline.windows import Window
from driftline.wording import span

START = datetime(2013, 4, 1, tzinfo=UTC)
DAY = timedelta(days=1)
KIND: IncidentKind = "data_drift"


def finding(column: str | None, severity: Severity = "low", day: int = 0) -> Finding:
    return Finding(KIND, severity, column, f"{column} changed", START + day * DAY)


def sized(column: str, magnitude: float, severity: Severity = "low") -> Finding:
    return Finding(KIND, severity, column, f"{column}: {magnitude}", START, magnitude)


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


def test_what_is_wrong_with_the_labels_is_an_incident_of_its_own() -> None:
    labels = replace(finding("late"), of_labels=True)
    incidents, _ = play([[finding("temp"), labels, finding("dewp")]] * 3)
    assert [incident.columns for incident in incidents] == [("temp", "dewp"), ("late",)]


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


def test_it_tells_the_worst_that_was_seen_of_each_column() -> None:
    days = [[sized("temp", 0.2), sized("dewp", 0.3)], [sized("dewp", 0.1), sized("temp", 0.5)]]
    (incident,), events = play([*days, [sized("temp", 0.4)]])
    assert incident.message == "temp: 0.5; also dewp"
    assert incident.facts == ("temp: 0.5", "dewp: 0.3")
    assert (incident.magnitudes, incident.magnitude) == ((0.5, 0.3), 0.5)
    assert [event.kind for event in events] == ["opened"]


def test_two_findings_about_one_column_keep_their_lines_and_the_first_speaks_for_it() -> None:
    missing = replace(sized("plan", 0.4), fact="plan: 40 % missing")
    (incident,), _ = play([[sized("plan", 0.1), missing, sized("temp", 0.2)], [sized("plan", 0.3)]])
    assert incident.facts == ("plan: 0.3", "temp: 0.2", "plan: 40 % missing")
    assert incident.message == "plan: 0.3; also temp"


def seen_again(
    incident: Incident, before: list[Finding], found: list[Finding], windows: str = ""
) -> Advanced:
    """After a second look, the newest windows being well (.) or not (x)."""
    fault = Fault("no_rows", "no rows")
    results = [
        WindowResult(
            Window(START + n * DAY, START + (n + 1) * DAY),
            *(10, "judged", None, (fault,) if state == "x" else (), START),
        )
        for n, state in enumerate(windows)
    ]
    look = SecondLook(before, found, results)
    return look_again("m", KIND, [incident], look, START + 9 * DAY)


def test_a_second_look_may_worsen_an_incident_and_counts_nothing() -> None:
    (before,), _ = play([[sized("temp", 0.2)], []])
    first = [sized("temp", 0.2)]
    assert seen_again(before, first, [sized("temp", 0.1)]) == Advanced()
    step = seen_again(before, first, [sized("temp", 0.9, "high")])
    (after,) = step.incidents
    assert (after.severity, after.message) == ("high", "temp: 0.9")
    assert (after.alarms, after.quiet) == (before.alarms, before.quiet) == (1, 1)
    assert [event.kind for event in step.events] == ["worsened"]


def test_a_second_look_opens_what_is_new_and_only_that() -> None:
    (before,), _ = play([[finding("temp")]])
    step = seen_again(before, [finding("dewp")], [finding("dewp"), finding("carrier")])
    assert [incident.columns for incident in step.incidents] == [("carrier",)]
    assert [event.kind for event in step.events] == ["opened"]


def test_an_incident_loses_the_alarm_that_was_none_and_ends_with_its_last() -> None:
    (once,), _ = play([[finding(None)]])
    step = seen_again(once, [finding(None)], [], ".")
    assert [incident.state for incident in step.incidents] == ["resolved"]
    assert [event.kind for event in step.events] == ["resolved"]
    assert step.incidents[0].facts[-1] == CAME_LATER

    (lasting,), _ = play([[finding(None)]] * 12)
    for windows, quiet, state in (
        ("x.x", 0, "open"),
        ("xx..", 2, "open"),
        ("x" + QUIET[KIND] * ".", QUIET[KIND], "resolved"),
    ):
        (after,) = seen_again(lasting, [finding(None)], [], windows).incidents
        assert (after.alarms, after.quiet, after.state) == (11, quiet, state)


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


def test_when_it_was_bad_ends_with_the_last_window_that_alarmed() -> None:
    def bad(day: int) -> Finding:
        start = START + day * DAY
        return Finding(KIND, "high", "a", "a changed", start, until=start + DAY)

    opened = advance("m", KIND, [], [bad(0)], START + DAY)
    again = advance("m", KIND, opened.incidents, [bad(1)], START + 2 * DAY)
    last = again.incidents
    for day in range(3, 3 + QUIET[KIND]):
        last = advance("m", KIND, last, [], START + day * DAY).incidents
    assert last[0].state == "resolved"
    assert last[0].trouble == Window(START, START + 2 * DAY)
    assert bad_time(last[0]) == span(Window(START, START + 2 * DAY))
    assert last[0].resolved == START + (2 + QUIET[KIND]) * DAY
