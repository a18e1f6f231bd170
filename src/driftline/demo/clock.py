"""When the demo's year begins and ends; by its settings file a demo is known."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

REFERENCE_START = datetime(2013, 1, 1, tzinfo=UTC)
END = datetime(2014, 1, 1, tzinfo=UTC)
LAST_LABEL = END.replace(hour=12)
"""Noon of the day after the last flight: every label that comes has come."""

MARK = "# The Driftline demo"
"""How the demo's settings file begins."""


def demo_moment(config: Path) -> datetime | None:
    """Where the clock of a demo stands; None where `config` is not that of a demo."""
    try:
        with config.open(encoding="utf-8") as file:
            return LAST_LABEL if file.read(len(MARK)) == MARK else None
    except (OSError, UnicodeDecodeError):  # told when the settings are read
        return None
