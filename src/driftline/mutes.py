"""Mutes: spans in which people want to hear nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Mute:
    """A span in which no notice of a model (None: of any model) is sent, as during a deployment."""

    id: str
    model: str | None
    start: datetime
    end: datetime
    by: str = ""
    reason: str = ""
