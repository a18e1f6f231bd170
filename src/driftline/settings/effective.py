"""Settings as they are in effect, value by value, for people to read. Secrets are not told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, PlainSerializer, SecretStr
from pydantic.fields import FieldInfo

from driftline.channels import channel_kinds
from driftline.settings.faults import INTERNAL
from driftline.settings.fields import shown_url
from driftline.sources import source_kinds
from driftline.ticks import Cron
from driftline.windows import format_duration, iso

HIDDEN = "hidden"
NOTHING = "none"


@dataclass(frozen=True)
class Value:
    """One value: its key, below that of sections (`log.retention`); what it is, in words; whether
    the settings give it (else it is a default)."""

    key: str
    text: str
    given: bool


def effective(section: BaseModel, without: tuple[str, ...] = ()) -> Iterator[Value]:
    """Every value of a section and of those below it, in order, but for the keys `without`."""
    for name, field in type(section).model_fields.items():
        if name in without:
            continue
        value, given = getattr(section, name), name in section.model_fields_set
        if isinstance(value, BaseModel):
            yield from _kind(name, value)
            prefix = "" if name in INTERNAL else f"{field.alias or name}."
            for below in effective(value):
                yield Value(f"{prefix}{below.key}", below.text, below.given and given)
        else:
            words = None if given else _default(value, field)
            yield Value(field.alias or name, words or _told(value, field), given)


def _kind(name: str, value: BaseModel) -> Iterator[Value]:
    """The kind of a source or channel, as the settings file names it."""
    if name == "origin":
        found = [kind.name for kind in source_kinds().values() if type(value) is kind.settings]
        yield from (Value("source", kind, given=True) for kind in found)
    elif name == "options":
        found = [kind.name for kind in channel_kinds().values() if type(value) is kind.settings]
        yield from (Value("kind", kind, given=True) for kind in found)


def _default(value: Any, field: FieldInfo) -> str | None:
    """A default in words, where the value itself does not say it."""
    if isinstance(field.json_schema_extra, dict) and "default" in field.json_schema_extra:
        return str(field.json_schema_extra["default"])
    if value is not None and value != ():
        return None
    found = re.search(r"default: ([^.;]*)", field.description or "", re.IGNORECASE)
    return " ".join(found[1].split()) if found else None


def _told(value: Any, field: FieldInfo) -> str:
    """The text of a value."""
    if isinstance(value, SecretStr):
        open_to_see = any(isinstance(one, PlainSerializer) for one in field.metadata)
        return shown_url(value) if open_to_see else HIDDEN
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_told(one, field)}" for key, one in value.items()) or NOTHING
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(_told(one, field) for one in value) or NOTHING
    return _word(value)


def _word(value: Any) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        return format_duration(value) if value else "0"
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Cron):
        return value.expression
    if isinstance(value, ZoneInfo):
        return value.key
    text = str(value)
    return shown_url(text) if re.match(r"[a-z][a-z0-9+.-]*://", text) else text
