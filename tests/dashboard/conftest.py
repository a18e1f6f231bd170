"""A small watched world that was really judged, and ways to open the dashboard on it: as a script
(AppTest) and in a browser."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from streamlit.runtime import Runtime
from streamlit.testing.v1 import AppTest
from tests.dashboard.worlds import DAY, END, write_world
from tests.fixtures.browser import visiting

from driftline.dashboard.application import application
from driftline.dashboard.options import set_up
from driftline.dashboard.shown import Shown, show
from driftline.service.all_models import run_models
from driftline.service.listening import Address, Http, listening_socket, url_of
from driftline.service.run import Replay
from driftline.settings import load_settings
from driftline.stores import Store, open_store

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from tests.fixtures.browser import Visit


@dataclass(frozen=True)
class World:
    """Settings and store of a watched world."""

    config: Path
    shown: Shown

    @property
    def store(self) -> Store:
        return self.shown.store


@pytest.fixture(scope="session")
def judged_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world's folder after every window of its first two models was judged."""
    folder = tmp_path_factory.mktemp("world")
    settings = load_settings(write_world(folder))
    settings = settings.model_copy(update={"models": settings.models[:2]})
    with closing(open_store(settings.store.get_secret_value())) as store:
        told = run_models(
            settings, store, lambda _: (END, Replay(labels_until=END + DAY)), lambda *_: None
        )
    assert not [run.error for run in told.values() if run.error]
    return folder


def _opened(folder: Path) -> Iterator[World]:
    settings = load_settings(folder / "driftline.yaml")
    with closing(open_store(settings.store.get_secret_value())) as store:
        yield World(folder / "driftline.yaml", Shown(settings, store, lambda: END + DAY / 2))


@pytest.fixture(scope="session")
def world(judged_folder: Path) -> Iterator[World]:
    """The judged world, to look at."""
    yield from _opened(judged_folder)


@pytest.fixture
def own_world(judged_folder: Path, tmp_path: Path) -> Iterator[World]:
    """A copy of it, to change."""
    for file in judged_folder.iterdir():
        shutil.copy(file, tmp_path)
    yield from _opened(tmp_path)


@dataclass(frozen=True)
class Opened:
    """A page that was run without a browser."""

    app: AppTest

    @property
    def html(self) -> str:
        """The HTML of all pieces and the Markdown, in order."""
        return "\n".join(_texts(self.app.main))

    @property
    def figures(self) -> list[dict[str, Any]]:
        """Data and layout of the charts, in order."""
        return [json.loads(chart.proto.spec) for chart in self.app.get("plotly_chart")]

    @property
    def gone_to(self) -> str | None:
        """The address that the page goes to, if it does."""
        found = [json.loads(piece.proto.json) for piece in self.app.get("bidi_component")]
        return next((data["go"] for data in found if "go" in data), None)

    @property
    def text(self) -> str:
        """What a person reads of the pieces: tags gone, entities read, blanks joined."""
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", self.html)).split())


def _texts(node: Any) -> Iterator[str]:
    for child in getattr(node, "children", {}).values():
        if child.type == "bidi_component":
            yield str(json.loads(child.proto.json)["html"])
        elif child.type in ("markdown", "error", "warning", "info", "caption"):
            yield str(child.value)
        yield from _texts(child)


@pytest.fixture
def open_page() -> Callable[..., Opened]:
    """Run a page as Streamlit would, with the query of its address. It must not fail."""

    def opened(shown: Shown, page: str = "overview", **query: str) -> Opened:
        show(shown)
        set_up(None)
        script = f"from driftline.dashboard.navigation import run\nrun({page!r})"
        app = AppTest.from_string(script, default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception, [error.value for error in app.exception]
        return Opened(app)

    return opened


@pytest.fixture(scope="session")
def site(world: World) -> Iterator[str]:
    """The address of the dashboard of `world`, served in this process."""
    with listening_socket(Address("127.0.0.1", 0)) as listening:
        http = Http(application(world.shown), listening, lifespan=True)
        http.start()
        yield url_of(listening)
        http.stop()
        http.join(5)


@pytest.fixture(scope="session")
def runtimes() -> list[Runtime]:
    """Streamlit's runtime of the site: AppTest leaves the process without one."""
    return []


@pytest.fixture
def visit(
    browser: Browser, site: str, world: World, runtimes: list[Runtime]
) -> Iterator[Callable[..., Visit]]:
    """Open a tab: `visit(width=390, color_scheme="dark", timezone_id="Asia/Kolkata")`."""
    show(world.shown)
    if runtimes:
        Runtime._instance = runtimes[0]
    with visiting(browser, site) as visit:
        yield visit
    if not runtimes and Runtime.exists():
        runtimes.append(Runtime.instance())
