"""Health and settings: what the pages tell, sending again, and trying a channel."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.dashboard.worlds import HOSTILE_MODEL

from driftline.dashboard.login.sessions import Sessions
from driftline.records import Event
from driftline.service import acts
from driftline.service.routing import outbox_row
from driftline.settings import load_settings
from driftline.stores import open_store
from driftline.stores.schedule import Schedule
from driftline.stores.sql import SqlStore

if TYPE_CHECKING:
    from tests.dashboard.conftest import Opened, World
    from tests.fixtures.browser import Visit
    from tests.fixtures.http_servers import Loopback

    Open = Callable[..., Opened]
    Tab = Callable[..., Visit]

HOOK = "<b>hook</b> *x*"
TOKEN = "sesame-open-now"


def test_all_is_well_where_nothing_is_wrong(world: World, open_page: Open) -> None:
    text = open_page(world.shown, "health").text
    assert "Driftline itself is well." in text
    assert "late-arrival Up to date 12 Mar 2026 0 by no service yet" in text
    assert "Not begun" in text


def test_what_only_the_next_check_will_do_is_not_called_well(
    own_world: World, open_page: Open
) -> None:
    later = own_world.shown.now() + timedelta(days=7)
    opened = open_page(replace(own_world.shown, now=lambda: later), "health")
    assert "2 models not judged up to now." in opened.text
    assert "late-arrival Not judged yet the next driftline check does it" in opened.text
    assert "Driftline itself is well" not in opened.text
    assert "Catching up" not in opened.text  # nobody is at it


def test_hostile_names_are_text(world: World, open_page: Open) -> None:
    for page in ("health", "settings"):
        opened = open_page(world.shown, page, name=HOSTILE_MODEL)
        assert "<img" not in opened.html
        assert "<script" not in opened.html
    assert "<script>" in open_page(world.shown, "settings", name="calm").text


def test_the_log_and_mutes_are_told(own_world: World, open_page: Open) -> None:
    config = json.loads(own_world.config.read_text())
    model = config["models"][1]
    predictions = {"source": "ingest", "timestamp": "at", "id": "id"}
    config["models"] = [{**model, "name": name, "predictions": predictions} for name in "ab"]
    own_world.config.write_text(json.dumps(config))
    table = own_world.config.parent / "driftline-log" / "b" / "predictions" / "_delta_log"
    table.mkdir(parents=True)
    (table / "00000000000000000000.json").write_text("no json")
    shown = replace(own_world.shown, settings=load_settings(own_world.config))
    now = shown.now()
    acts.mute(own_world.store, "a", now + timedelta(hours=2), "Ann", "<b>moving</b>", now)
    opened = open_page(shown, "health")
    assert "1 log cannot be read." in opened.text
    assert "a predictions 0 0 0.0 MB none" in opened.text
    assert "b predictions cannot be read :" in opened.text
    assert "a until 12 Mar 2026, 14:00 UTC , by Ann: “<b>moving</b>”" in opened.text


def test_a_model_that_fails_or_is_forgotten_comes_first_with_its_reason(
    own_world: World, open_page: Open
) -> None:
    store, now = own_world.store, own_world.shown.now()
    assert isinstance(store, SqlStore)
    schedule = Schedule(store.engine)
    schedule.ensure({"calm": now - timedelta(hours=2)}, now)
    (turn,) = schedule.claim(["calm"], "me", now + timedelta(minutes=1), now, 1)
    last = {"started": now.isoformat(), "finished": now.isoformat(), "error": "no <i>file</i>"}
    schedule.settle(replace(turn, failures=3, failing_since=now, last=last), "me")
    opened = open_page(own_world.shown, "health")
    assert "1 model cannot be judged; 1 model nobody is at." in opened.text
    assert opened.text.index("3 failures in a row") < opened.text.index("late-arrival")
    assert "no <i>file</i>" in opened.text
    assert "<i>" not in opened.html


def test_a_store_that_forgets_has_no_health(world: World, open_page: Open) -> None:
    shown = replace(world.shown, store=open_store("memory://"))
    assert "This store forgets" in open_page(shown, "health").text


@pytest.fixture
def told_world(own_world: World, loopback: Callable[..., Loopback]) -> tuple[World, Loopback]:
    """The world with a channel that gave up one notice, and a notice whose channel is gone."""
    hook = loopback((200, {}, ""))
    config = json.loads(own_world.config.read_text())
    url = f"{hook.url}/take?token={TOKEN}"
    config["channels"] = [{"kind": "webhook", "name": HOOK, "url": url}]
    own_world.config.write_text(json.dumps(config))
    store, now = own_world.store, own_world.shown.now()
    incident = store.incidents(open_only=True)[0]
    event = Event("told", incident, "noted", now)
    rows = [outbox_row(event, channel, "") for channel in (HOOK, "gone")]
    assert store.act(incident, incident, [event], rows)
    failed = replace(rows[0], state="failed", settled=now, attempts=9, error="<u>refused</u>")
    store.outbox.settle([failed], was="pending")
    shown = replace(own_world.shown, settings=load_settings(own_world.config))
    return replace(own_world, shown=shown), hook


def test_notices_whose_channel_was_away_are_told_at_the_top(
    own_world: World, open_page: Open
) -> None:
    config = json.loads(own_world.config.read_text())
    config["channels"] = [{"kind": "webhook", "name": HOOK, "url": "http://127.0.0.1:9/take"}]
    own_world.config.write_text(json.dumps(config))
    store, now = own_world.store, own_world.shown.now()
    incident = store.incidents(open_only=True)[0]
    row = outbox_row(event := Event("told", incident, "noted", now), HOOK, "")
    away = replace(row, attempts=1, error="connection refused")
    assert store.act(incident, incident, [event], [away])
    shown = replace(own_world.shown, settings=load_settings(own_world.config))
    assert "1 notice waiting to be sent." in open_page(shown, "health").text


def test_what_was_given_up_is_told_and_sent_again(
    told_world: tuple[World, Loopback], open_page: Open
) -> None:
    world, hook = told_world
    opened = open_page(world.shown, "health")
    assert "1 notice could not be sent; a channel is gone." in opened.text
    assert "<u>refused</u> 9 tries" in opened.text
    assert "the settings have no such channel" in opened.text
    assert "<u>" not in opened.html
    opened.app.button(key="send-again").click().run()
    assert len(hook.asked) == 1
    assert hook.asked[0].path.endswith(TOKEN)
    assert "1 notice sent." in opened.text
    assert not [button for button in opened.app.button if button.key == "send-again"]
    assert world.store.outbox.rows("failed") == []


def test_settings_are_told_as_they_are_in_effect_without_secrets(
    told_world: tuple[World, Loopback], open_page: Open
) -> None:
    world, _ = told_world
    opened = open_page(world.shown, "settings")
    for words in (
        "predictions.source parquet",
        "predictions.features every other column, save running numbers default",
        "alarms.min_rows 50",
        "performance.current 5d",
        "retention.profiles 400 windows, at least 30d default",
        "timezone UTC default",
        f"channels {HOOK}",
        "url hidden",
    ):
        assert words in opened.text, words
    assert TOKEN not in opened.html
    assert "<b>hook" not in opened.html
    opened.app.selectbox(key="name").set_value("calm").run()
    assert "performance.current 1w default" in opened.text


def test_a_channel_is_tried_with_a_button(
    told_world: tuple[World, Loopback], open_page: Open
) -> None:
    world, hook = told_world
    opened = open_page(world.shown, "settings")
    opened.app.button(key="test-0").click().run()
    assert len(hook.asked) == 1
    assert b"Test from Driftline" in hook.asked[0].body
    assert "Sent Look whether it has arrived." in opened.text
    hook.answers.append((404, {}, ""))
    opened.app.button(key="test-0").click().run()
    assert "Not sent" in opened.text
    assert TOKEN not in opened.html


def test_who_may_only_look_finds_no_button(
    told_world: tuple[World, Loopback], open_page: Open
) -> None:
    world, hook = told_world
    shown = replace(world.shown, sessions=Sessions(b"k" * 32, 60))
    for page in ("health", "settings"):
        assert not open_page(shown, page).app.button
    assert hook.asked == []


@pytest.mark.slow
def test_both_pages_open_by_their_address_on_a_phone(visit: Tab) -> None:
    tab = visit(width=390, color_scheme="dark").open("/health")
    tab.page.get_by_text("Driftline itself is well.").wait_for()
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390
    tab.open("/settings?name=calm")
    tab.page.get_by_text("alarms.min_rows").first.wait_for()
    tab.page.wait_for_url(re.compile("name=calm"))
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390
