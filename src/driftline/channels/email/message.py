"""A notice as an email. Values in, a message out."""

from __future__ import annotations

from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, parseaddr
from functools import cache
from typing import TYPE_CHECKING

from driftline.channels.links import incident_url
from driftline.channels.looks import COLOURS, cut, ending, fields, heading
from driftline.notices import Notice
from driftline.wording import one_line

if TYPE_CHECKING:
    from jinja2 import Template

SHOWN = 6
"""Incidents told in full; the others get a line each."""

LISTED = 40
"""Incidents that get a line; the others are counted."""

WORKS = "If you can read this, notices arrive here."


def message(notice: Notice, sender: str, to: Sequence[str]) -> EmailMessage:
    """The whole message, with its picture where there is something to draw."""
    domain = parseaddr(sender)[1].rpartition("@")[2]
    made = EmailMessage(policy=SMTP)
    made["Subject"] = cut(one_line(notice.title), 180)
    made["From"] = sender
    made["To"] = ", ".join(to)
    made["Date"] = formatdate(usegmt=True)
    made["Message-ID"] = f"<{notice.id}.driftline@{domain}>"
    if incidents := [one_line(news.incident.id) for news in notice.news[:8]]:
        threads = (f"<{name.replace(' ', '')}.driftline@{domain}>" for name in incidents)
        made["References"] = " ".join(threads)
    made["Auto-Submitted"] = "auto-generated"
    if notice.severity in ("high", "critical"):
        made["Importance"] = "high"
    picture = _drawn(notice)
    made.set_content(text(notice))
    made.add_alternative(html(notice, picture[1] if picture else ""), subtype="html")
    if picture:
        page = made.get_payload(1)
        assert isinstance(page, EmailMessage)
        page.add_related(picture[0], "image", "png", disposition="inline", cid="<change>")
    return made


def _drawn(notice: Notice) -> tuple[bytes, str] | None:
    """The picture as PNG and what it shows; an alarm must not be lost over a picture."""
    if notice.illustration is None:
        return None
    from driftline.channels.email.picture import draw

    try:
        return draw(notice.illustration)
    except Exception:  # noqa: BLE001
        return None


def text(notice: Notice) -> str:
    """For readers without HTML."""
    lines = [str(notice)]
    for news in notice.news[:SHOWN]:
        lines += ["", f"{heading(news)}: {ending(news)}"]
        lines += [f"  {title}: {value}" for title, value in fields(news).items()]
        if notice.url:
            lines.append(f"  {incident_url(notice.url, news.incident.id)}")
        if not news.over:
            lines += [f"  {i}. {step}" for i, step in enumerate(news.incident.next_steps, 1)]
    if not notice.news:
        lines.append(WORKS)
    return "\n".join(lines)


def html(notice: Notice, picture: str = "") -> str:
    """The page; `picture` is what the picture beside it shows, if there is one."""
    news = notice.news
    return _template().render(
        title=one_line(notice.title),
        colour=COLOURS[notice.severity],
        shown=news[:SHOWN],
        others=news[SHOWN : SHOWN + LISTED],
        uncounted=max(0, len(news) - SHOWN - LISTED),
        url=notice.url,
        picture=picture,
        works=WORKS,
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("driftline.channels.email"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        colour_of=lambda news: COLOURS[None if news.over else news.incident.severity],
        heading=heading,
        fields=fields,
        ending=ending,
        incident_url=incident_url,
    )
    return made.get_template("notice.html.j2")
