"""The overview: every model, those first that need attention."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.dashboard.conftest import Opened, World

    Open = Callable[..., Opened]


def test_every_model_is_a_row_and_those_in_need_come_first(world: World, open_page: Open) -> None:
    opened = open_page(world.shown)
    names = [model.name for model in world.shown.settings.models]
    places = [opened.text.index(name) for name in (names[0], names[2], names[1])]
    assert places == sorted(places)
    assert "1 of 3 models needs attention" in opened.text


def test_status_is_told_in_words(world: World, open_page: Open) -> None:
    text = open_page(world.shown).text
    assert "Performance drop" in text or "Data drift" in text
    assert "Waiting for data" in text


def test_names_from_data_are_escaped(world: World, open_page: Open) -> None:
    opened = open_page(world.shown)
    assert "<img" not in opened.html
    assert "&lt;img src=x" in opened.html


def test_models_are_found_by_name_status_and_tag(world: World, open_page: Open) -> None:
    opened = open_page(world.shown)
    opened.app.text_input(key="find").set_value("LATE").run()
    assert "1 shown" in opened.text
    opened.app.text_input(key="find").set_value("").run()
    opened.app.multiselect(key="tag").set_value(["eu"]).run()
    assert "1 shown" in opened.text
    assert "calm" not in opened.text
    opened.app.multiselect(key="tag").set_value([]).run()
    opened.app.button_group(key="status").set_value(["waiting"]).run()
    assert "1 shown" in opened.text
    assert "late-arrival" not in opened.text


def test_filters_stand_in_the_address(world: World, open_page: Open) -> None:
    opened = open_page(world.shown, find="calm")
    assert "1 shown" in opened.text


def test_a_model_whose_windows_stopped_coming_is_behind(world: World, open_page: Open) -> None:
    late = replace(world.shown, now=lambda: world.shown.now().replace(month=7))
    text = open_page(late).text
    assert "Behind" in text
    assert "no window for 122 days" in text


def test_links_lead_to_models_and_incidents(world: World, open_page: Open) -> None:
    html = open_page(world.shown).html
    assert 'href="model?name=late-arrival"' in html
    incident = world.store.incidents("late-arrival", open_only=True)[0]
    assert f'href="incident?id={incident.id.replace("/", "%2F").replace(":", "%3A")}"' in html
