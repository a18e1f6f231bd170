"""Versions: which version of a model was watched from when on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from driftline.windows import Window


@dataclass(frozen=True)
class VersionSince:
    """A version of a model, and the start of the first window that was judged while the settings
    named it."""

    version: str
    since: datetime


Versions: TypeAlias = tuple[VersionSince, ...]
"""Oldest first."""


def versions_with(known: Versions, version: str | None, since: datetime) -> Versions:
    """`known` and, when it is another than the last, the `version` that the settings name for the
    window that starts at `since`. None: they name none, and the last one is taken to go on.

    >>> from datetime import UTC, datetime
    >>> first = versions_with((), "1.0", datetime(2026, 1, 1, tzinfo=UTC))
    >>> versions_with(first, "1.0", datetime(2026, 1, 2, tzinfo=UTC)) == first
    True
    """
    if version is None or (known and known[-1].version == version):
        return known
    return (*known, VersionSince(version, since))


def span_of_version(known: Versions, number: int, end: datetime) -> Window:
    """From the first window of the version at `number` to that of the next, or to `end`."""
    until = known[number + 1].since if number + 1 < len(known) else end
    return Window(known[number].since, until)
