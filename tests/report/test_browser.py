"""The page in a real browser: it draws, follows the theme, complains of nothing, asks nobody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.fixtures.browser import PATIENCE

from driftline.report import ModelPage, render

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow


@dataclass
class Reading:
    """A report open in a tab, what it asked for, and what was said on its console."""

    page: Page
    asked: list[str]
    said: list[str]


@pytest.fixture(scope="module")
def reading(
    year: ModelPage,
    calm: ModelPage,
    unborn: ModelPage,
    browser: Browser,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Reading]:
    """The report of three models, read to its end."""
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(render([year, calm, unborn]), encoding="utf-8")
    tab = browser.new_page(viewport={"width": 1200, "height": 900}, color_scheme="light")
    tab.set_default_timeout(PATIENCE)
    reading = Reading(tab, [], [])
    tab.on("request", lambda request: reading.asked.append(request.url))
    tab.on("console", lambda line: reading.said.append(line.text))
    tab.on("pageerror", lambda error: reading.said.append(str(error)))
    tab.goto(file.as_uri())
    for figure in tab.locator("figure.plot").all():
        figure.scroll_into_view_if_needed()
        figure.locator(".main-svg").first.wait_for()
    yield reading
    tab.close()


def test_every_figure_is_drawn(reading: Reading) -> None:
    assert reading.page.locator("figure.plot").count() == 3 + 6 + 2
    assert reading.page.locator("figure.plot .js-plotly-plot").count() == 3 + 6 + 2


def test_the_console_is_silent(reading: Reading) -> None:
    assert reading.said == []


def test_the_page_loads_nothing(reading: Reading) -> None:
    assert reading.asked == [reading.page.url]


def test_figures_follow_the_theme(reading: Reading) -> None:
    ink = "getComputedStyle(document.querySelector('.xtick text')).fill"
    before = reading.page.evaluate(ink)
    reading.page.locator("#theme").click()
    reading.page.wait_for_function(f"{ink} !== {before!r}")
    assert reading.page.locator("html").get_attribute("data-theme") == "dark"


def test_hostile_names_make_no_elements(reading: Reading) -> None:
    said = reading.page.locator("body").inner_html()
    assert "<script>alert" not in said
    assert "&lt;script&gt;alert" in said


def test_on_a_phone_every_chart_is_seen_with_its_names(
    year: ModelPage, tmp_path: Path, browser: Browser
) -> None:
    page = tmp_path / "report.html"
    page.write_text(render([year]), encoding="utf-8")
    tab = browser.new_page(viewport={"width": 390, "height": 844})
    tab.set_default_timeout(PATIENCE)
    tab.goto(page.as_uri())
    for figure in tab.locator("figure.plot").all():
        figure.scroll_into_view_if_needed()
        figure.locator(".main-svg").first.wait_for()
        assert figure.evaluate("figure => figure.scrollWidth <= figure.clientWidth")
        for name in figure.locator(".ytick text").all():
            box = name.bounding_box()
            assert box
            assert box["x"] >= 0
    tab.close()
