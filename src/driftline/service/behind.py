"""Behind: what should have been done by now and is not. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from driftline.settings.models import ModelSettings
from driftline.stores.schedule import Turn
from driftline.windows import parse_moment

NONE = timedelta()


def windows_behind(
    model: ModelSettings, position: datetime | None, turn: Turn | None, now: datetime
) -> int:
    """How many windows had ended when the model was looked at last, or should have been, and are
    not judged. 0 for a model that was never begun: nothing is known of its windows.

    Args:
        position: up to where the model is judged.
        turn: its place in the schedule; None: nothing but `now` says when it is looked at.
    """
    if position is None:
        return 0
    looked = _looked(turn, now) - model.predictions.delay
    return max(0, (looked - position) // model.window)


def _looked(turn: Turn | None, now: datetime) -> datetime:
    if turn is None:
        return now
    last = parse_moment(turn.last["started"]) if turn.last else turn.due
    return max(last, turn.due) if turn.due <= now else last


def overdue(turn: Turn, now: datetime) -> timedelta:
    """For how long the model should have been looked at and nobody is at it."""
    return NONE if in_hand(turn, now) else max(NONE, now - turn.due)


def in_hand(turn: Turn, now: datetime) -> bool:
    """Whether a service is at it."""
    return turn.claimed_until is not None and turn.claimed_until > now
