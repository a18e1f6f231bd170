"""A backtest says how many alarms there would have been, compares settings, recommends some."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pandas as pd
import pytest

if TYPE_CHECKING:
    from tests.service.conftest import World


def dearer(day: int, frame: pd.DataFrame) -> pd.DataFrame:
    """For ten days amounts are three times as large."""
    frame["amount"] *= 3 if 40 <= day < 50 else 1
    return frame


@pytest.fixture(scope="module")
def past(new_world: Callable[[Path], World], tmp_path_factory: pytest.TempPathFactory) -> World:
    world = new_world(tmp_path_factory.mktemp("past"))
    world.live(range(66), dearer)
    world.settle()
    return world


def test_it_says_how_many_alarms_there_would_have_been_and_which(past: World) -> None:
    told = past.run("backtest")
    assert told.code == 1
    assert "what you would have been told" in told.out
    assert "incidents in 30 days" in told.out
    summary = past.run("backtest", "--json").model["summary"]
    assert (summary["days"], summary["windows"], summary["judged"]) == (36, 36, 36)
    assert summary["alarms"] >= 10
    assert summary["incidents_in_30_days"] == pytest.approx(30 * summary["incidents"] / 36)
    assert 10 <= summary["days_in_incident"] <= 26


def test_two_settings_are_compared_side_by_side(past: World) -> None:
    told = past.run("backtest", "--json", "--set", "predictions.ignore=[amount]").json
    assert told["models"][0]["summary"]["alarms"] >= 10
    (other,) = told["against"]["models"]
    assert other["summary"]["alarms"] < told["models"][0]["summary"]["alarms"]
    assert {c["name"] for c in other["windows"][0]["columns"]}.isdisjoint({"amount"})
    table = past.run("backtest", "--set", "window=1w").out
    assert "against" in table
    assert re.search(r"days replayed +36 +35\n", table)


def test_another_file_is_compared_with(past: World) -> None:
    tree = json.loads(past.config.read_text())
    tree["models"][0]["alarms"] = {"min_rows": 101}
    other = past.folder / "other.yaml"
    other.write_text(json.dumps(tree))
    told = past.run("backtest", "--json", "--against", str(other)).json
    assert told["against"]["models"][0]["summary"]["judged"] == 0


def test_settings_are_recommended_with_reasons_and_tried(past: World) -> None:
    told = past.run("backtest", "--json", "--recommend").json
    advice = told["recommended"]["late-arrival"]
    assert advice["settings"] == {
        "window": "1d",
        "reference": {"from": "2024-01-01T00:00:00Z", "to": "2024-02-03T00:00:00Z"},
        "alarms": {"false_alarms": "1 per 30 days"},
    }
    window, reference, budget = advice["reasons"]
    assert "100 rows (median); longer ones are too few to learn from" in window
    assert "33 windows from 2024-01-01 to 2024-02-03" in reference
    assert "the smallest of 7, 30, 90 days that this can promise" in budget
    assert told["against"]["models"][0]["summary"]["windows"] == 33


def test_what_is_recommended_stands_under_its_name(past: World) -> None:
    told = past.run("backtest", "--recommend").out
    assert re.search(r"\n +as set +recommended *\n", told)


def test_a_budget_is_recommended_of_which_the_part_for_drift_can_be_promised(
    past: World, tmp_path: Path
) -> None:
    tree = json.loads(past.config.read_text())
    tree["models"][0]["labels"] = {"source": "parquet", "path": "labels", "id": "id"}
    tree["models"][0]["labels"] |= {"label": "actual", "timestamp": "known_at"}
    past.label()
    other = past.folder / "labelled.yaml"
    other.write_text(json.dumps(tree))
    told = past.run("backtest", "--json", "--recommend", "--config", str(other)).json
    settings = told["recommended"]["late-arrival"]["settings"]
    assert settings["alarms"] == {"false_alarms": "1 per 7 days"}


def test_what_is_later_than_now_is_told_and_not_replayed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Mock(wraps=datetime)
    clock.now.return_value = world.day(40)

    def mistyped(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[frame.index[-1], "timestamp"] = pd.Timestamp("2031-01-01", tz="UTC")
        return frame

    world.live(range(39))
    world.live(range(39, 40), mistyped)
    world.settle()
    monkeypatch.setattr("driftline.commands.backtest.datetime", clock)
    told = world.run("backtest", "--json", "--set", "window=1d")
    assert told.model["summary"]["windows"] == 10
    assert "2031-01-01" in told.err
    assert " ".join(told.err.split()).count("what is later than now is left out") == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--set", "window"], "is no key=value"),
        (["--set", "windw=6h"], 'did you mean "window"?'),
        (["--set", "window=6h", "--recommend"], "give one of --against, --set and --recommend"),
        (["--against", "nowhere.yaml"], "no such file"),
    ],
)
def test_a_comparison_that_cannot_be_is_refused(past: World, words: list[str], told: str) -> None:
    refused = past.run("backtest", *words)
    assert refused.code == 2
    assert told in refused.err
