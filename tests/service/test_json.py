"""`--json` prints one object on stdout, of the agreed form, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

if TYPE_CHECKING:
    from tests.service.conftest import World

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
NUMBER = (int, float)
SEVERITY = {"low", "medium", "high", "critical"}
KIND = {"data_drift", "prediction_drift", "performance", "data_quality"}


def is_moment(value: Any) -> bool:
    return isinstance(value, str) and MOMENT.fullmatch(value) is not None


def is_share(value: Any) -> bool:
    return isinstance(value, NUMBER) and 0 <= value <= 1


def is_number_or_none(value: Any) -> bool:
    return value is None or (isinstance(value, NUMBER) and not isinstance(value, bool))


COLUMN = {
    "name": lambda v: isinstance(v, str),
    "alarm": lambda v: isinstance(v, bool),
    "statistic": lambda v: isinstance(v, str),
    "value": is_number_or_none,
    "p_value": is_share,
    "effect": is_share,
}
WINDOW = {
    "start": is_moment,
    "end": is_moment,
    "rows": lambda v: isinstance(v, int) and v >= 0,
    "alarm": lambda v: isinstance(v, bool),
    "p_value": lambda v: v is None or is_share(v),
    "status": lambda v: v in {"judged", "too_few_rows", "empty"},
    "columns": lambda v: all(conforms(column, COLUMN) for column in v),
}
METRIC = dict.fromkeys(("current", "baseline", "drop", "low", "high"), is_number_or_none)
SPAN = {
    "start": is_moment,
    "end": is_moment,
    "rows": lambda v: isinstance(v, int),
    "labelled": lambda v: isinstance(v, int),
    "alarm": lambda v: isinstance(v, bool),
    "metrics": lambda v: v and all(conforms(metric, METRIC) for metric in v.values()),
}
INCIDENT = {
    "kind": lambda v: v in KIND,
    "severity": lambda v: v in SEVERITY,
    "opened": is_moment,
    "resolved": lambda v: v is None or is_moment(v),
    "columns": lambda v: isinstance(v, list),
    "message": lambda v: isinstance(v, str) and v,
}
MODEL = {
    "name": lambda v: isinstance(v, str),
    "windows": lambda v: all(conforms(window, WINDOW) for window in v),
    "performance": lambda v: all(conforms(span, SPAN) for span in v),
    "incidents": lambda v: all(conforms(incident, INCIDENT) for incident in v),
}


def conforms(value: Mapping[str, Any], form: Mapping[str, Any]) -> bool:
    """Whether every key of the form is there and its value fits; further keys may be there."""
    wrong = {key: value.get(key) for key in form if key not in value or not form[key](value[key])}
    assert not wrong, f"{wrong} in {value}"
    return True


def test_the_answer_has_the_agreed_form_whatever_happened(world: World) -> None:
    def eventful(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        wide = {f"x{i}": frame["amount"] * (i + 1) for i in range(14)}
        if day == 31:
            return frame.assign(**wide).drop(columns="age")
        if day == 33:
            return frame.head(4).assign(**wide)
        if day >= 34:
            frame["amount"], frame["actual"] = None, 1 - frame["late"]
            wide = {name: values * 100 for name, values in wide.items()}
        return frame.head(0) if day == 32 else frame.assign(**wide)

    world.live(range(40), eventful)
    world.label()
    lost = world.model(name="lost")
    lost["predictions"] = lost["predictions"] | {"path": "nowhere"}
    world.settle(world.labelled(), lost, channels=[{"kind": "stderr"}])
    live = world.check(40)
    replayed = world.run("backtest", "--json", "--to", world.day(40).isoformat())
    for answer in (live, replayed):
        assert answer.out.count("\n") == 1
        assert answer.json.keys() == {"models"}
        assert all(conforms(model, MODEL) for model in answer.json["models"])
        assert [model["name"] for model in answer.json["models"]] == ["late-arrival", "lost"]
        assert len(answer.json["models"][1]["windows"]) == 0
    assert "opened" in live.err
    assert "opened" not in live.out.replace('"opened"', "")
    windows = live.model["windows"]
    assert {window["status"] for window in windows} == {"judged", "too_few_rows", "empty"}
    assert {i["kind"] for i in live.model["incidents"]} >= {"data_drift", "performance"}


def test_the_ten_most_blamed_columns_come_first_and_all_in_alarm_are_told(world: World) -> None:
    def wide(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        grown = 50 if day > 30 else 1
        return frame.assign(**{f"x{i:02}": frame["amount"] * (grown + i) for i in range(15)})

    world.live(range(32), wide)
    world.settle()
    calm, alarmed = world.check(32).model["windows"]
    assert len(calm["columns"]) == 10
    assert len(alarmed["columns"]) == 15
    assert {column["name"] for column in alarmed["columns"]} == {f"x{i:02}" for i in range(15)}
    assert all(column["alarm"] for column in alarmed["columns"])


@pytest.mark.parametrize("days", [0, 30], ids=["nothing to judge", "all judged"])
def test_exit_codes_say_well_alarm_and_failed(world: World, days: int) -> None:
    world.live(range(30 + days))
    world.settle()
    assert world.check(30 + days).code == 0
    loud = world.model(name="loud", alarms={"min_rows": 101})
    world.settle(loud)
    assert world.check(30 + days).code == (1 if days else 0)
    world.predictions.rename(world.folder / "gone")
    assert world.check(31 + days).code == 2
