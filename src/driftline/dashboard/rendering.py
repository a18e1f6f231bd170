"""Templates of the dashboard's pieces. Every text from data is escaped."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from driftline import wording
from driftline.dashboard import times
from driftline.dashboard.sparkline import sparkline
from driftline.notices import bad_time, together


def render(template: str, **values: Any) -> Markup:
    """The piece as safe HTML."""
    return Markup(_environment().get_template(template).render(**values))


def code(text: str) -> Markup:
    """Escaped text in which what stands between backticks is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


@cache
def _environment() -> Environment:
    from driftline.dashboard.navigation import href

    made = Environment(
        loader=ChoiceLoader(
            [PackageLoader("driftline.dashboard"), PackageLoader("driftline.report")]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        ago=times.ago,
        code=code,
        count=wording.count,
        duration=wording.duration,
        kind=wording.KINDS.__getitem__,
        listing=wording.listing,
        local=times.local,
        metric=wording.metric_name,
        moment=wording.moment,
        number=wording.number,
        offset_of=lambda now, zone: times.offset(zone, now),
        p=wording.p_value,
        percent=wording.percent,
        period=wording.period,
        span=wording.span,
        statistic=wording.statistic_name,
        together=together,
    )
    made.globals.update(bad_time=bad_time, href=href, sparkline=sparkline)
    return made
