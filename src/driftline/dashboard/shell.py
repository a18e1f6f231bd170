"""What all pages share: style, pieces of HTML with links, crumbs, the foot, refreshing."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any, ParamSpec

import streamlit as st
from markupsafe import Markup

from driftline.dashboard.login.visitor import is_over, visitor
from driftline.dashboard.rendering import render
from driftline.dashboard.shown import shown
from driftline.dashboard.times import Zone, viewers_zone

P = ParamSpec("P")
ASSETS = Path(__file__).parent / "assets"

REFRESH = 20.0
"""Seconds after which what is open in a browser is looked up again."""


def refreshed(draw: Callable[P, None]) -> Callable[P, None]:
    """Decorates the part of a page that is drawn again every REFRESH seconds, until the session of
    who looks is over."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> None:
        if is_over():
            leave()
        else:
            draw(*args, **kwargs)

    @wraps(draw)
    def repeated(*args: P.args, **kwargs: P.kwargs) -> None:
        st.fragment(drawn, run_every=REFRESH)(*args, **kwargs)

    return repeated


@cache
def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def style() -> None:
    """What the page around our pieces needs."""
    st.html(f"<style>{_asset('page.css')}</style>")


def piece(template: str, key: str, **values: Any) -> None:
    """Draw a template of `templates/`. A link to one of our pages in it (see `navigation.href`) is
    followed without loading everything anew; `key` is unique on the page."""
    html = render(template, zone=zone(), now=shown().now(), **values)
    _mount(key, {"html": str(html)})


def go(address: str) -> None:
    """Go to a page of ours, as if a link to it was followed."""
    _mount("go", {"html": "", "go": address})


def leave() -> None:
    """Say that the session is over, and lead the browser to the login."""
    html = render("over.html.j2")
    _mount("leave", {"html": str(html), "leave": "/login"})


def _mount(key: str, data: dict[str, str]) -> None:
    mount = st.components.v2.component(
        "driftline_piece", css=_asset("pieces.css"), js=_asset("pieces.js")
    )
    mount(key=key, data=data)


def zone() -> Zone:
    """The time zone of who looks."""
    return viewers_zone(st.context.timezone)


def crumbs(*way: tuple[str, str]) -> None:
    """Where one is: text and address of each step on the way here; the last is this page's title,
    with no address."""
    piece("crumbs.html.j2", "crumbs", way=way)


def empty(title: str, words: str | Markup, *steps: str | Markup, key: str = "empty") -> None:
    """Nothing to show: why, and what to do."""
    piece("empty.html.j2", key, title=title, words=words, steps=steps)


def foot(page: str) -> None:
    """The end of every page: which times are told, and who has logged in. `page` is the last part
    of its address: a page that was asked for and not drawn is asked for again."""
    piece("foot.html.j2", "foot", visitor=visitor(), page=page)


def chart(figure: Any, key: str, words: str, **more: Any) -> Any:
    """Draw a figure in the look of the page; `words` say what it is to those who listen."""
    from driftline.charts import DARK, LIGHT, template

    look = DARK if st.context.theme.type == "dark" else LIGHT
    figure.update_layout(template=template(look), dragmode="zoom")
    config = {"displaylogo": False, "displayModeBar": False, "scrollZoom": False}
    return st.plotly_chart(figure, theme=None, key=key, alt=words, config=config, **more)
