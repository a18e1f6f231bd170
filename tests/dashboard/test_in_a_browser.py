"""The dashboard in a real browser: the main paths, and what it asks of whom."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx
import pytest

from driftline.dashboard import shell

if TYPE_CHECKING:
    from tests.fixtures.browser import Visit

    Tab = Callable[..., Visit]

pytestmark = pytest.mark.slow


def test_nothing_is_asked_of_anybody_else(visit: Tab, site: str) -> None:
    tab = visit().open("/")
    tab.page.get_by_role("link", name="late-arrival").click()
    tab.page.wait_for_url(re.compile(r"/model\?name=late-arrival"))
    tab.settle()
    host = site.partition("://")[2]
    strangers = [url for url in tab.asked if "://" in url and url.split("/")[2] != host]
    assert strangers == []
    assert len(tab.asked) > 10


def test_a_link_is_followed_and_the_way_back_leads_back(visit: Tab) -> None:
    tab = visit().open("/")
    tab.page.get_by_role("link", name="late-arrival").click()
    tab.page.wait_for_url(re.compile(r"/model\?name=late-arrival"))
    tab.page.get_by_role("heading", name="late-arrival").wait_for()
    tab.page.go_back()
    tab.page.get_by_role("heading", name="Models").wait_for()
    assert re.search(r":\d+/$", tab.page.url)
    tab.page.go_forward()
    tab.page.get_by_role("heading", name="late-arrival").wait_for()


def test_a_page_that_was_wanted_is_drawn_though_the_old_one_came_instead(visit: Tab) -> None:
    """Streamlit draws the old page again when a part of it is refreshed as one leaves it."""
    tab = visit().open("/")
    tab.page.get_by_role("link", name="late-arrival").evaluate("""(link) => {
        link.click();
        window.history.pushState({}, "", "/");
        window.dispatchEvent(new PopStateEvent("popstate"));
    }""")
    tab.page.get_by_role("heading", name="late-arrival").wait_for()
    assert re.search(r"/model\?name=late-arrival$", tab.page.url)


@pytest.mark.parametrize("path", ["/", "/model?name=late-arrival"])
def test_nothing_flickers_when_what_is_shown_is_looked_up_again(
    visit: Tab, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell, "REFRESH", 0.5)
    tab = visit().open(path).settle()
    frames = tab.page.evaluate(WATCHED, 3)
    assert frames["drawn"] > 10
    assert frames["runs"] > 3
    assert frames["heights"] == frames["heights"][:1], frames["parts"]
    assert frames["faintest"] == 1


WATCHED = """(runs) => new Promise((done) => {
    const told = { drawn: 0, runs: 0, heights: [], parts: [], faintest: 1 };
    const app = document.querySelector("[data-testid=stApp]");
    const main = document.querySelector("[data-testid=stMainBlockContainer]");
    let ran = false, still = performance.now(), last = 0;
    const end = still + 60000;
    const run = () => {
        const running = app.dataset.testScriptState === "running";
        if (running && !ran) told.runs += 1;
        ran = running;
    };
    const drawn = () => {  // all is loaded, was looked up again, and has not moved for a while
        run();
        const height = main.getBoundingClientRect().height;
        const waits = main.querySelector("[data-testid=stSkeleton]") !== null
            || document.fonts.status !== "loaded" || told.runs < 3;
        if (waits || height !== last) still = performance.now();
        last = height;
        if (performance.now() > end) return done(told);
        if (performance.now() - still < 1500) return requestAnimationFrame(drawn);
        told.runs = 0;
        requestAnimationFrame(frame);
    };
    const frame = () => {
        run();
        told.drawn += 1;
        const height = main.getBoundingClientRect().height;
        if (!told.heights.includes(height)) {
            told.heights.push(height);
            told.parts.push(main.innerText);
        }
        for (const part of main.querySelectorAll("[data-testid=stElementContainer]"))
            told.faintest = Math.min(told.faintest, Number(getComputedStyle(part).opacity));
        if (told.runs <= runs && performance.now() < end) requestAnimationFrame(frame);
        else done(told);
    };
    drawn();
})"""
"""Watch every frame until Streamlit has drawn the page so often again: heights of the page, with
its text at each, and its faintest part."""


@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("/model?name=late-arrival&days=90", "late-arrival"),
        ("/column?name=late-arrival&column=amount", "amount"),
    ],
)
def test_an_address_leads_straight_to_its_page(visit: Tab, path: str, heading: str) -> None:
    tab = visit().open(path)
    tab.page.get_by_role("heading", name=heading, exact=True).wait_for()
    tab.page.locator(".js-plotly-plot .main-svg").first.wait_for()
    assert path in tab.page.url


def test_a_click_on_the_heat_map_opens_the_column(visit: Tab) -> None:
    tab = visit().open("/model?name=late-arrival")
    cells = tab.page.locator(".js-plotly-plot:has(.heatmaplayer image, .heatmaplayer .hm)").first
    cells.scroll_into_view_if_needed()
    tab.settle()
    plot = cells.locator(".nsewdrag").first
    box = plot.bounding_box()
    assert box is not None
    tab.page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + 12)
    tab.page.wait_for_url(re.compile(r"/column\?name=late-arrival&column="))
    tab.page.go_back()
    tab.page.get_by_role("heading", name="late-arrival", exact=True).wait_for()


def test_hostile_names_do_nothing(visit: Tab) -> None:
    tab = visit().open("/")
    tab.page.get_by_text("<img src=x").wait_for()
    assert tab.page.evaluate("document.body.dataset.pwned") is None


def test_moments_are_told_in_the_zone_of_who_looks(visit: Tab) -> None:
    tab = visit(timezone_id="Asia/Kolkata").open("/")
    assert "12 Mar 2026, 17:30 (12:00 UTC)" in tab.page.locator(".foot").inner_text()


def test_a_page_of_another_site_gets_no_answer(site: str) -> None:
    import websockets.sync.client as client
    from websockets.exceptions import InvalidStatus
    from websockets.typing import Origin

    address = site.replace("http", "ws") + "/_stcore/stream"
    with pytest.raises(InvalidStatus, match="403"):
        client.connect(address, origin=Origin("https://evil.example"), legacy=True)
    client.connect(address, origin=Origin(site), legacy=True).close()


def test_a_page_of_another_site_that_points_its_name_here_gets_no_answer(site: str) -> None:
    evil = {"Host": "evil.example:8501", "Origin": "http://evil.example:8501"}
    answer = httpx.get(f"{site}/", headers=evil, timeout=60)
    assert answer.status_code == 403
    assert "the dashboard is not known as evil.example" in answer.text
    for name in ("localhost:8501", "[::1]:8501", "10.0.0.7"):
        assert httpx.get(f"{site}/", headers={"Host": name}, timeout=60).status_code == 200
