"""Pages and their addresses: /model?name=late-arrival&days=90 and so on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from urllib.parse import quote, urlencode

import streamlit as st

from driftline.dashboard.login.visitor import is_over
from driftline.dashboard.shell import foot, leave, style

ASSETS = Path(__file__).parent / "assets"
ICON = str(ASSETS / "icon.svg")
LOGO = str(ASSETS / "logo.svg")


@dataclass(frozen=True)
class Place:
    """A page: the module of `views/` that draws it (`draw()`), and whether the menu names it."""

    name: str
    title: str
    in_menu: bool = True

    def draw(self) -> None:
        page: Callable[[], None] = import_module(f"driftline.dashboard.views.{self.name}").draw
        page()


PLACES = {
    place.name: place
    for place in (
        Place("overview", "Overview"),
        Place("incidents", "Incidents"),
        Place("health", "Health"),
        Place("settings", "Settings"),
        Place("incident", "Incident", in_menu=False),
        Place("model", "Model", in_menu=False),
        Place("column", "Column", in_menu=False),
    )
}
"""In the order of the menu. The first is the one at /."""


def run(first: str = "overview") -> None:
    """Draw the page that was asked for; `first` is the one at /."""
    st.set_page_config(page_title="Driftline", page_icon=ICON, layout="wide")
    style()
    st.logo(LOGO, size="medium", link=None)
    pages = {name: _page(place, name == first) for name, place in PLACES.items()}
    chosen = st.navigation(list(pages.values()), position="top")
    st.set_page_config(page_title=f"{chosen.title} · Driftline")
    if is_over():
        leave()
        return
    chosen.run()
    foot(chosen.url_path)


def _page(place: Place, default: bool = False) -> st.Page:
    return st.Page(
        place.draw,
        title=place.title,
        url_path=place.name,
        default=default,
        visibility="visible" if place.in_menu else "hidden",
    )


def href(page: str, **query: object) -> str:
    """The address of a page, as a link on a page has it.

    >>> href("model", name="a b", days=30), href("overview")
    ('model?name=a+b&days=30', './')
    """
    told = {name: value for name, value in query.items() if value not in (None, "")}
    path = "./" if page == "overview" else quote(page)
    return f"{path}?{urlencode(told)}" if told else path
