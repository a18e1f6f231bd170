"""`driftline forget`: what is stored of a model goes, once that is confirmed, and comes back as the
windows are judged anew."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

World = Any


def dearer(day: int, frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(amount=frame["amount"] * (9 if day > 33 else 1))


@pytest.fixture
def drifted(world: World) -> World:
    world.live(range(36), dearer)
    world.settle(channels=[{"kind": "stderr"}])
    return world


def test_a_forgotten_model_is_judged_anew_and_told_anew(drifted: World) -> None:
    before = drifted.check(36)
    assert [i["kind"] for i in before.model["incidents"]] == ["data_drift"]
    assert drifted.check(36).err == ""
    answer = drifted.run("forget", "late-arrival", "--yes")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == (
        "forgotten: late-arrival: 6 windows (31 Jan – 5 Feb 2024) and 1 incident, 1 open; the next "
        "check begins behind its reference\n"
    )
    assert drifted.run("incidents").code == 0
    again = drifted.check(36)
    assert again.found == before.found
    assert "amount" in again.err


def test_incidents_of_a_wrong_setting_are_forgotten_and_windows_stay(drifted: World) -> None:
    model = drifted.model()
    model["predictions"] |= {"id": None, "features": ["amount", "age"]}
    drifted.settle(model)
    drifted.check(36)
    answer = drifted.run("forget", "late-arrival", "--incidents", "--yes")
    assert answer.out == "forgotten: late-arrival: 1 incident, 1 open\n"
    after = drifted.check(36)
    assert len(after.model["windows"]) == 6
    assert after.model["incidents"] == []


def test_nothing_is_deleted_that_nobody_has_confirmed(drifted: World) -> None:
    drifted.check(36)
    answer = drifted.run("forget", "late-arrival")
    assert answer.code == 2
    assert "this would delete late-arrival: 6 windows" in answer.err
    assert "--yes" in answer.err
    assert len(drifted.check(36).model["windows"]) == 6


def test_a_model_that_is_gone_from_the_settings_can_be_forgotten(drifted: World) -> None:
    drifted.check(36)
    drifted.settle(drifted.model(name="another"))
    assert drifted.run("incidents").code == 1
    unknown = drifted.run("forget", "late-arival", "--yes")
    assert unknown.code == 2
    assert 'no model is called "late-arival"; did you mean "late-arrival"?' in unknown.err
    assert drifted.run("forget", "late-arrival", "--yes").code == 0
    assert drifted.run("incidents").code == 0
    nothing = drifted.run("forget", "another", "--yes")
    assert (nothing.code, nothing.out) == (0, "another: nothing is stored\n")
