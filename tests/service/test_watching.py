"""What the owner of a watched model sees: windows, late labels, incidents, notices."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

if TYPE_CHECKING:
    from tests.service.conftest import World


def incidents_of(model: Any, kind: str) -> list[Any]:
    return [incident for incident in model["incidents"] if incident["kind"] == kind]


def span_ending(model: Any, end: str) -> Any:
    (found,) = [span for span in model["performance"] if span["end"].startswith(end)]
    return found


# Windows


def test_every_window_is_told_once_and_in_order_those_with_few_rows_too(world: World) -> None:
    sizes = {31: 0, 33: 7, 34: 19, 35: 20}
    world.live(range(38), rows=lambda day: sizes.get(day, 100))
    world.settle()
    for day in (32, 32, 36, 31, 38):
        windows = world.check(day).model["windows"]
    assert [window["rows"] for window in windows] == [100, 0, 100, 7, 19, 20, 100, 100]
    assert [window["status"] for window in windows] == [
        *("judged", "empty", "judged", "too_few_rows", "too_few_rows", "judged"),
        *("judged", "judged"),
    ]
    assert windows[0]["start"] == "2024-01-31T00:00:00Z"
    assert all(one["end"] == two["start"] for one, two in pairwise(windows))
    for window in windows:
        told = window["status"] == "judged"
        assert (window["p_value"] is not None) == told
        assert (window["method"] == "calibrated") == told
        assert bool(window["columns"]) == told


def test_windows_of_an_hour_and_of_a_week(world: World) -> None:
    world.live(range(43), rows=300)
    spans = {"current": "1d", "baseline": "7d"}
    world.settle(world.model(window="6h", performance=spans))
    windows = world.check(32).model["windows"]
    assert [window["start"][8:13] for window in windows] == [
        *("31T00", "31T06", "31T12", "31T18", "01T00", "01T06", "01T12", "01T18")
    ]
    world.forget()
    weeks = world.model(window="1w", performance={"current": "1w", "baseline": "2w"})
    world.settle(weeks)
    windows = world.check(43).model["windows"]
    assert [(w["start"][:10], w["rows"]) for w in windows] == [("2024-02-05", 2100)]
    assert windows[0]["method"] == "independent_rows"


# Labels


def test_a_span_is_judged_again_when_late_labels_come_and_the_first_judgement_is_kept(
    world: World,
) -> None:
    rows = world.live(range(38))
    hours = np.where(np.arange(len(rows)) % 3 == 0, 5 * 24, 4)
    rows["known_at"] = rows["timestamp"] + pd.to_timedelta(hours, unit="h")
    world.label(rows)
    world.settle(world.labelled())
    first = span_ending(world.check(34).model, "2024-02-04")
    for day in (35, 36, 37, 38):
        told = world.check(day).model
    newest = span_ending(told, "2024-02-04")
    assert (first["rows"], first["status"], newest["status"]) == (300, "judged", "judged")
    assert first["labelled"] < 200 < newest["labelled"]
    with world.store() as store:
        kept = store.performance("late-arrival", every_judgement=True)
    again = [result for result in kept if result.span.end == world.day(34)]
    assert [result.judged_at for result in again] == [world.day(n) for n in (34, 35, 37, 38)]
    assert [result.labelled for result in again] == sorted(result.labelled for result in again)
    assert again[0].labelled == first["labelled"]
    assert again[-1].labelled == newest["labelled"]


def test_labels_that_come_before_their_predictions_are_joined_when_these_come(
    world: World,
) -> None:
    rows = world.live(range(38))
    rows["known_at"] = rows["timestamp"] - timedelta(days=2)
    world.label(rows)
    world.settle(world.labelled())
    for day in range(33, 39):
        told = world.check(day)
    assert {span["labelled"] for span in told.model["performance"]} == {300}
    assert "200 labels without a known prediction" not in told.err
    assert span_ending(told.model, "2024-02-08")["metrics"]["accuracy"]["current"] == (
        pytest.approx((rows["late"] == rows["actual"]).tail(300).mean())
    )


def test_a_corrected_label_counts_and_a_repeated_one_changes_nothing(world: World) -> None:
    rows = world.live(range(36))
    rows["known_at"] = rows["timestamp"] + timedelta(hours=1)
    world.label(rows)
    world.settle(world.labelled())
    before = span_ending(world.check(34).model, "2024-02-03")["metrics"]["accuracy"]["current"]
    corrected = rows[rows["id"].str.startswith("32-")].assign(actual=lambda f: f["late"])
    corrected["known_at"] += timedelta(days=2)
    world.label(corrected, "corrected-")
    world.label(rows[rows["id"].str.startswith("31-")], "again-")
    after = span_ending(world.check(36).model, "2024-02-03")
    days = rows[rows["id"].str.split("-").str[0].astype(int).between(30, 32)]
    right = (days["late"] == days["actual"]) | days["id"].str.startswith("32-")
    assert after["labelled"] == 300
    assert after["metrics"]["accuracy"]["current"] == pytest.approx(right.mean())
    assert right.mean() > before


def test_labels_delivered_after_the_moment_they_carry_are_joined_all_the_same(
    world: World,
) -> None:
    rows = world.live(range(36))
    rows["known_at"] = rows["timestamp"]
    world.label(rows[rows["timestamp"] < world.day(33)])
    world.settle(world.labelled())
    assert span_ending(world.check(34).model, "2024-02-04")["labelled"] == 200
    world.label(rows)
    assert span_ending(world.check(34).model, "2024-02-04")["labelled"] == 300
    assert span_ending(world.check(35).model, "2024-02-05")["labelled"] == 300


def test_labels_delivered_weeks_after_the_moment_they_carry_are_joined_within_a_day(
    world: World,
) -> None:
    rows = world.live(range(50))
    rows["known_at"] = rows["timestamp"] + timedelta(hours=1)
    held = rows["timestamp"].between(world.day(31), world.day(34))
    world.label(rows[~held])
    labels = world.labelled()["labels"] | {"wait": "14d"}
    world.settle(world.labelled(window="6h", labels=labels))
    world.check(46)
    world.label(rows[held], "late-")
    assert span_ending(world.check(46).model, "2024-02-04T00")["labelled"] == 0
    told = world.check(world.day(46) + timedelta(hours=18)).model
    assert span_ending(told, "2024-02-04T00")["labelled"] == 0
    told = world.check(47).model
    oldest = world.day(46 - 14) + timedelta(hours=18)  # of windows before nothing is waited for
    assert span_ending(told, "2024-02-04T00")["labelled"] == (
        rows["timestamp"].between(oldest, world.day(34)).sum()
    )
    assert span_ending(told, "2024-02-06T00")["labelled"] == 300


def test_labels_beside_the_predictions_are_labels_and_no_feature(world: World) -> None:
    rows = world.live(range(36)).drop(columns="known_at")
    rows.to_parquet(world.folder / "all.parquet")
    model = world.labelled(labels={"source": "parquet", "path": "all.parquet"})
    model["labels"] |= {"id": "id", "label": "actual"}
    model["predictions"]["path"] = "all.parquet"
    world.settle(model)
    told = world.check(36).model
    assert {c["name"] for c in told["windows"][0]["columns"]} == {
        *("amount", "age", "plan", "late", "probability")
    }
    assert {span["labelled"] for span in told["performance"]} == {300}


def test_labels_may_be_added_taken_away_and_added_again(world: World) -> None:
    world.live(range(40))
    world.label()
    world.settle(world.model())
    assert world.check(34).model["performance"] == []
    world.settle(world.labelled())
    ends = [span["end"][8:10] for span in world.check(36).model["performance"]]
    assert ends == ["05", "06"]
    world.settle(world.model())
    world.check(38)
    world.settle(world.labelled())
    told = world.check(40).model
    assert [window["status"] for window in told["windows"]] == ["judged"] * 10
    newest = span_ending(told, "2024-02-10")
    replayed = world.run("backtest", "--json", "--to", world.day(40).isoformat()).model
    assert newest == span_ending(replayed, "2024-02-10")


# Settings


def test_history_is_kept_by_a_change_of_settings_unless_it_touches_the_reference(
    world: World,
) -> None:
    world.live(range(36))
    world.settle(world.model())
    first = world.check(34).model["windows"]
    calmer = world.model(alarms={"false_alarms": "1 per year"}, version="2")
    world.settle(calmer, channels=[{"kind": "stderr"}])
    kept = world.check(35).model["windows"]
    assert kept[:4] == first
    assert len(kept) == 5

    other = world.model(reference={"from": "2024-01-01", "to": "2024-02-02"})
    world.settle(other)
    anew = world.check(36).model["windows"]
    assert [window["start"][5:10] for window in anew] == ["02-02", "02-03", "02-04", "02-05"]


def test_incidents_of_the_old_reference_are_closed_and_opened_again_only_if_still_so(
    world: World,
) -> None:
    def changed(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        if day >= 32:
            frame["amount"] *= 3
        return frame.assign(age=30) if day >= 40 else frame

    world.live(range(45), changed)
    world.settle(channels=[{"kind": "stderr"}])
    told = world.check(42)
    assert [i["columns"] for i in told.model["incidents"] if i["state"] == "open"] == [
        ["amount"],
        ["age"],
    ]
    ignoring = world.model()
    ignoring["predictions"]["ignore"] = ["amount"]
    world.settle(ignoring, channels=[{"kind": "stderr"}])
    anew = world.check(43)
    by_column = {i["columns"][0]: i for i in anew.model["incidents"]}
    assert by_column["amount"]["state"] == "resolved"
    assert by_column["amount"]["resolved"] >= by_column["amount"]["opened"]
    assert "Closed when the reference was changed" in by_column["amount"]["facts"][-1]
    assert by_column["age"]["state"] == "open"
    assert anew.err == ""


# Incidents


def test_data_drift_opens_one_incident_that_names_the_column_and_ends_with_the_drift(
    world: World,
) -> None:
    def doubled(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        if 33 <= day < 40:
            frame["amount"] *= 1.5 if day < 36 else 8
        return frame

    world.live(range(52), doubled, rows=200)
    world.label()
    world.settle(world.labelled())
    for day in (33, 34, 35, 40, 52):
        told = world.check(day)
        states = [i["state"] for i in incidents_of(told.model, "data_drift")]
        assert states == {33: [], 52: ["resolved"]}.get(day, ["open"])
        assert told.code == (1 if "open" in states else 0)
    (incident,) = incidents_of(told.model, "data_drift")
    assert incident["columns"] == ["amount"]
    assert incident["opened"] == "2024-02-04T00:00:00Z"
    assert incident["since"] == "2024-02-03T00:00:00Z"
    assert incident["message"].startswith("amount: median ")
    assert any(f.startswith("Performance: no drop seen (Accuracy") for f in incident["facts"])
    assert incident["next_steps"]
    with world.store() as store:
        kinds = [event.kind for event in store.events(incident["id"])]
    assert kinds == ["opened", "worsened", "resolved"]


def test_prediction_drift_is_a_kind_of_its_own(world: World) -> None:
    def eager(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        if day >= 33:
            frame["probability"] = 0.5 + frame["probability"] / 2
            frame["late"] = 1
        return frame

    world.live(range(36), eager)
    world.settle(world.model(predictions=world.model()["predictions"] | {"score": "probability"}))
    told = world.check(36).model
    (incident,) = incidents_of(told, "prediction_drift")
    assert "probability" in incident["columns"]
    assert incidents_of(told, "data_drift") == []


def test_a_drop_in_performance_is_told_with_its_size_and_that_nothing_drifted(
    world: World,
) -> None:
    def fooled(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        if day >= 33:
            frame["actual"] = np.where(frame.index % 2, frame["actual"], 1 - frame["late"])
        return frame

    world.live(range(38), fooled, rows=200)
    world.label()
    world.settle(world.labelled())
    told = world.check(38)
    assert told.code == 1
    assert [incident["kind"] for incident in told.model["incidents"]] == ["performance"]
    (incident,) = told.model["incidents"]
    assert incident["severity"] == "critical"
    assert incident["message"].startswith("Accuracy fell from 0.8")
    assert "Drift: no column is in alarm" in incident["facts"]
    assert any(span["alarm"] for span in told.model["performance"])


def test_a_drop_that_lasts_stays_open_until_the_metric_is_back_and_tells_the_deepest(
    world: World,
) -> None:
    def fooled(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        if 33 <= day < 60:
            wrong = frame.index % (3 if 40 <= day < 44 else 4) == 0
            frame["actual"] = np.where(wrong, 1 - frame["late"], frame["actual"])
        return frame.assign(known_at=frame["timestamp"])

    world.live(range(66), fooled, rows=200)
    world.label()
    spans = {"current": "3d", "baseline": "8d", "drop": 0.1}
    world.settle(world.labelled(performance=spans))
    told = world.check(60)
    assert [span["alarm"] for span in told.model["performance"][-10:]] == [False] * 10
    (drop,) = incidents_of(told.model, "performance")
    assert (told.code, drop["state"], drop["metric"]) == (1, "open", "accuracy")
    threshold = 0.9 * drop["baseline"]
    current = {
        span["end"]: span["metrics"]["accuracy"]["current"] for span in told.model["performance"]
    }
    assert all(current[end] < threshold for end in current if end > drop["opened"])
    deepest = min(current.values())
    assert drop["magnitude"] == pytest.approx(1 - deepest / drop["baseline"])
    assert drop["message"] == drop["facts"][0]
    assert f" to {deepest:.3f} (" in drop["message"]
    assert " Feb 2024; " in drop["message"]

    told = world.check(66)
    (drop,) = incidents_of(told.model, "performance")
    assert drop["state"] == "resolved"
    assert drop["opened"] < "2024-02-08" < "2024-03-03" < drop["resolved"]


def test_drift_that_hurts_says_so_and_so_does_the_drop(world: World) -> None:
    def both(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        if day >= 33:
            frame["amount"] *= 4
            frame["actual"] = np.where(frame.index % 2, frame["actual"], 1 - frame["late"])
        return frame

    world.live(range(40), both, rows=200)
    world.label()
    world.settle(world.labelled())
    told = world.check(37).model
    (drift,) = incidents_of(told, "data_drift")
    (drop,) = incidents_of(told, "performance")
    assert any(fact.startswith("Performance: dropped too") for fact in drift["facts"])
    assert "Drift: amount in alarm at the same time" in drop["facts"]


def test_missing_values_and_new_categories_out_of_the_ordinary(world: World) -> None:
    def spoilt(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        if day >= 33:
            frame["age"] = frame["age"].astype(float).mask(frame.index < 30)
            frame["plan"] = frame["plan"].mask(frame.index > 80, "gold")
            frame["plan"] = frame["plan"].mask(frame.index > 96, "<trial>")
        return frame

    world.live(range(36), spoilt)
    world.settle()
    told = world.check(36).model
    assert {c for incident in told["incidents"] for c in incident["columns"]} == {"age", "plan"}
    facts = [fact for incident in told["incidents"] for fact in incident["facts"]]
    assert "age: 30.0\u202f% of rows have no value (reference 0\u202f%)" in facts
    (new,) = [fact for fact in facts if fact.startswith("plan: ")]
    assert new == (
        "plan: 19.0\u202f% of rows have a category never seen before: "
        '"gold" 16.0\u202f%, "<trial>" 3.0\u202f%'
    )
    (plan,) = [c for c in told["windows"][-1]["columns"] if c["name"] == "plan"]
    assert plan["newcomers"] == [
        {"category": "gold", "share": 0.16},
        {"category": "<trial>", "share": 0.03},
    ]
    assert [i["columns"] for i in incidents_of(told, "data_quality")] == [["age", "plan"]]


def test_a_window_that_lacks_rows_and_one_that_has_bad_columns_are_two_incidents_that_last(
    world: World,
) -> None:
    def broken(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        if day >= 31:
            frame = frame.drop(columns="age")
            frame["id"] = "same"
        return frame

    world.live(range(36), broken)
    world.settle()
    told = world.check(36).model
    assert sorted(incident["columns"] for incident in told["incidents"]) == [[], ["age"]]
    assert {incident["opened"] for incident in told["incidents"]} == {"2024-02-02T00:00:00Z"}


# Notices


def test_each_event_is_sent_once_to_each_channel_that_wants_its_severity(world: World) -> None:
    def doubled(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        if 33 <= day < 35:
            frame["amount"] *= 1.5 if day == 33 else 9
        return frame

    world.live(range(46), doubled, rows=200)
    loud = {"kind": "stderr", "name": "loud"}
    grave = {"kind": "stderr", "name": "grave", "min_severity": "high"}
    world.settle(channels=[loud, grave])
    told = [world.check(day).err for day in range(31, 47)]
    text = "".join(told)
    assert text.count("Data drift opened") >= 1
    with world.store() as store:
        (incident,) = store.incidents("late-arrival")
        events = store.events(incident.id)
        assert [event.kind for event in events] == ["opened", "worsened", "resolved"]
        assert store.outbox.counts() == {"sent": 5}
    assert incident.severity == "high"
    assert [text.count(f"Data drift {kind}") for kind in ("opened", "worsened", "resolved")] == [
        *(2, 4, 4)
    ]
    assert world.check(46).err == ""


def test_a_backtest_sends_nothing(world: World) -> None:
    world.live(range(40), lambda day, f: f.assign(amount=f["amount"] * (5 if day > 33 else 1)))
    world.settle(channels=[{"kind": "stderr"}])
    answer = world.run("backtest", "--json")
    assert (answer.code, answer.err) == (1, "")
    assert len(answer.model["incidents"]) == 1


# What is ordinary


def test_weekends_without_rows_are_no_fault_where_the_reference_has_none_and_a_lost_monday_is(
    world: World,
) -> None:
    def busy(day: int) -> int:
        return 0 if day % 7 > 4 or day == 49 else 100

    world.live(range(52), rows=busy)
    world.settle()
    told = world.check(52).model
    assert [w["start"][5:10] for w in told["windows"] if w["status"] == "empty"] == [
        *("02-03", "02-04", "02-10", "02-11", "02-17", "02-18", "02-19")
    ]
    assert [w["start"][5:10] for w in told["windows"] if w["faults"]] == ["02-19"]
    assert [i["opened"][5:10] for i in told["incidents"]] == ["02-20"]


def test_nights_without_rows_are_no_fault_where_the_reference_has_none(world: World) -> None:
    def by_day(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        hour = frame["timestamp"].dt.hour
        awake: pd.DataFrame = frame[(hour >= 6) & (hour < (12 if day == 31 else 18))]
        return awake

    world.live(range(34), by_day, rows=400)
    spans = {"current": "1d", "baseline": "7d"}
    world.settle(world.model(window="6h", performance=spans))
    told = world.check(34).model
    assert [w["start"][5:13] for w in told["windows"] if w["faults"]] == ["02-01T12"]
    assert [w["status"] for w in told["windows"]].count("empty") == 9


def test_a_feed_that_stops_does_not_end_the_incidents_about_its_columns(world: World) -> None:
    def spoilt(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        if day >= 33:
            frame["age"] = frame["age"].astype(float).mask(frame.index < 30)
        return frame if day < 36 else frame.iloc[:0]

    world.live(range(42), spoilt)
    world.settle()
    told = world.check(42).model
    states = {tuple(i["columns"]): i["state"] for i in incidents_of(told, "data_quality")}
    assert states == {("age",): "open", (): "open"}
