"""The demo as a user plays it finds what docs/explanation/demo-2013.md says it finds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from tests.demo.playing import Played

from driftline.records import SEVERITIES
from driftline.wording import DASH

MONTHS = ["Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
KINDS = {
    "performance": "performance",
    "data drift": "data_drift",
    "prediction drift": "prediction_drift",
    "data quality": "data_quality",
}

Incident = dict[str, Any]
Rows = list[list[str]]


def day(moment: str) -> pd.Timestamp:
    return pd.Timestamp(moment).tz_localize(None).floor("D")


def begins(incident: Incident) -> pd.Timestamp:
    return day(incident["since"])


def ends(incident: Incident) -> pd.Timestamp:
    return day(incident["resolved"] or "2013-12-31")


def fits(row: list[str], incident: Incident) -> bool:
    """Whether an incident is one that a row of the page's table speaks of."""
    kind, columns, first, last = row[:4]
    begin = pd.Timestamp(f"2013-{MONTHS.index(first) + 4:02}-01")
    end = pd.Timestamp(f"2013-{MONTHS.index(last) + 4:02}-01") + pd.DateOffset(months=1)
    named = set(columns.replace(",", " ").split()) - {"none"}
    return (
        KINDS[kind] == incident["kind"]
        and set(incident["columns"]) <= named
        and begin - pd.Timedelta("1D") <= begins(incident)
        and ends(incident) <= end
    )


@pytest.fixture(scope="session")
def told(table_in_page: Callable[[str], Rows]) -> Rows:
    """Rows of the page's table of what the monitor found."""
    return table_in_page("found")[1:]


def test_every_window_from_april_to_december_was_judged(played: Played) -> None:
    windows = played.answer["windows"]
    assert len(windows) == 275
    assert {window["status"] for window in windows} == {"judged"}


def test_three_of_four_spells_of_worse_performance_are_found_and_no_other(
    played: Played,
) -> None:
    found = [i for i in played.incidents if i["kind"] == "performance"]
    spells = ["2013-04-22", "2013-08-13", "2013-12-08"]
    assert len(found) == len(spells)
    for incident, spell in zip(found, spells, strict=True):
        late = day(incident["opened"]) - pd.Timestamp(spell)
        assert pd.Timedelta(0) < late <= pd.Timedelta("3D"), incident["message"]
        assert incident["message"].startswith("Accuracy fell from 0.")
        assert incident["severity"] in ("medium", "high")
        assert incident["resolved"]


def test_each_drop_tells_its_deepest_week_and_lasts_until_accuracy_is_back(
    played: Played, table_in_page: Callable[[str], Rows]
) -> None:
    found = [i for i in played.incidents if i["kind"] == "performance"]
    judged = played.answer["performance"]
    rows = [row for row in table_in_page("spells")[2:] if "Jun" not in row[0]]
    for incident, row in zip(found, rows, strict=True):
        days = row[0].replace(" to ", f" {DASH} ")
        first, last = days.split(f" {DASH} ")
        assert f"{first.split()[0]} {DASH} {last} 2013;" in incident["message"]
        back = 0.95 * incident["baseline"]
        lasted = [
            span["metrics"]["accuracy"]["current"] < back
            for span in judged
            if incident["opened"] <= span["end"] <= incident["resolved"]
        ]
        assert all(lasted[:-4])  # the fourth from the end by the labels of its day
        assert lasted[0]
        assert not any(lasted[-3:])


def test_in_april_only_labels_tell_of_the_leap_in_delays(played: Played) -> None:
    (drop,) = [i for i in played.incidents if i["kind"] == "performance" and begins(i).month == 4]
    assert drop["severity"] == "high"
    for window in played.answer["windows"]:
        if "2013-04-22" <= window["start"][:10] <= "2013-04-26":
            blamed = {c["name"] for c in window["columns"] if c["alarm"]}
            assert not blamed & {"dep_delay", "probability", "late"}


def test_the_death_of_the_weather_feed_is_critical(played: Played) -> None:
    (death,) = [i for i in played.incidents if i["severity"] == "critical"]
    assert death["kind"] == "data_quality"
    assert death["resolved"] is None
    assert begins(death) == pd.Timestamp("2013-12-31")
    assert {"temp", "dewp", "humid", "wind_speed", "precip", "visib"} <= set(death["columns"])


def test_the_storms_of_june_and_july_are_drift_of_delays(played: Played) -> None:
    storms = [
        i
        for i in played.incidents
        if i["kind"] == "data_drift"
        and "dep_delay" in i["columns"]
        and pd.Timestamp("2013-06-23") <= begins(i) <= pd.Timestamp("2013-07-03")
    ]
    assert storms


def test_gaps_in_the_weather_feed_are_faults_of_the_data(played: Played) -> None:
    gaps = [
        begins(i).month
        for i in played.incidents
        if i["kind"] == "data_quality" and {"temp", "dewp", "humid"} <= set(i["columns"])
    ]
    assert sorted(gaps) == [12]


def test_summer_is_one_lasting_incident_for_temp_and_dewp(played: Played) -> None:
    for column in ("temp", "dewp"):
        lasting = [
            i
            for i in played.incidents
            if i["kind"] == "data_drift"
            and column in i["columns"]
            and begins(i) <= pd.Timestamp("2013-06-01")
            and ends(i) >= pd.Timestamp("2013-09-15")
        ]
        assert len(lasting) == 1, column
        assert any("no drop" in fact for fact in lasting[0]["facts"])


def test_every_incident_that_is_not_small_is_explained_on_the_page(
    played: Played, told: Rows
) -> None:
    grave = [i for i in played.incidents if i["severity"] != "low"]
    unexplained = [
        (i["kind"], i["columns"], str(begins(i))[:10], str(ends(i))[:10], i["message"])
        for i in grave
        if not any(fits(row, i) for row in told)
    ]
    assert len(grave) > 8
    assert unexplained == []


def test_whatever_the_page_says_was_found_was_found(played: Played, told: Rows) -> None:
    assert [row[:4] for row in told if not any(fits(row, i) for i in played.incidents)] == []
    assert {row[4].strip("*") for row in told} == {"real", "season", "weather"}


def test_the_summary_names_every_incident(played: Played) -> None:
    printed = " ".join(played.printed.split())
    for title in ("Open: ", "Performance drop, over: 3 incidents", "Data drift, over: "):
        assert title in printed
    lines = [line.split("  ") for line in played.printed.splitlines() if line.startswith("  ")]
    told = Counter(line[1] for line in lines if line[1] in SEVERITIES)
    assert told == Counter(i["severity"] for i in played.incidents)
    for column in {column for i in played.incidents for column in i["columns"][:1]}:
        assert f" {column}: " in printed
    assert printed.count("Accuracy fell from") == 3
    assert "Apr 0.8" in printed
    assert max(map(len, played.printed.splitlines())) <= 80 + len(str(played.folder))


def test_the_report_is_written(played: Played) -> None:
    page = (played.folder / "report.html").read_text(encoding="utf-8")
    assert "late-arrival needs attention" in page
    assert f"report: {played.folder.resolve() / 'report.html'}" in played.printed
    last = played.printed.partition("What to type next")[2]
    assert re.findall("^  (driftline [a-z]+)", last, re.MULTILINE) == [
        "driftline init",
        "driftline backtest",
        "driftline check",
    ]
