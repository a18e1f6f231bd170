"""The commands about channels and incidents, as their users run them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from driftline.illustrations import Distribution, Trend
from driftline.notices import notice_of
from driftline.service.dressing import illustration_of
from driftline.settings import load_settings

Start = Callable[..., Any]
World = Any


def dearer(day: int, frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(amount=frame["amount"] * (9 if day > 33 else 1))


@pytest.fixture
def drifted(world: World) -> World:
    world.live(range(36), dearer)
    return world


def test_a_notice_that_slack_refuses_is_told_kept_shown_and_sent_when_asked(
    drifted: World, loopback: Start
) -> None:
    slack = loopback((404, {}, "no_service"), (200, {}, "ok"))
    drifted.settle(channels=[{"kind": "slack", "webhook_url": slack.url}])
    checked = drifted.check(36)
    assert "slack: not sent (see `driftline channels failed`)" in checked.err
    assert "404 no_service" in checked.err
    shown = drifted.run("channels failed")
    assert shown.code == 0
    assert "slack  late-arrival: Data drift opened" in shown.out
    assert "Slack answered 404 no_service" in shown.out
    again = drifted.run("channels failed", "--retry")
    assert (again.code, again.out.splitlines()[-1]) == (0, "sent: 1 notice")
    assert drifted.run("channels failed").out == "none has failed\n"
    assert len(slack.asked) == 2
    assert "SECRET" not in checked.err + checked.out + shown.out + shown.err + again.out


def test_a_channel_that_is_in_the_settings_no_more_is_not_forgotten(
    drifted: World, loopback: Start
) -> None:
    slack = loopback((500, {}, ""))
    drifted.settle(channels=[{"kind": "slack", "webhook_url": slack.url}])
    assert "it will be tried again" in drifted.check(36).err
    drifted.settle()
    shown = drifted.run("channels failed")
    assert "no channel of that name is in the settings" in shown.out


def test_a_test_notice_tells_of_each_channel_whether_it_works(
    world: World, loopback: Start
) -> None:
    well, ill = loopback((200, {}, "ok")), loopback((403, {}, "invalid_token"))
    channels = [
        {"kind": "slack", "webhook_url": well.url, "name": "team"},
        {"kind": "webhook", "url": ill.url, "name": "ours"},
    ]
    world.settle(channels=channels)
    answer = world.run("channels test")
    assert (answer.code, answer.out) == (2, "team: sent\n")
    assert answer.err == "driftline: ours: the webhook answered 403 Forbidden\n"
    assert json.loads(well.asked[0].body)["text"] == "*Test from Driftline: nothing is wrong*"
    assert json.loads(ill.asked[0].body)["test"] is True
    assert world.run("channels test", "team").code == 0
    unknown = world.run("channels test", "taem")
    assert unknown.code == 2
    assert 'did you mean "team"?' in unknown.err
    world.settle(channels=[])
    assert "has no channels" in world.run("channels test").err


def test_incidents_are_listed_acknowledged_snoozed_and_resolved(drifted: World) -> None:
    drifted.settle(channels=[{"kind": "stderr"}])
    drifted.check(36)
    listed = drifted.run("incidents", "--open", "--json")
    assert listed.code == 1
    (incident,) = listed.json["incidents"]
    assert (incident["model"], incident["state"]) == ("late-arrival", "open")
    assert incident["id"] in drifted.run("incidents").out
    name = incident["id"]

    taken = drifted.run("acknowledge", name, "--by", "ann", "--note", "on it")
    assert taken.out == f"{name} (late-arrival, data drift): acknowledged\n"
    until = datetime.now(UTC) + timedelta(days=1)
    snoozed = drifted.run("snooze", name, "--for", "1d").out
    assert f"snoozed until {until.day} {until:%b %Y}" in snoozed
    assert drifted.run("resolve", name).out.endswith("resolved\n")
    over = drifted.run("resolve", name)
    assert (over.code, "resolved already" in over.err) == (2, True)
    assert "no incident has the id" in drifted.run("acknowledge", "nothing").err
    assert "--for: a length of time" in drifted.run("snooze", name, "--for", "soon").err
    assert drifted.run("incidents", "--open").code == 0
    with drifted.store() as store:
        events = store.events(name)
    assert [event.kind for event in events][-3:] == ["acknowledged", "snoozed", "resolved"]
    assert (events[-3].by, events[-3].note) == ("ann", "on it")


def test_a_muted_model_tells_nothing_until_the_mute_ends(drifted: World) -> None:
    drifted.settle(channels=[{"kind": "stderr"}])
    muted = drifted.run("mute", "late-arrival", "--for", "3h", "--reason", "release 7")
    assert muted.code == 0
    assert "late-arrival: muted until" in muted.out
    assert "(release 7)" in muted.out
    assert drifted.check(36).err == ""
    assert drifted.run("mute").out == muted.out
    assert drifted.run("unmute", "late-arrival").out == "ended: 1 mute\n"
    assert drifted.run("mute").out == "nothing is muted\n"
    assert "Data drift opened" in drifted.check(36).err
    assert drifted.check(36).err == ""
    assert "give the name of a model, or --all" in drifted.run("unmute").err
    assert "not both" in drifted.run("mute", "late-arrival", "--all").err
    assert 'did you mean "late-arrival"?' in drifted.run("mute", "late-arival").err


def test_what_can_be_drawn_goes_with_the_notice(world: World) -> None:
    def worse(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        wrong = 1 - frame["late"]
        return dearer(day, frame).assign(actual=wrong if day > 33 else frame["late"])

    world.label(world.live(range(40), worse))
    world.settle(world.labelled(), url="https://driftline.example.com")
    world.check(40)
    settings = load_settings(world.config)
    with world.store() as store:
        shown = {}
        for incident in store.incidents("late-arrival"):
            notice = notice_of("late-arrival", store.events(incident.id)[:1])
            shown[incident.kind] = illustration_of(notice, settings, store)
        unknown = illustration_of(notice_of("another", store.events(incident.id)), settings, store)
    drift, drop = shown["data_drift"], shown["performance"]
    assert isinstance(drift, Distribution)
    assert drift.column == "amount"
    assert isinstance(drop, Trend)
    assert any(result.alarm for result in drop.results)
    assert unknown is None


def test_what_is_told_together_does_not_contradict_itself(world: World) -> None:
    def worse(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        wrong = frame["actual"].where(frame.index % 3 != 0, 1 - frame["actual"])
        return dearer(day, frame).assign(actual=wrong if day > 33 else frame["actual"])

    world.label(world.live(range(42), worse, rows=300))
    world.settle(world.labelled(), channels=[{"kind": "stderr"}])
    told = world.check(42).err
    assert told.startswith("late-arrival: Performance drop and data drift opened")
    assert "Performance: dropped too" in told
    assert "no drop seen" not in told
