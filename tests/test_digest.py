"""Many incidents in few lines: nothing is lost, the worst is shown, the open ones come first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftline import terminal
from driftline.digest import Group, digest, one_by_one
from driftline.records import SEVERITIES, Incident, IncidentKind, Severity

START = datetime(2013, 4, 1, tzinfo=UTC)
DAY = timedelta(days=1)
KINDS: tuple[IncidentKind, ...] = (
    "data_drift",
    "prediction_drift",
    "performance",
    "data_quality",
)


def incident(
    number: int,
    kind: IncidentKind = "data_drift",
    severity: Severity = "low",
    columns: tuple[str, ...] = ("temp",),
    over: bool = True,
) -> Incident:
    """One that is seen on day `number` + 1, about the day before, and is over six days later."""
    opened = START + (number + 1) * DAY
    end = opened + 6 * DAY
    return Incident(
        id=str(number),
        model="m",
        kind=kind,
        severity=severity,
        state="resolved" if over else "open",
        opened=opened,
        updated=end,
        resolved=end if over else None,
        since=opened - DAY,
        columns=columns,
        message=f"{columns[0] if columns else 'Accuracy'}: message {number}; more",
        facts=(f"fact {number}", "Drift: temp in alarm at the same time"),
    )


@given(
    st.lists(
        st.builds(
            incident,
            st.integers(0, 400),
            st.sampled_from(KINDS),
            st.sampled_from(SEVERITIES),
            st.lists(st.sampled_from("abcdefghij"), max_size=2, unique=True).map(tuple),
            st.booleans(),
        ),
        max_size=60,
    ),
    st.integers(1, 8),
)
def test_every_incident_is_in_one_group_and_the_folded_are_no_worse(
    incidents: list[Incident], limit: int
) -> None:
    sections = digest(incidents, limit)
    groups = [g for section in sections for g in (*section.shown, *section.folded)]
    found = [one for group in groups for one in group.incidents]
    assert sorted(i.id for i in found) == sorted(i.id for i in incidents)
    for section in sections:
        shown = [SEVERITIES.index(group.severity) for group in section.shown]
        folded = [SEVERITIES.index(group.severity) for group in section.folded]
        assert not folded or max(folded) <= min(shown)
        assert len(folded) != 1


def test_open_ones_come_first_and_the_worst_on_top() -> None:
    incidents = [
        incident(1, "performance"),
        incident(2, over=False),
        incident(3, "data_quality", "critical", over=False),
    ]
    sections = digest(incidents)
    assert [s.title for s in sections] == [
        "Open: 2 incidents",
        "Performance drop, over: 1 incident",
    ]
    assert [g.severity for g in sections[0].shown] == ["critical", "low"]


def test_what_came_again_is_one_line_that_the_worst_speaks_for() -> None:
    (section,) = digest([incident(1), incident(20, severity="high"), incident(40)])
    (group,) = section.shown
    assert (group.name, group.when, group.worst.id) == (
        "temp (3 times)",
        "2 Apr \u2013 17 May 2013",
        "20",
    )


def test_drops_of_performance_are_told_each_by_itself_in_order() -> None:
    drops = [incident(n, "performance", columns=()) for n in (50, 10, 30)]
    (section,) = digest(drops)
    assert [group.worst.id for group in section.shown] == ["10", "30", "50"]


def test_every_incident_begins_with_the_first_window_or_span_that_shows_it() -> None:
    assert Group((incident(1, "performance", over=False),)).when == "since 2 Apr 2013"
    assert Group((incident(1, over=False),)).when == "since 2 Apr 2013"


def test_a_long_list_ends_with_the_names_of_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    many = [incident(n, columns=(f"column_{n}",)) for n in range(9)]
    terminal.tell_incidents([*many, replace(many[8], id="again")])
    printed = " ".join(capsys.readouterr().out.split())
    assert "message 5" in printed
    assert "message 6" not in printed
    told = "4 more incidents, told in the report: column_6, column_7, column_8 (2 times)"
    assert told in printed


def test_a_drop_is_told_with_what_drifted_then(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.tell_incidents([incident(1, "performance", columns=())])
    printed = " ".join(capsys.readouterr().out.split())
    assert "Accuracy: message 1 Drift: temp in alarm at the same time" in printed


def test_one_by_one_no_incident_is_left_out_and_the_season_comes_last() -> None:
    many = [incident(day, severity="low") for day in range(1, 30, 7)]
    storm = replace(incident(5, severity="low"), columns=("dep_delay",), id="storm")
    (section,) = one_by_one([*many, storm], last=["temp"])
    assert section.shown[0].worst.id == "storm"
    assert len(section.shown) == len(many) + 1
    (section,) = one_by_one([*many, storm], limit=2)
    assert len(section.shown) == 2
    assert len(section.folded) == len(many) - 1
