"""The page in a real browser: it draws, follows the theme, complains of nothing, asks nobody."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from driftline.report import ModelPage, render

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]

PROBE = """
<script>
setTimeout(() => {
  const ink = () => getComputedStyle(document.querySelector(".xtick text")).fill;
  const before = ink();
  document.getElementById("theme").click();
  setTimeout(() => {
    document.body.dataset.inks = before + "|" + ink();
    document.body.dataset.loaded = performance.getEntriesByType("resource").map((e) => e.name);
  }, 500);
}, 4000);
</script></body>
"""


@pytest.fixture(scope="module")
def seen(
    year: ModelPage,
    calm: ModelPage,
    unborn: ModelPage,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[str, str]:
    """The page as the browser has it after drawing, and what the browser said on the console."""
    folder = tmp_path_factory.mktemp("browser")
    page = folder / "report.html"
    page.write_text(render([year, calm, unborn]).replace("</body>", PROBE), encoding="utf-8")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--enable-logging=stderr",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--window-size=1200,12000",
        "--virtual-time-budget=20000",
    ]
    done = subprocess.run(
        [str(CHROMIUM), *flags, f"--user-data-dir={folder}/user", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout, done.stderr


def test_every_figure_is_drawn(seen: tuple[str, str]) -> None:
    dom = seen[0]
    figures = len(re.findall(r'<figure class="plot', dom))
    assert figures == 3 + 6 + 2
    assert len(re.findall(r'<div class="[^"]*js-plotly-plot', dom)) == figures


def test_the_console_is_silent(seen: tuple[str, str]) -> None:
    assert [line for line in seen[1].splitlines() if "CONSOLE" in line] == []


def test_the_page_loads_nothing(seen: tuple[str, str]) -> None:
    found = re.search(r'data-loaded="([^"]*)"', seen[0])
    assert found, "the probe did not run"
    assert found[1] == ""


def test_figures_follow_the_theme(seen: tuple[str, str]) -> None:
    found = re.search(r'data-inks="([^"|]+)\|([^"]+)"', seen[0])
    assert found, "the probe did not run"
    assert found[1] != found[2]


def test_hostile_names_make_no_elements(seen: tuple[str, str]) -> None:
    assert "<script>alert" not in seen[0]
    assert "&lt;script&gt;alert" in seen[0]


def test_on_a_phone_every_chart_is_seen_with_its_names(
    year: ModelPage, tmp_path: Path, browser: Browser
) -> None:
    page = tmp_path / "report.html"
    page.write_text(render([year]), encoding="utf-8")
    tab = browser.new_page(viewport={"width": 390, "height": 844})
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
