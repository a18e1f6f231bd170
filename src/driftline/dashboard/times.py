"""Moments as the viewer reads them: in the zone of the browser, and in UTC beside it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from driftline.wording import MINUS, count

Zone = tzinfo


def viewers_zone(name: str | None) -> Zone:
    """The zone a browser names; UTC when it names none that is known here.

    >>> str(viewers_zone("Europe/Berlin")), str(viewers_zone("Mars/Base")), str(viewers_zone(None))
    ('Europe/Berlin', 'UTC', 'UTC')
    """
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, ValueError, OSError):
        return UTC


def local(moment: datetime, zone: Zone) -> Markup:
    """A moment in the zone, with UTC beside it where that is another time.

    >>> local(datetime(2026, 7, 1, 22, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    Markup('<time datetime="2026-07-01T22:30:00+00:00">2 Jul 2026, 00:30 <small>(22:30 UTC)</small></time>')
    >>> str(local(datetime(2026, 7, 1, 22, 30, tzinfo=UTC), UTC))
    '<time datetime="2026-07-01T22:30:00+00:00">1 Jul 2026, 22:30 UTC</time>'
    """  # noqa: E501
    utc, here = moment.astimezone(UTC), moment.astimezone(zone)
    told = f"{here.day} {here:%b %Y, %H:%M}"
    if here.utcoffset():
        beside = Markup("{} <small>({} UTC)</small>").format(told, f"{utc:%H:%M}")
    else:
        beside = escape(f"{told} UTC")
    return Markup('<time datetime="{}">{}</time>').format(utc.isoformat(), beside)


def offset(zone: Zone, now: datetime) -> str:
    """
    >>> offset(ZoneInfo("America/New_York"), datetime(2026, 7, 1, tzinfo=UTC))
    'UTC−4'
    >>> offset(ZoneInfo("Asia/Kolkata"), datetime(2026, 7, 1, tzinfo=UTC))
    'UTC+5:30'
    """
    minutes = int((now.astimezone(zone).utcoffset() or timedelta()).total_seconds() // 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = MINUS if minutes < 0 else "+"
    return f"UTC{sign}{hours}{f':{rest:02}' if rest else ''}" if minutes else "UTC"


def ago(moment: datetime, now: datetime) -> str:
    """How long ago in the largest unit.

    >>> now = datetime(2026, 7, 1, tzinfo=UTC)
    >>> ago(now - timedelta(minutes=150), now), ago(now, now), ago(now + timedelta(days=2), now)
    ('2 hours ago', 'just now', 'in 2 days')
    """
    seconds = (now - moment).total_seconds()
    for size, noun in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if abs(seconds) >= size:
            told = count(int(abs(seconds) // size), noun)
            return f"{told} ago" if seconds > 0 else f"in {told}"
    return "just now"
