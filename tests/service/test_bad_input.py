"""Bad input: a clear message, nothing lost, everything else still judged. See `run_command`: no
command of these tests may show a traceback."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

if TYPE_CHECKING:
    from tests.service.conftest import Answer, World

Change = Callable[[pd.DataFrame], pd.DataFrame]
LAST = 33
"""The last of the days 0 to 33; 30 to 33 are watched, the earlier ones are the reference."""


def from_day(number: int, change: Change) -> Callable[[int, pd.DataFrame], pd.DataFrame]:
    return lambda day, frame: change(frame) if day >= number else frame


def on_day(number: int, change: Change) -> Callable[[int, pd.DataFrame], pd.DataFrame]:
    return lambda day, frame: change(frame) if day == number else frame


def told_of(window: Any) -> list[tuple[str, str | None, str]]:
    return [(fault["code"], fault["column"], fault["message"]) for fault in window["faults"]]


def compared(window: Any) -> set[str]:
    return {column["name"] for column in window["columns"]}


ALL = {"amount", "age", "plan", "late", "probability"}


def assert_judged(answer: Answer, windows: int = 4) -> None:
    """All windows were judged, over every column."""
    assert answer.code in (0, 1), answer.err
    found = answer.model["windows"]
    assert [window["status"] for window in found] == ["judged"] * windows
    assert all(compared(window) == ALL for window in found)


# Files


def test_an_empty_file_among_others_changes_nothing(world: World) -> None:
    world.live(range(LAST + 1))
    (world.predictions / "empty.parquet").touch()
    world.settle()
    answer = world.run("backtest", "--json")
    assert_judged(answer)
    assert answer.code == 0
    assert all(window["faults"] == [] for window in answer.model["windows"])


def test_a_day_whose_file_is_empty_has_no_rows_and_says_which_file_is_empty(world: World) -> None:
    world.live(range(LAST + 1))
    world.file(32).write_bytes(b"")
    world.settle()
    answer = world.run("backtest", "--json")
    window = answer.model["windows"][2]
    assert (window["status"], window["rows"], window["alarm"]) == ("empty", 0, False)
    assert [code for code, _, _ in told_of(window)] == ["no_rows", "empty_source"]
    assert f"{world.file(32)}: the file is empty" in told_of(window)[1][2]
    assert [w["status"] for w in answer.model["windows"]] == ["judged", "judged", "empty", "judged"]
    assert [i["kind"] for i in answer.model["incidents"]] == ["data_quality"]


@pytest.mark.parametrize("content", [b"", None], ids=["0 bytes", "0 rows"])
def test_no_row_at_all_is_an_error_that_names_the_file(world: World, content: bytes | None) -> None:
    world.live(range(1))
    if content is None:
        pd.read_parquet(world.file(0)).head(0).to_parquet(world.file(0))
    else:
        world.file(0).write_bytes(content)
    world.settle()
    for answer in (world.run("backtest", "--json"), world.check(2)):
        assert answer.code == 2
        assert f"{world.predictions} has no rows ({world.file(0)}: the file" in answer.err
        assert answer.model["windows"] == []


def test_a_reference_without_rows_says_which_span_the_data_has(world: World) -> None:
    world.live(range(3))
    world.settle(world.model(reference={"from": "2023-01-01", "to": "2023-02-01"}))
    answer = world.check(3)
    assert answer.code == 2
    assert "in the reference 2023-01-01T00:00:00Z to 2023-02-01T00:00:00Z" in answer.err
    assert "the data spans 2024-01-01T00:" in answer.err


@pytest.mark.parametrize("day", [12, 32], ids=["in the reference", "in a watched day"])
@pytest.mark.parametrize("where", ["whole", "end", "middle"])
def test_one_corrupt_file_among_many_is_named_and_the_rest_is_judged(
    world: World, day: int, where: str
) -> None:
    world.live(range(LAST + 1), rows=400)
    intact = world.file(day).read_bytes()
    half = len(intact) // 2
    broken = {
        "whole": b"PAR1 no parquet at all PAR1",
        "end": intact[:half],
        "middle": intact[:200] + b"\xff" * 600 + intact[800:],
    }
    world.file(day).write_bytes(broken[where])
    world.settle()
    answer = world.run("backtest", "--json")
    assert answer.code in (0, 1)
    assert str(world.file(day)) in answer.out + answer.err
    statuses = ["judged"] * 4
    if day == 32:
        statuses[2] = "empty"
        assert ("unreadable_source", None) in [
            told[:2] for told in told_of(answer.model["windows"][2])
        ]
    assert [window["status"] for window in answer.model["windows"]] == statuses


def test_a_folder_of_which_no_file_can_be_read_is_an_error_and_never_no_rows(world: World) -> None:
    world.live(range(32))
    world.settle()
    world.check(31)
    for file in world.predictions.iterdir():
        file.write_bytes(b"junk")
    answer = world.check(32)
    assert answer.code == 2
    assert "half-written or damaged" in answer.err
    assert [window["rows"] for window in answer.model["windows"]] == [100]
    world.live(range(32))
    assert [window["rows"] for window in world.check(32).model["windows"]] == [100, 100]


def test_a_folder_that_does_not_exist_is_named(world: World) -> None:
    world.settle()
    for answer in (world.run("backtest", "--json"), world.check(2)):
        assert answer.code == 2
        assert f"no such file or folder: {world.predictions}" in answer.err


def test_csv_files_where_parquet_was_said_are_told_and_read_when_said(world: World) -> None:
    rows = world.live(range(LAST + 1)).drop(columns=["actual", "known_at"])
    rows.to_csv(world.folder / "all.csv", index=False)
    wrong = world.model()
    wrong["predictions"]["path"] = "all.csv"
    world.settle(wrong)
    answer = world.run("backtest", "--json")
    assert answer.code == 2
    assert f"{world.folder / 'all.csv'}: cannot be read, half-written or damaged" in answer.err

    in_parquet = world.run_settled(world.model())
    as_csv = world.model()
    as_csv["predictions"] |= {"source": "csv", "path": "all.csv"}
    assert world.run_settled(as_csv).model["windows"] == in_parquet.model["windows"]


# Columns


def test_every_column_that_is_misspelt_is_named_at_once(world: World) -> None:
    rows = world.live(range(31))
    world.label(rows)
    model = world.labelled()
    model["predictions"] |= {"timestamp": "timestmp", "prediction": "lat", "ignore": ["agee"]}
    model["labels"]["label"] = "actul"
    world.settle(model)
    answer = world.run("config check")
    assert answer.code == 2
    told = " ".join(answer.err.split())
    names = ("timestmp", "lat", "agee", "actul")
    assert all(re.search(rf'"{name}"(;| \() ?did you mean', told) for name in names), told


@pytest.mark.parametrize("key", ["timestamp", "prediction", "score", "id"])
def test_a_misspelt_column_with_a_part_to_play_is_named_with_the_nearest(
    world: World, key: str
) -> None:
    world.live(range(31))
    world.label()
    right = world.labelled()["predictions"][key]
    model = world.labelled()
    model["predictions"][key] = f"{right}x"
    world.settle(model)
    for answer in (world.run("backtest", "--json"), world.check(31), world.run("config check")):
        assert answer.code == 2
        assert f'no column "{right}x"; did you mean "{right}"?' in answer.err


def test_a_misspelt_feature_is_named_with_the_nearest_and_the_others_are_judged(
    world: World,
) -> None:
    world.live(range(LAST + 1))
    model = world.model()
    model["predictions"] |= {"features": ["amont", "age", "plan"], "categorical": ["plam"]}
    world.settle(model)
    answer = world.run("backtest", "--json")
    assert [window["status"] for window in answer.model["windows"]] == ["judged"] * 4
    assert compared(answer.model["windows"][0]) == {"age", "plan", "late", "probability"}
    assert answer.model["left_out"] == {
        "amont": 'the reference has no such column; did you mean "amount"?',
        "plam": 'the reference has no such column; did you mean "plan"?',
    }
    assert 'amont is left out: the reference has no such column; did you mean "amount"?' in (
        answer.err
    )


def test_a_column_that_goes_missing_or_is_renamed_is_named_with_the_nearest(world: World) -> None:
    world.live(range(LAST + 1), from_day(32, lambda f: f.rename(columns={"amount": "amounts"})))
    world.settle()
    answer = world.run("backtest", "--json")
    assert_judged(answer)
    told = 'amount: no such column in the data; did you mean "amounts"?'
    windows = answer.model["windows"]
    assert [told_of(window) for window in windows] == [
        *([], []),
        *([[("missing_column", "amount", told)]] * 2),
    ]
    (incident,) = answer.model["incidents"]
    assert (incident["kind"], incident["columns"]) == ("data_quality", ["amount"])


def test_a_file_without_ids_is_judged_and_told_though_its_labels_cannot_be_joined(
    world: World,
) -> None:
    world.live(range(LAST + 1), on_day(32, lambda frame: frame.drop(columns="id")))
    world.label(pd.concat(world.written[:32]))
    world.settle(world.labelled())
    answer = world.run("backtest", "--json")
    assert_judged(answer)
    assert [told_of(window) for window in answer.model["windows"]] == [
        *([], []),
        [("missing_column", None, f'{world.file(32)}: no column "id"')],
        [],
    ]


def test_a_column_that_is_null_throughout_is_left_out_of_a_reference_and_an_alarm_later(
    world: World,
) -> None:
    world.live(range(LAST + 1), lambda day, f: f.assign(**{"age" if day < 30 else "plan": None}))
    world.settle()
    answer = world.run("backtest", "--json")
    assert answer.code == 1
    assert answer.model["left_out"] == {"age": "no values"}
    assert "late-arrival: age is left out: no values" in answer.err
    for window in answer.model["windows"]:
        worst = window["columns"][0]
        assert (worst["name"], worst["alarm"], worst["missing"]) == ("plan", True, 1.0)
        assert compared(window) == ALL - {"age"}
    assert [(i["kind"], i["columns"]) for i in answer.model["incidents"]] == [
        ("data_quality", ["plan"])
    ]


def test_null_columns_are_judged_without_a_calibration_too(world: World) -> None:
    world.live(range(8), from_day(5, lambda frame: frame.assign(age=None, plan=np.nan)))
    world.settle(world.model(reference={"from": "2024-01-01", "to": "2024-01-05"}))
    windows = world.run("backtest", "--json").model["windows"]
    assert {window["method"] for window in windows} == {"independent_rows"}
    blamed = [{c["name"] for c in window["columns"] if c["alarm"]} for window in windows]
    assert blamed == [set(), *([{"age", "plan"}] * 3)]


def test_a_constant_column_is_no_fault_where_it_always_was_and_one_where_it_becomes_so(
    world: World,
) -> None:
    world.live(
        range(LAST + 1),
        lambda day, f: f.assign(plan="plus", age=30 if day >= 32 else f["age"]),
    )
    world.settle()
    answer = world.run("backtest", "--json")
    assert_judged(answer)
    told = "age: one value, 30, in all 100 rows; the reference always varies"
    assert [told_of(window) for window in answer.model["windows"]] == [
        *([], []),
        *([[("stuck_column", "age", told)]] * 2),
    ]


def test_a_column_that_is_stuck_between_two_points_of_its_grid_is_told_with_its_value(
    world: World,
) -> None:
    stuck: dict[int, Any] = {32: 17.53, 33: lambda f: 17.5 + 1e-5 * f.index}
    world.live(
        range(LAST + 1),
        lambda day, f: f.assign(amount=stuck.get(day, f["amount"])),
    )
    world.settle()
    answer = world.run("backtest", "--json")
    told = "amount: one value, 17.53, in all 100 rows; the reference always varies"
    assert [told_of(window) for window in answer.model["windows"]][2:] == [
        [("stuck_column", "amount", told)],
        [],
    ]


def test_missing_and_infinite_values_of_one_column_are_both_told(
    world: World, driftline: Callable[..., Answer]
) -> None:
    def spoilt(frame: pd.DataFrame) -> pd.DataFrame:
        amount = (
            frame["amount"].mask(frame.index % 4 == 0, np.nan).mask(frame.index % 2 == 1, np.inf)
        )
        return frame.assign(amount=amount, age=frame["age"].astype(str) + " years")

    world.live(range(LAST + 1), on_day(32, spoilt))
    world.settle()
    (incident,) = world.run("backtest", "--json").model["incidents"]
    facts = " ".join(incident["facts"])
    assert "amount: 25.0 % of rows have no value" in facts
    assert "amount: 50 infinite values" in facts
    answer = driftline("compare", str(world.file(31)), str(world.file(32)))
    assert "amount: 50 infinite values; the reference has none" in answer.out
    assert "age: 100 % of rows hold something that is no number, such as text" in answer.out


@pytest.mark.parametrize("day", [12, 32], ids=["in the reference", "in a watched day"])
def test_text_among_numbers_and_numbers_among_text_stop_no_other_column(
    world: World, day: int
) -> None:
    def mixed(frame: pd.DataFrame) -> pd.DataFrame:
        some = frame.index > 20
        age = frame["age"].astype(str).where(some, "old")
        return frame.assign(age=age, plan=np.arange(len(frame)))

    world.live(range(LAST + 1), on_day(day, mixed))
    world.settle()
    answer = world.run("backtest", "--json")
    assert_judged(answer)
    faults = [told_of(window) for window in answer.model["windows"]]
    told = "age: 21.0\u202f% of rows hold something that is no number, such as text"
    assert faults[2] == ([("wrong_type", "age", told)] if day == 32 else [])
    assert faults[:2] == [[], []]


def test_nan_counts_as_missing_and_infinities_are_told(world: World) -> None:
    def spoilt(frame: pd.DataFrame) -> pd.DataFrame:
        amount = frame["amount"].mask(frame.index < 10, np.nan).mask(frame.index == 11, np.inf)
        return frame.assign(amount=amount.mask(frame.index == 12, -np.inf))

    world.live(range(LAST + 1), on_day(32, spoilt))
    world.settle()
    answer = world.run("backtest", "--json")
    assert_judged(answer)
    window = answer.model["windows"][2]
    told = "amount: 2 infinite values; the reference has none"
    assert told_of(window) == [("infinite_values", "amount", told)]
    assert {c["name"]: c["missing"] for c in window["columns"]}["amount"] == 0.1


def test_lists_and_times_are_left_out_with_a_reason(world: World) -> None:
    def odd(_: int, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(tags=pd.Series([[1, 2]] * len(frame)), seen=frame["timestamp"])

    world.live(range(31), odd)
    world.settle()
    told = world.run("backtest", "--json").model
    assert {name: why.partition(" of type ")[0] for name, why in told["left_out"].items()} == {
        "tags": "a column",
        "seen": "a column",
    }
    assert told["windows"][0]["status"] == "judged"


@pytest.mark.parametrize("named", [False, True])
def test_a_running_number_is_left_out_of_a_reference_unless_it_is_named(
    world: World, named: bool
) -> None:
    world.live(range(32), lambda day, f: f.assign(order=np.arange(len(f)) + 100 * day))
    model = world.model()
    if named:
        model["predictions"]["features"] = ["order", "amount"]
    world.settle(model)
    answer = world.run("backtest", "--json")
    assert set(answer.model["left_out"]) == (set() if named else {"order"})
    assert ("order is left out: looks like a running number" in answer.err) is not named
    assert ("order" in compared(answer.model["windows"][0])) is named


# Moments


def test_moments_without_a_zone_and_out_of_order_are_utc(world: World) -> None:
    world.live(range(LAST + 1))
    world.settle()
    plain = world.run("backtest", "--json").model

    def odd(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        if day % 2:
            frame["timestamp"] = frame["timestamp"].dt.tz_localize(None)
        if day % 3 == 1:
            frame["timestamp"] = frame["timestamp"].astype(str)
        return frame.sample(frac=1, random_state=day)

    world.live(range(LAST + 1), odd)
    assert world.run("backtest", "--json").model == plain


def test_rows_without_a_readable_moment_are_counted_and_told(world: World) -> None:
    def spoilt(frame: pd.DataFrame) -> pd.DataFrame:
        moment = frame["timestamp"].astype(str)
        return frame.assign(timestamp=moment.where(frame.index > 3, "yesterday"))

    world.live(range(LAST + 1), on_day(32, spoilt))
    world.settle()
    answer = world.run("backtest", "--json")
    assert_judged(answer)
    assert [window["rows"] for window in answer.model["windows"]] == [100, 100, 96, 100]
    ((code, column, message),) = told_of(answer.model["windows"][2])
    assert (code, column) == ("bad_timestamps", None)
    assert message.startswith(f"{world.file(32)}: 4 rows left out")
    assert '(such as "yesterday")' in message


def test_numbers_as_moments_are_refused_with_what_is_allowed(world: World) -> None:
    world.live(range(2), lambda _, f: f.assign(timestamp=np.arange(len(f))))
    world.settle()
    answer = world.check(2)
    assert answer.code == 2
    assert "must hold timestamps, dates or ISO 8601 text; found int64" in answer.err


# Ids and labels


def test_repeated_and_missing_ids_are_counted(world: World) -> None:
    def spoilt(frame: pd.DataFrame) -> pd.DataFrame:
        ids = frame["id"].where(frame.index > 5, "same").mask(frame.index > 89)
        return frame.assign(id=ids)

    world.live(range(LAST + 1), on_day(32, spoilt))
    world.label()
    world.settle(world.labelled())
    answer = world.run("backtest", "--json")
    assert_judged(answer)
    assert [told[::2] for told in told_of(answer.model["windows"][2])] == [
        ("duplicate_ids", "5 of 100 rows repeat an id of the same window"),
        ("missing_ids", "10 rows of 100 without an id: no label can be joined"),
    ]
    world.settle(world.model())
    codes = [told[0] for told in told_of(world.run("backtest", "--json").model["windows"][2])]
    assert codes == ["duplicate_ids"]


def test_labels_for_unknown_predictions_are_told_and_the_others_joined(world: World) -> None:
    rows = world.live(range(LAST + 1))
    world.settle(world.labelled())
    world.label()
    right = world.run("backtest", "--json")
    assert "without a known prediction" not in right.err
    strays = rows.tail(30).assign(id=lambda f: "stray-" + f["id"])
    world.label(strays, "strays-")
    answer = world.run("backtest", "--json")
    assert '30 labels without a known prediction (such as "stray-' in answer.err
    assert answer.found == right.found

    world.label(rows.assign(id=lambda f: "other-" + f["id"]))
    answer = world.run("backtest", "--json")
    assert "do labels and predictions name them alike?" in answer.err
    assert {span["labelled"] for span in answer.model["performance"]} == {0}


def test_labels_that_cannot_be_read_stop_no_window_and_are_joined_when_they_can(
    world: World,
) -> None:
    world.live(range(40))
    world.settle(world.labelled())
    answer = world.check(36)
    assert answer.code == 2
    assert f"no such file or folder: {world.labels}" in answer.err
    assert [window["status"] for window in answer.model["windows"]] == ["judged"] * 6
    assert {span["labelled"] for span in answer.model["performance"]} == {0}
    world.label()
    joined = world.check(40)
    assert joined.code in (0, 1)
    replayed = world.run("backtest", "--json", "--to", world.day(40).isoformat())
    assert joined.model["performance"] == replayed.model["performance"]


def test_a_corrupt_file_of_labels_is_named_and_the_others_are_joined(world: World) -> None:
    world.live(range(LAST + 1))
    world.label()
    broken = sorted(world.labels.iterdir())[30]
    broken.write_bytes(b"PAR1 junk PAR1")
    world.settle(world.labelled())
    answer = world.run("backtest", "--json")
    assert answer.code in (0, 1)
    assert f"labels: {broken}: cannot be read, half-written or damaged" in answer.err
    assert answer.model["performance"][0]["labelled"] > 0


# Settings, stores and words


def test_five_faults_of_a_settings_file_are_told_at_once(world: World) -> None:
    world.config.write_text(
        "stor: sqlite:///x.db\n"
        "models:\n"
        "  - name: a/b\n"
        "    predictions: {source: parket, path: p, timestamp: t}\n"
        "    reference: {from: 2024-02-01, to: 2024-01-01}\n"
        "    alarms: {false_alarms: often}\n"
    )
    for command in ("check", "backtest", "report", "config check"):
        answer = world.run(command, *(["-o", "x.html"] if command == "report" else []))
        assert answer.code == 2
        assert answer.out == ""
        assert answer.err.startswith(f"driftline: {world.config}: 5 faults\n")
        for told in (
            'line 1: stor: unknown key; did you mean "store"?',
            'found "a/b"',
            'no such kind as "parket"',
            "`from` must be before `to`",
            'found "often"',
        ):
            assert told in answer.err


@pytest.mark.parametrize(
    ("store", "told"),
    [
        ("sqlite:///no/such/folder/x.db", "does not exist: create it"),
        ("sqlite:///notes.txt", "is a file of another kind"),
        ("mysql://root:secret@host/db", "is not the URL of a store"),
    ],
)
def test_a_store_that_cannot_be_opened_is_told(world: World, store: str, told: str) -> None:
    (world.folder / "notes.txt").write_text("These are notes and no database.\n" * 100)
    world.live(range(1))
    world.settle(store=store)
    answer = world.check(1)
    assert answer.code == 2
    assert told in answer.err
    assert "secret" not in answer.err
    assert answer.out == ""


@pytest.mark.parametrize("words", ["check --now soon", "backtest --from 31.12.2024 --to x"])
def test_a_moment_that_is_none_is_told_with_what_is_allowed(world: World, words: str) -> None:
    world.settle()
    command, *options = words.split()
    answer = world.run(command, *options)
    assert answer.code == 2
    assert f'"{options[1]}" is no ISO 8601 date or moment; write 2013-04-01' in answer.err


def test_a_backtest_that_ends_before_it_begins_is_refused(world: World) -> None:
    world.settle()
    answer = world.run("backtest", "--from", "2024-02-03", "--to", "2024-02-01")
    assert answer.code == 2
    assert "--from must be before --to" in answer.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--from", "2024-05-01"), "--from 2024-05-01T00:00:00Z: no predictions after it; "),
        (("--to", "2023-05-01"), "--to 2023-05-01T00:00:00Z: no predictions after the reference"),
        (("--to", "2024-01-31"), "--to 2024-01-31T00:00:00Z: no predictions after the reference"),
    ],
)
def test_a_backtest_of_days_that_have_no_data_says_what_the_data_spans(
    world: World, words: tuple[str, str], told: str
) -> None:
    world.live(range(LAST + 1))
    world.settle()
    answer = world.run("backtest", "--json", *words)
    assert answer.code == 2
    assert told in answer.err
    assert f"{world.predictions} spans 2024-01-01T" in answer.err


def test_a_backtest_of_nothing_but_the_reference_is_an_error(world: World) -> None:
    world.live(range(20))
    world.settle()
    answer = world.run("backtest")
    assert answer.code == 2
    assert "nothing to replay" in answer.out


def test_a_model_that_fails_does_not_stop_the_others(world: World) -> None:
    world.live(range(LAST + 1))
    lost = world.model(name="lost")
    lost["predictions"] = lost["predictions"] | {"path": "nowhere"}
    world.settle(lost, world.model())
    answer = world.check(LAST + 1)
    assert answer.code == 2
    first, second = answer.json["models"]
    assert first["error"] == f"no such file or folder: {world.folder / 'nowhere'}"
    assert f"driftline: lost: {first['error']}" in answer.err
    assert "error" not in second
    assert [window["status"] for window in second["windows"]] == ["judged"] * 4

    told = world.run("check", "--now", world.day(LAST + 1).isoformat())
    assert told.code == 2
    assert "not watched: no such file or folder" in told.out


# compare and init


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    random = np.random.default_rng(1)
    for name in ("a", "b"):
        frame = pd.DataFrame({"x": random.normal(size=300), "kind": random.choice(["u", "v"], 300)})
        frame.to_parquet(tmp_path / f"{name}.parquet")
    return tmp_path / "a.parquet", tmp_path / "b.parquet"


def test_compare_tells_files_without_a_common_column_and_an_empty_side(
    pair: tuple[Path, Path], driftline: Callable[..., Answer]
) -> None:
    reference, current = pair
    assert driftline("compare", str(reference), str(current)).code == 0
    pd.read_parquet(current).rename(columns={"x": "y", "kind": "sort"}).to_parquet(current)
    answer = driftline("compare", str(reference), str(current), "--json")
    assert (answer.code, answer.out) == (2, "")
    assert 'no column "x"' in answer.err
    assert '"kind"' in answer.err

    pd.read_parquet(reference).head(0).to_parquet(current)
    for words in ((reference, current), (current, reference)):
        answer = driftline("compare", *map(str, words), "--json")
        assert (answer.code, answer.out) == (2, "")
        assert "no rows" in answer.err


def test_compare_judges_the_columns_that_both_have_and_tells_the_others(
    pair: tuple[Path, Path], driftline: Callable[..., Answer]
) -> None:
    reference, current = pair
    frame = pd.read_parquet(current).rename(columns={"x": "xx"})
    frame.assign(kind="u").to_parquet(current)
    answer = driftline("compare", str(reference), str(current), "--json")
    assert answer.code == 1
    assert {c["name"]: c["alarm"] for c in answer.json["columns"]} == {"x": True, "kind": True}
    assert f'{current} has no column x; did you mean "xx"?' in answer.err


def test_compare_says_what_it_leaves_out_and_which_column_is_none(
    pair: tuple[Path, Path], driftline: Callable[..., Answer]
) -> None:
    for i, path in enumerate(pair):
        frame = pd.read_parquet(path)
        frame.assign(n=np.arange(300) + 300 * i).to_parquet(path)
    answer = driftline("compare", *map(str, pair))
    assert answer.code == 0
    assert "left out: n (looks like a running number" in answer.out
    answer = driftline("compare", *map(str, pair), "--features", "n", "--features", "x")
    assert answer.code == 1
    assert "left out" not in answer.out

    answer = driftline("compare", *map(str, pair), "--ignore", "knid")
    assert (answer.code, answer.out) == (2, "")
    assert 'ignore: no column "knid"; did you mean "kind"?' in answer.err


@pytest.mark.parametrize("name", ["notes.txt", "junk.parquet", "empty.csv", "nowhere.parquet"])
def test_compare_and_init_refuse_what_is_no_data(
    pair: tuple[Path, Path], driftline: Callable[..., Answer], tmp_path: Path, name: str
) -> None:
    if name != "nowhere.parquet":
        (tmp_path / name).write_bytes(b"" if name == "empty.csv" else b"These are notes.\n" * 9)
    for words in (
        ("compare", str(pair[0]), str(tmp_path / name)),
        ("compare", str(tmp_path / name), str(pair[1])),
        ("init", str(tmp_path / name), "-o", str(tmp_path / "new.yaml")),
    ):
        answer = driftline(*words)
        assert (answer.code, answer.out) == (2, "")
        assert name in answer.err
    assert not (tmp_path / "new.yaml").exists()


def test_an_error_that_nobody_foresaw_is_exit_code_2_and_no_alarm(
    driftline: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> int:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("driftline.commands.watching.config_check", fails)
    answer = driftline("config", "check")
    assert answer.code == 2
    assert "unexpected ZeroDivisionError: division by zero; --debug shows where" in answer.err
    with pytest.raises(ZeroDivisionError):
        driftline("--debug", "config", "check")
