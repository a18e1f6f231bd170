"""Incidents: their list, the page of one, and what people do on it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from driftline.dashboard.shown import show
from driftline.records import Incident
from driftline.wording import count

if TYPE_CHECKING:
    from tests.dashboard.conftest import Opened, World
    from tests.fixtures.browser import Visit

    Open = Callable[..., Opened]
    Tab = Callable[..., Visit]


def worst_of(world: World) -> Incident:
    """An open incident of the model that changes."""
    return next(one for one in world.store.incidents("late-arrival") if one.is_open)


def test_open_incidents_are_listed_with_what_is_wrong(world: World, open_page: Open) -> None:
    text = open_page(world.shown, "incidents").text
    assert worst_of(world).message.split(";")[0] in text
    still = len(world.store.incidents(open_only=True))
    assert f"{still} incident" in text


def test_incidents_are_found_by_kind_and_state(world: World, open_page: Open) -> None:
    opened = open_page(world.shown, "incidents")
    opened.app.selectbox(key="kind").set_value("performance").run()
    of_kind = [i for i in world.store.incidents(open_only=True) if i.kind == "performance"]
    still = len(world.store.incidents(open_only=True))
    assert f"{count(still, 'incident')} open" in opened.text  # whatever is shown
    assert f"; {len(of_kind)} shown." in opened.text
    opened.app.selectbox(key="kind").set_value(None).run()
    opened.app.button_group(key="state").set_value("over").run()
    over = [i for i in world.store.incidents() if not i.is_open]
    assert f"{count(still, 'incident')} open, {len(over)} over" in opened.text


def test_the_page_tells_what_changed_what_to_do_and_what_happened(
    world: World, open_page: Open
) -> None:
    incident = worst_of(world)
    opened = open_page(world.shown, "incident", id=incident.id)
    for words in ("What changed", "What to do", "What happened", "Opened", "Notices"):
        assert words in opened.text, words
    assert incident.next_steps[0].split("`")[0] in opened.text
    assert "Performance before and since" in opened.text
    drop = next(one for one in world.store.incidents("late-arrival") if one.kind == "performance")
    assert ". When it opened" in open_page(world.shown, "incident", id=drop.id).text


def test_an_id_that_nobody_has_is_told(world: World, open_page: Open) -> None:
    text = open_page(world.shown, "incident", id="<b>none</b>").text
    assert 'There is no incident with the id "<b>none</b>"' in text
    assert "Choose one from the list of incidents" in open_page(world.shown, "incident").text


def fill(opened: Opened, form: str, who: str, why: str) -> Any:
    opened.app.text_input(key=f"{form}-by").set_value(who)
    opened.app.text_area(key=f"{form}-note").set_value(why)
    return opened.app.button(key=f"{form}-do").click().run()


def test_what_a_person_does_is_kept_with_who_and_why(own_world: World, open_page: Open) -> None:
    store, incident = own_world.store, worst_of(own_world)
    opened = open_page(own_world.shown, "incident", id=incident.id)
    fill(opened, "acknowledge", "Ann", "on it")
    found = store.incident(incident.id)
    assert found is not None
    assert found.state == "acknowledged"
    event = store.events(incident.id)[-1]
    assert (event.kind, event.by, event.note) == ("acknowledged", "Ann", "on it")
    assert "Acknowledged by Ann" in opened.text
    assert "on it" in opened.text

    opened.app.selectbox(key="snooze-for").set_value("8 hours")
    fill(opened, "snooze", "Ann", "")
    found = store.incident(incident.id)
    assert found is not None
    assert found.snoozed_until is not None
    assert (found.snoozed_until - own_world.shown.now()).total_seconds() == 8 * 3600

    fill(opened, "add-a-note", "Bob", "<script>alert(1)</script>")
    assert "&lt;script&gt;" in opened.html
    assert "<script>" not in opened.html

    fill(opened, "resolve", "Bob", "mended")
    found = store.incident(incident.id)
    assert found is not None
    assert not found.is_open
    assert not [button for button in opened.app.button if button.key == "resolve-do"]


def test_nothing_is_done_by_nobody(own_world: World, open_page: Open) -> None:
    incident = worst_of(own_world)
    opened = open_page(own_world.shown, "incident", id=incident.id)
    fill(opened, "acknowledge", "  ", "")
    assert "Say who you are" in opened.app.error[0].value
    assert own_world.store.incident(incident.id) == incident


def test_what_is_over_meanwhile_is_said(own_world: World, open_page: Open) -> None:
    store, incident = own_world.store, worst_of(own_world)
    opened = open_page(own_world.shown, "incident", id=incident.id)
    over = replace(incident, state="resolved", resolved=own_world.shown.now())
    assert store.act(incident, over)
    fill(opened, "acknowledge", "Ann", "")
    assert store.incident(incident.id) == over


@pytest.mark.slow
def test_the_way_from_the_overview_to_an_acknowledged_incident(visit: Tab, world: World) -> None:
    incident = worst_of(world)
    tab = visit(width=390, color_scheme="dark").open(f"/incident?id={incident.id}")
    tab.page.get_by_text("What to do").wait_for()
    tab.page.get_by_role("button", name="Add a note").click()
    tab.page.get_by_label("Who").fill("Ann")
    tab.page.get_by_label("Why").fill("seen on a phone")
    tab.page.get_by_role("button", name="Add a note").last.click()
    tab.page.get_by_text("seen on a phone").last.wait_for()
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390
    tab.page.get_by_role("link", name="Incidents").last.click()
    tab.page.wait_for_url(re.compile(r"/incidents"))
    tab.page.get_by_role("link", name="Data").first.wait_for()


def test_no_other_form_stands_open_after_an_act(visit: Tab, own_world: World) -> None:
    incident = worst_of(own_world)
    show(own_world.shown)
    tab = visit(width=390).open(f"/incident?id={incident.id}")
    buttons = tab.page.get_by_test_id("stPopoverButton")
    buttons.filter(has_text="Acknowledge").click()
    tab.page.get_by_label("Who").fill("Ann")
    tab.page.get_by_role("button", name="Acknowledge").last.click()
    tab.page.get_by_text("Acknowledged by Ann").wait_for()
    buttons.filter(has_text="Acknowledge").wait_for(state="detached")
    tab.settle()
    assert [button.get_attribute("aria-expanded") for button in buttons.all()] == ["false"] * 3
