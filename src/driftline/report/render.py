"""Rendering: views and figures into one HTML page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from driftline import wording
from driftline.notices import bad_time, together
from driftline.report import figures
from driftline.report import view as views
from driftline.report.page import ModelPage


def render(models: Sequence[ModelPage]) -> str:
    """The page about `models`, complete: style, scripts and plotly.js are inside.

    Every text from data is escaped. With no models the page says so and how to begin.
    """
    shown = [views.view(model, number) for number, model in enumerate(models, 1)]
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            models=shown,
            headline=views.headline(shown),
            generated_at=max((model.generated_at for model in models), default=None),
        )
    )


def _code(text: str) -> Markup:
    """Escaped text in which what stands between backticks is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("driftline.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        code=_code,
        count=wording.count,
        duration=wording.duration,
        kind=wording.KINDS.__getitem__,
        listing=wording.listing,
        metric=wording.metric_name,
        moment=wording.moment,
        number=wording.number,
        percent=wording.percent,
        period=wording.period,
        span=wording.span,
        change=views.change_words,
        main_change=views.main_change,
        tiles=views.tiles,
        together=together,
        verdict=views.verdict_words,
    )
    made.globals.update(
        bad_time=bad_time,
        lasted=views.lasted,
        templates=figures.templates,
        plotly_js=figures.plotly_js,
        DRAWN=views.DRAWN,
        **figures.FIGURES,
    )
    return made
