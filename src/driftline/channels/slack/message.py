"""A notice as a Slack message: Block Kit within one coloured attachment. Values in, values out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from driftline.channels.links import incident_url
from driftline.channels.looks import COLOURS, cut, ending, fields, heading
from driftline.notices import News, Notice
from driftline.wording import KINDS, one_line

SHOWN = 4
"""Incidents told in full; the others get a line each."""

LISTED = 15
"""Incidents that get a line; the others are counted."""

FACTS, FACT = 6, 280
"""So many facts of an incident, each of so many characters."""

_SIGNS = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "*": "∗", "~": "∼", "`": "ˋ"}
Block = dict[str, Any]


def escaped(text: str) -> str:
    """Text from data as Slack shows it to the letter: no mention, link or formatting comes of it.

    >>> escaped("<!channel> *net_price* & _x_")
    '&lt;!channel&gt; ∗net_price∗ &amp; ＿x＿'
    """
    plain = re.sub(r"(?<!\w)_+|_+(?!\w)", lambda m: "＿" * len(m[0]), one_line(text))
    return "".join(_SIGNS.get(sign, sign) for sign in plain)


def message(notice: Notice) -> dict[str, Any]:
    """The body for an incoming webhook."""
    title = escaped(cut(one_line(notice.title), 250))
    found = notice.news
    blocks: list[Block] = []
    for news in found[:SHOWN]:
        blocks += [*([{"type": "divider"}] if blocks else []), *_told(news, notice.url)]
    if len(found) > SHOWN:
        blocks += [{"type": "divider"}, _section(_lines(found[SHOWN:], notice.url))]
    if not blocks:
        blocks.append(_section("If you can read this, notices arrive here."))
    attachment = {"color": COLOURS[notice.severity], "fallback": title, "blocks": blocks}
    return {"text": f"*{title}*", "attachments": [attachment]}


def _told(news: News, url: str) -> list[Block]:
    """One incident: what, the message, who asks what, the facts, what to do."""
    incident = news.incident
    name = _linked(escaped(heading(news)), news, url)
    said = escaped(cut(incident.message, 2 * FACT))
    blocks = [_section(f"*{name}*\n{said}")]
    cells = [f"*{key}*\n{escaped(cut(value, FACT))}" for key, value in fields(news).items()]
    blocks.append({"type": "section", "fields": [_text(cell) for cell in cells]})
    if facts := news.facts:
        lines = [f"• {escaped(cut(fact, FACT))}" for fact in facts[:FACTS]]
        lines += [f"… and {len(facts) - FACTS} more"] if len(facts) > FACTS else []
        blocks.append(_section("\n".join(lines)))
    if not news.over and incident.next_steps:
        steps = [f"{i}. {escaped(cut(s, FACT))}" for i, s in enumerate(incident.next_steps, 1)]
        blocks.append(_section("\n".join(["*What to do*", *steps])))
    blocks.append({"type": "context", "elements": [_text(escaped(cut(ending(news), 2 * FACT)))]})
    return blocks


def _linked(words: str, news: News, url: str) -> str:
    return f"<{incident_url(url, news.incident.id)}|{words}>" if url else words


def _lines(found: Iterable[News], url: str) -> str:
    rest = list(found)
    lines = []
    for news in rest[:LISTED]:
        name = f"{KINDS[news.incident.kind]} {news.what}"
        told = escaped(cut(news.incident.message, 90))
        lines.append(f"• {_linked(escaped(name), news, url)}: {told}")
    lines += [f"… and {len(rest) - LISTED} more"] if len(rest) > LISTED else []
    return "\n".join(lines)


def _section(text: str) -> Block:
    return {"type": "section", "text": _text(text)}


def _text(text: str) -> dict[str, Any]:
    """`verbatim`: what looks like an address or a name in the text is no link and no mention."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}
