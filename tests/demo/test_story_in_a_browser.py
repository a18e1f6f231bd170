"""The demo's dashboard in a real browser, as a person goes through it after the play."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.demo.playing import COMMAND, ENVIRONMENT, Played
from tests.fixtures.browser import Visit, visiting

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

Tab = Callable[..., Visit]

FOCUSED = """() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at?.getAttribute("href") ?? "";
}"""
"""The address of the link that has the keyboard, also inside a component."""


@pytest.fixture(scope="module")
def site(played: Played, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard on a copy of what was played."""
    folder = tmp_path_factory.mktemp("shown") / "demo"
    shutil.copytree(played.folder, folder)
    words = ("dashboard", "--config", str(folder / "driftline.yaml"), "--port", "0")
    with subprocess.Popen(
        [*COMMAND, *words], stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        assert process.stderr is not None
        addresses = (re.search(r"http://127\.0\.0\.1:\d+", line) for line in process.stderr)
        yield next(found[0] for found in addresses if found)
        process.send_signal(signal.SIGTERM)


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Tab]:
    with visiting(browser, site) as visit:
        yield visit


def the_critical(played: Played) -> dict[str, Any]:
    (found,) = (one for one in played.incidents if one["severity"] == "critical")
    return found


def test_from_the_overview_to_the_model_to_a_column_to_an_incident(
    visit: Tab, played: Played, tmp_path: Path
) -> None:
    tab = visit().open("/")
    assert tab.picture(tmp_path, "overview").stat().st_size > 20_000
    tab.page.get_by_role("link", name="late-arrival").first.click()
    tab.page.wait_for_url(re.compile(r"/model\?name=late-arrival"))
    tab.page.locator(".js-plotly-plot .main-svg").first.wait_for()
    assert tab.picture(tmp_path, "model").stat().st_size > 40_000
    tab.open("/column?name=late-arrival&column=temp")
    tab.page.locator(".js-plotly-plot .main-svg").first.wait_for()
    assert tab.picture(tmp_path, "column").stat().st_size > 40_000
    tab.open("/incidents")
    column = the_critical(played)["columns"][0]
    row = tab.page.get_by_role("row").filter(has_text=f"{column}:").filter(has_text="Critical")
    row.get_by_role("link").first.click()
    tab.page.wait_for_url(re.compile(r"/incident\?id="))
    tab.page.get_by_role("heading", name="What happened").wait_for()
    assert tab.picture(tmp_path, "incident").stat().st_size > 40_000
    assert tab.said == []


def test_an_incident_is_acknowledged_and_stays_so(visit: Tab) -> None:
    tab = visit().open("/incidents")
    tab.page.locator("a[href*='incident?id=']").first.click()
    tab.page.wait_for_url(re.compile(r"/incident\?id="))
    tab.page.get_by_role("button", name="Acknowledge").first.click()
    tab.page.get_by_label("Who").fill("Mia")
    tab.page.get_by_role("button", name="Acknowledge").last.click()
    tab.page.get_by_text("Acknowledged by Mia").first.wait_for()
    tab.page.reload()
    tab.page.get_by_text("Acknowledged by Mia").first.wait_for()


@pytest.mark.parametrize("path", ["/", "/model?name=late-arrival", "/incidents", "/health"])
@pytest.mark.parametrize(
    ("looks", "how"),
    [("phone", {"width": 390}), ("dark", {"color_scheme": "dark"})],
)
def test_a_phone_and_a_dark_room_are_served(
    visit: Tab, tmp_path: Path, looks: str, how: dict[str, Any], path: str
) -> None:
    tab = visit(**how).open(path).settle()
    name = re.sub(r"\W+", "-", path).strip("-") or "overview"
    assert tab.picture(tmp_path, f"{name}-{looks}").stat().st_size > 10_000
    wide = "document.querySelector('[data-testid=stMain]').scrollWidth"
    assert tab.page.evaluate(wide) <= how.get("width", 1280)
    if looks == "dark":
        ground = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
        parts = [int(part) for part in re.findall(r"\d+", tab.page.evaluate(ground))[:3]]
        assert max(parts) < 60
    assert tab.said == []


def test_the_keyboard_alone_leads_to_the_model(visit: Tab) -> None:
    tab = visit().open("/").settle()
    for _ in range(40):
        tab.page.keyboard.press("Tab")
        if "model?name=late-arrival" in str(tab.page.evaluate(FOCUSED)):
            break
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url(re.compile(r"/model\?name=late-arrival"))
