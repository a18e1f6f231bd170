"""The Python interface as its user meets it: frames of every kind in, one answer out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pyarrow as pa
import pytest

import driftline as dl
from driftline.reference import total_of

COLUMNS = {"age", "income", "carrier"}


def rows(seed: int, days: int = 1, per_day: int = 200, age: float = 40.0) -> pd.DataFrame:
    """Some days of people; the mean income of a day varies, and with it that of all its rows."""
    random = np.random.default_rng(seed)
    size = days * per_day
    day = np.repeat(np.arange(days), per_day)
    return pd.DataFrame(
        {
            "ts": pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(day, unit="D"),
            "age": random.normal(age, 10, size).round(1),
            "income": random.lognormal(10, 0.5, size) * (1 + 0.1 * random.normal(size=days))[day],
            "carrier": random.choice(["AA", "DL", "UA"], size),
        }
    )


def as_mapping(frame: pd.DataFrame) -> dict[str, Any]:
    return {str(name): frame[name].to_numpy() for name in frame.columns}


@pytest.fixture(scope="module")
def train() -> pd.DataFrame:
    return rows(1, days=40)


@pytest.fixture(scope="module")
def reference(train: pd.DataFrame) -> dl.Reference:
    return dl.Reference.fit(train, timestamp="ts", categorical=["carrier"])


def test_two_frames_are_compared_and_the_drifted_column_is_named() -> None:
    train, today = rows(1).drop(columns="ts"), rows(2, age=47).drop(columns="ts")
    comparison = dl.compare(train, today)
    assert comparison.drifted is True
    assert {name for name, column in comparison.columns.items() if column.drifted} == {"age"}
    age = comparison.columns["age"]
    assert next(iter(comparison.columns)) == "age"
    assert age.statistic == "kolmogorov_smirnov"
    assert age.p_value < 0.001
    assert 0.1 < age.effect < 0.5
    assert age.value == age.effect
    assert age.missing == 0.0
    assert dl.compare(train, rows(3).drop(columns="ts")).drifted is False
    assert str(comparison).startswith("drifted: age (3 columns; rows taken as independent")


@pytest.mark.parametrize("form", [pa.Table.from_pandas, as_mapping, pd.DataFrame.copy])
def test_every_kind_of_frame_gives_the_same_answer(form: Any) -> None:
    train, today = rows(1).drop(columns="ts"), rows(2, age=47).drop(columns="ts")
    expected = dl.compare(train, today).to_dict()
    assert dl.compare(form(train), form(today)).to_dict() == expected
    assert dl.compare(dl.Reference.fit(form(train)), today).to_dict()["columns"][0]["name"] == "age"


def test_whatever_exports_arrow_is_a_frame() -> None:
    class Exporter:
        def __init__(self, table: pa.Table) -> None:
            self._table = table

        def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
            return self._table.__arrow_c_stream__(requested_schema)

    train = rows(1).drop(columns="ts")
    exported = Exporter(pa.Table.from_pandas(train))
    assert dl.compare(exported, exported).to_dict() == dl.compare(train, train).to_dict()


def test_with_enough_windows_the_verdict_is_calibrated_on_them(
    reference: dl.Reference, train: pd.DataFrame
) -> None:
    assert len(reference.windows) == 40
    today = rows(5)
    comparison = dl.compare(reference, today)
    assert comparison.verdict.method == "calibrated"
    assert comparison.verdict.note.startswith("calibrated on the reference's own 40 windows")
    assert set(comparison.columns) == COLUMNS

    richer = today.assign(income=today["income"] * 1.15)
    assert dl.compare(reference, richer).columns["income"].drifted is False
    independent = dl.compare(train.drop(columns="ts"), richer.drop(columns="ts"))
    assert independent.verdict.method == "independent_rows"
    assert independent.columns["income"].drifted is True

    older = dl.compare(reference, rows(5, age=55))
    assert [column.name for column in older.verdict.blamed] == ["age"]


@pytest.mark.parametrize("days", [1, 3, 30])
def test_several_days_are_judged_together(reference: dl.Reference, days: int) -> None:
    assert dl.compare(reference, rows(6, days=days)).drifted is False
    older = dl.compare(reference, rows(7, days=days, age=50))
    assert older.drifted is True
    assert older.current.rows == 200 * days


@pytest.mark.parametrize("days", [1, 2, 3, 7])
@pytest.mark.parametrize("late", [False, True], ids=["the first day", "the last day"])
def test_a_fault_of_one_day_is_seen_among_the_others(
    reference: dl.Reference, days: int, late: bool
) -> None:
    current = rows(8, days=days)
    bad = current["ts"] == (current["ts"].max() if late else current["ts"].min())
    dead = dl.compare(reference, current.assign(carrier=current["carrier"].mask(bad)))
    assert [column.name for column in dead.verdict.blamed] == ["carrier"]
    assert dead.columns["carrier"].statistic == "missing_share"
    assert dead.columns["carrier"].effect == 1.0
    assert dead.columns["carrier"].missing == pytest.approx(1 / days)
    if days > 1:
        assert f"in alarm by itself: {days if late else 1} Jan 2024" in str(dead)
    unit = current["income"].mask(bad, current["income"] * 1000)
    other = dl.compare(reference, current.assign(income=unit))
    assert [column.name for column in other.verdict.blamed] == ["income"]


def test_many_honest_comparisons_of_several_days_are_seldom_drift(reference: dl.Reference) -> None:
    found = [dl.compare(reference, rows(100 + i, days=7)).drifted for i in range(30)]
    assert sum(found) <= 3


def with_weekends(seed: int, days: int, age: float = 40.0) -> pd.DataFrame:
    """Guests are 20 years older on Saturdays and Sundays; the first day is a Monday."""
    frame = rows(seed, days=days, age=age)
    return frame.assign(age=frame["age"] + 20 * (frame["ts"].dt.day_of_week >= 5))


def test_a_weekend_is_no_drift_and_hides_none() -> None:
    reference = dl.Reference.fit(with_weekends(1, days=56), timestamp="ts")
    week = [with_weekends(50 + i, days=7) for i in range(5)]
    alike = [dl.compare(reference, one).drifted for one in week]
    alone = [dl.compare(reference, one[one["ts"].dt.day_of_week == 5]).drifted for one in week]
    assert sum(alike) <= 1
    assert sum(alone) <= 1
    older = dl.compare(reference, with_weekends(3, days=5, age=44))
    assert [column.name for column in older.verdict.blamed] == ["age"]


def test_fewer_than_twenty_windows_or_no_timestamp_are_taken_as_independent_rows() -> None:
    short = dl.Reference.fit(rows(1, days=19), timestamp="ts")
    assert dl.compare(short, rows(2)).verdict.method == "independent_rows"
    small = dl.Reference.fit(rows(1, days=30, per_day=10), timestamp="ts")
    assert small.windows == {}
    assert dl.compare(small, rows(2)).verdict.method == "independent_rows"


def test_profiles_of_a_reference_add(reference: dl.Reference) -> None:
    one, two = rows(8), rows(9)
    assert reference.profile(one) + reference.profile(two) == reference.profile(
        pd.concat([one, two])
    )


def test_a_reference_is_saved_and_loaded_and_answers_the_same(
    reference: dl.Reference, tmp_path: Path
) -> None:
    reference.save(tmp_path / "reference")
    loaded = dl.Reference.load(tmp_path / "reference")
    assert loaded.fingerprint == reference.fingerprint
    assert total_of(reference.to_bytes()) == reference.total
    today = rows(10, age=44)
    assert dl.compare(loaded, today).to_dict() == dl.compare(reference, today).to_dict()


def test_a_damaged_or_missing_reference_is_told(reference: dl.Reference, tmp_path: Path) -> None:
    path = tmp_path / "reference"
    with pytest.raises(dl.DataError, match=r"cannot read the reference .*No such file"):
        dl.Reference.load(path)
    blob = reference.to_bytes()
    for wrong in (
        b"",
        b"These are notes.",
        blob[:-20],
        blob[:100] + bytes([blob[100] ^ 1]) + blob[101:],
    ):
        path.write_bytes(wrong)
        with pytest.raises(dl.ProfileError):
            dl.Reference.load(path)


def test_a_reference_that_cannot_be_written_is_told(
    reference: dl.Reference, tmp_path: Path
) -> None:
    with pytest.raises(dl.DataError, match="cannot write the reference"):
        reference.save(tmp_path / "no" / "such" / "folder")


def test_the_answer_as_a_dictionary_is_json_and_as_a_frame_has_a_row_a_column() -> None:
    comparison = dl.compare(rows(1), rows(2, age=47).assign(income=None), ignore=["ts"])
    told = comparison.to_dict()
    read = json.loads(json.dumps(told, allow_nan=False))
    assert [column["name"] for column in read["columns"]] == list(comparison.columns)
    assert (read["drifted"], told["drifted"]) == (True, True)
    assert told["rows"] == {"reference": 200, "current": 200}
    frame = comparison.to_frame()
    assert list(frame.index) == list(comparison.columns)
    assert frame.loc["age", "drifted"]
    assert frame.loc["income", "missing"] == 1.0
    assert {"statistic", "value", "p_value", "effect"} <= set(frame.columns)


def test_show_draws_the_most_blamed_column_or_the_one_asked_for() -> None:
    comparison = dl.compare(rows(1), rows(2, age=47), ignore=["ts"])
    figure = comparison.show()
    assert isinstance(figure, go.Figure)
    assert len(figure.data) >= 2
    assert "age" in json.dumps(figure.to_dict()["layout"], default=str)
    assert isinstance(comparison.show("carrier"), go.Figure)
    with pytest.raises(dl.DataError, match='no column "carier" was compared; did you mean "carr'):
        comparison.show("carier")


def test_every_statistic_of_every_column_is_at_hand() -> None:
    found = dl.compare(rows(1), rows(2), ignore=["ts"]).statistics
    assert set(found) == COLUMNS
    assert {"psi", "wasserstein", "kolmogorov_smirnov"} <= set(found["age"])
    assert {"psi", "chi_squared", "jensen_shannon"} <= set(found["carrier"])


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda t: dl.compare(t, t.head(0)), "current has no rows"),
        (lambda t: dl.compare(t.head(0), t), "reference has no rows"),
        (
            lambda t: dl.compare(t, {"aeg": np.arange(5)}),
            r'"age" \(did you mean "aeg"\?\), "income"',
        ),
        (lambda t: dl.compare(t, 7), "cannot read a int as a table"),
        (lambda t: dl.compare(t, {"age": np.arange(3), "x": [1]}), "same length"),
        (lambda t: dl.Reference.fit(t, timestamp="st"), 'no column "st"; did you mean "ts"'),
        (lambda t: dl.Reference.fit(t, categorical=["carier"]), 'did you mean "carrier"'),
        (lambda t: dl.Reference.fit(t, timestamp="age"), "must hold timestamps"),
        (lambda t: dl.Reference.fit(t, window="1 day"), 'found "1 day"'),
        (lambda t: dl.Reference.fit(t[["ts"]]), "no column that can be compared"),
        (
            lambda t: dl.compare(dl.Reference.fit(t), t, timestamp="ts"),
            "belong to Reference.fit",
        ),
    ],
)
def test_errors_say_what_was_found_and_what_to_do(call: Any, told: str) -> None:
    with pytest.raises(dl.DataError, match=told):
        call(rows(1))


def test_a_calibrated_comparison_without_its_timestamp_is_told(reference: dl.Reference) -> None:
    with pytest.raises(dl.ColumnError, match='no column "ts"'):
        dl.compare(reference, rows(2).drop(columns="ts"))


def test_a_missing_column_is_an_alarm_and_the_others_are_compared(reference: dl.Reference) -> None:
    comparison = dl.compare(reference, rows(2).drop(columns="income"))
    assert comparison.columns["income"].drifted
    assert comparison.columns["income"].missing == 1.0
    assert not comparison.columns["age"].drifted


def test_a_running_number_is_left_out_with_a_reason_unless_it_is_named() -> None:
    def numbered(seed: int, days: int, first: int) -> pd.DataFrame:
        frame = rows(seed, days=days)
        frame["ts"] += pd.Timedelta(minutes=1) * (frame.index % 200)
        noise = np.random.default_rng(seed).normal(size=len(frame))
        rising = 20 + (first + frame.index) / 1000 + noise
        return frame.assign(order=first + frame.index, rising=rising)

    train, today = numbered(1, 30, 1000), numbered(2, 1, 7000)
    comparison = dl.compare(train, today, timestamp="ts")
    assert set(comparison.columns) == COLUMNS | {"rising"}
    assert set(comparison.left_out) == {"order"} == set(comparison.to_dict()["left_out"])
    assert "all 6,000 differ" in comparison.left_out["order"]
    assert str(comparison).endswith("; left out: order)")

    kept = dl.compare(train, today, timestamp="ts", features=["order", "age"])
    assert (set(kept.columns), dict(kept.left_out)) == ({"order", "age"}, {})
    told = {column["name"]: column["reason"] for column in kept.to_dict()["columns"]}
    assert kept.columns["order"].drifted or "threshold" in told["order"]
    with pytest.raises(dl.ColumnError, match='ignore: no column "aeg"; did you mean "age"'):
        dl.compare(train, today, ignore=["aeg"])


def test_a_comparison_is_short_in_a_console_and_a_table_in_a_notebook() -> None:
    rows = pd.DataFrame({"x<b>": np.arange(500.0), "y": np.arange(500) % 7})
    found = dl.compare(rows, rows)
    assert repr(found) == f"<Comparison: {found}>"
    assert len(repr(found)) < 500
    page = found._repr_html_()
    assert "x&lt;b&gt;" in page
    assert "<b>" not in page.replace("<br>", "")
    assert page.count("<tr") == 4


def test_new_categories_are_named(reference: dl.Reference) -> None:
    today = rows(5).assign(carrier=["ZZ"] * 30 + ["AA"] * 170)
    carrier = dl.compare(reference, today).columns["carrier"]
    assert carrier.newcomers == (("ZZ", 0.15),)
    assert dl.compare(reference, rows(6)).columns["carrier"].newcomers == ()
