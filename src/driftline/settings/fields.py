"""Types of settings: what a value in the file may look like, and what it becomes.

A part (source, channel) builds its own settings model of these, with `CONFIG` as its `model_config`
and a docstring under each field, which becomes its entry in docs/reference/settings.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    SecretStr,
    ValidationInfo,
)

from driftline.alarms.budget import Budget
from driftline.ticks import Cron, Every
from driftline.windows import format_duration, iso, parse_duration, parse_moment

CONFIG = ConfigDict(
    frozen=True,
    extra="forbid",
    use_attribute_docstrings=True,
    hide_input_in_errors=True,
    protected_namespaces=(),
)

DAY = timedelta(days=1)
DEFAULT_STORE = "sqlite:///driftline.db"
WINDOWS = "a length that divides a day (15m, 30m, 1h, 2h, 3h, 4h, 6h, 8h, 12h), 1d or 1w"


def folder_of(info: ValidationInfo) -> Path | None:
    """The folder of the settings file, when the value comes from one."""
    context: Any = info.context
    folder = context.get("folder") if isinstance(context, Mapping) else None
    return folder if isinstance(folder, Path) else None


def told_around(info: ValidationInfo, word: str) -> str | None:
    """What the settings file says around a source's value: `model` (its name), `version`, or
    `section` (predictions, labels or reference)."""
    context: Any = info.context
    found = context.get(word) if isinstance(context, Mapping) else None
    return str(found) if isinstance(found, str | int) else None


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    return parse_duration(str(value))


def _pause(value: object) -> timedelta:
    return timedelta() if str(value).strip() == "0" else _duration(value)


def _every(value: object) -> Every:
    text = str(value).strip()
    if isinstance(value, timedelta) or len(text.split()) < 2:
        return _duration(value)
    return Cron(text)


def _zone(value: object) -> ZoneInfo:
    if isinstance(value, ZoneInfo):
        return value
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f'must be a time zone such as UTC or Europe/Berlin; found "{value}"'
        ) from None


def _interval(value: object) -> timedelta | None:
    if value is None or str(value).strip() == "never":
        return None
    try:
        return _duration(value)
    except ValueError as error:
        raise ValueError(f"{error}; or `never`") from None


def _window(length: timedelta) -> timedelta:
    whole = length % timedelta(minutes=1) == timedelta(0) and DAY % length == timedelta(0)
    if not whole and length != timedelta(weeks=1):
        raise ValueError(f'must be {WINDOWS}; found "{format_duration(length)}"')
    return length


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return parse_moment(value)
    try:
        return parse_moment(str(value))
    except ValueError:
        raise ValueError(
            f'must be a date (2013-04-01) or a moment (2013-04-01T06:00:00Z); found "{value}"'
        ) from None


def require_order(start: datetime, end: datetime) -> None:
    """ValueError unless a span's `from` is before its `to`."""
    if start >= end:
        raise ValueError(f"`from` must be before `to`; found {iso(start)} and {iso(end)}")


def parse_budget(text: str) -> Budget:
    """So many false alarms in so long a time.

    >>> parse_budget("2 per week")
    Budget(alarms=2.0, period=datetime.timedelta(days=7))
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s+(?:per|in)\s+(?:(\d+)\s*)?([a-z]+)\s*", text)
    units = {"m": 1, "h": 60, "hour": 60, "d": 1440, "day": 1440, "w": 10080, "week": 10080}
    units |= {"month": 30 * 1440, "year": 365 * 1440}
    minutes = units.get(found[3], units.get(found[3].removesuffix("s"))) if found else None
    if not found or minutes is None or float(found[1]) <= 0 or found[2] == "0":
        raise ValueError(
            "must be so many false alarms in so long a time "
            f'("1 per 30 days", "2 per week", "1 per 12h", "1 per year"); found "{text}"'
        )
    return Budget(float(found[1]), int(found[2] or 1) * timedelta(minutes=minutes))


def _budget(value: object) -> Budget:
    return value if isinstance(value, Budget) else parse_budget(str(value))


def _local_path(text: str, info: ValidationInfo) -> str:
    if not text.strip():
        raise ValueError("must be a path; found nothing")
    return path_from(text, info)


def path_from(text: str, info: ValidationInfo) -> str:
    """A path in the settings file, from its folder, or from somebody's home (`~`)."""
    folder = folder_of(info)
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise ValueError(f'must be a path; found "{text}", and there is no such user') from None
    return str(path if folder is None else folder / path)


def _words(value: object) -> object:
    """Numbers where text is meant: whole ones are taken; others could have lost digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float | bool):
        raise ValueError(f"must be text; found {str(value).lower()}: put it in quotes")
    return value


def _share(value: object) -> object:
    if isinstance(value, str) and value.strip().endswith("%"):
        try:
            return float(value.strip()[:-1]) / 100
        except ValueError:
            return value
    return value


def _label(value: object) -> object:
    if isinstance(value, str | int | float):
        return value
    raise ValueError("must be a label: text, a number, true or false")


def _name(text: str) -> str:
    if not re.fullmatch(r"[^/\\\x00-\x1f]{1,100}", text) or text != text.strip():
        raise ValueError(f'must be 1 to 100 characters without slashes; found "{text}"')
    return text


def _web_url(text: str) -> str:
    if not re.fullmatch(r"https?://\S+", text):
        raise ValueError(f'must begin with http:// or https://; found "{text}"')
    return text.rstrip("/")


def _secret_url(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"https?://[!-~]+", secret.get_secret_value()):
        raise ValueError("must be an address that begins with https:// or http://, without spaces")
    return secret


def _database_url(secret: SecretStr, info: ValidationInfo) -> SecretStr:
    url = secret.get_secret_value()
    found = re.match(r"([a-z][a-z0-9]*)(\+[a-z0-9_]+)?://", url)
    if not found:
        raise ValueError(
            "must be a database URL such as sqlite:///driftline.db or "
            "postgresql://user:password@host/name"
        )
    folder, name = folder_of(info), url[found.end() :].removeprefix("/")
    if found[1] != "sqlite" or folder is None or name in ("", ":memory:") or name[0] in "/?":
        return secret
    return SecretStr(f"{found[0]}/{folder / name}")


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Often = Annotated[Every, BeforeValidator(_every)]
"""A length of time or a cron expression."""
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
Interval = Annotated[timedelta | None, BeforeValidator(_interval)]
"""A length of time, or `never`."""
Pause = Annotated[timedelta, BeforeValidator(_pause)]
"""A length of time, or 0."""
WindowLength = Annotated[timedelta, BeforeValidator(_duration), AfterValidator(_window)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
FalseAlarms = Annotated[Budget, BeforeValidator(_budget)]
LocalPath = Annotated[str, AfterValidator(_local_path)]
"""A path on this machine; a relative one is taken from the folder of the settings file."""
Text = Annotated[str, BeforeValidator(_words)]
Share = Annotated[float, BeforeValidator(_share)]
"""0.05 or "5%"."""
Label = Annotated[Any, BeforeValidator(_label)]
Name = Annotated[str, BeforeValidator(_words), AfterValidator(_name)]
WebUrl = Annotated[str, AfterValidator(_web_url)]
SecretUrl = Annotated[SecretStr, AfterValidator(_secret_url)]
"""An address that is a secret as a whole."""


_WITH_PASSWORD = re.compile(r"((?>(?:[^/@]*/+)?)[^:/]*):(.*)@(.*)", re.DOTALL)
"""As SQLAlchemy reads it: a user may be me@server, a password hold / and ?; this one @ as well."""


def shown_url(url: SecretStr | str) -> str:
    """A URL without its password and query, for people to read; where that could be either, less.

    >>> shown_url("postgresql://me:secret@db/driftline?sslmode=require")
    'postgresql://me:***@db/driftline'
    """
    text = url if isinstance(url, str) else url.get_secret_value()
    found = _WITH_PASSWORD.fullmatch(text)
    if found and not text.startswith("sqlite:///"):
        before, hidden, after = found.groups()
        text = f"{before}:***" if "?" in hidden else f"{before}:***@{after}"
    return text.partition("?")[0]


DatabaseUrl = Annotated[
    SecretStr, AfterValidator(_database_url), PlainSerializer(shown_url, when_used="json")
]
"""Any SQLAlchemy URL; a relative SQLite path is taken from the folder of the settings file."""
