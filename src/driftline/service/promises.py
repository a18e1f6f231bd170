"""Promises: what a reference is too short or too wild to promise, in words for its owner."""

from __future__ import annotations

import math
from datetime import timedelta

from driftline.acceptance import REACH, enough_windows
from driftline.alarms.calibration import MIN_WINDOWS
from driftline.alarms.season import phases_of
from driftline.alarms.wild import wild_of
from driftline.reference import Reference
from driftline.service.learned import drift_part, rate_of
from driftline.settings.models import ModelSettings, ReferenceSpan
from driftline.windows import format_duration
from driftline.wording import count, span

DAY = timedelta(days=1)
TOLD = 5
"""Wild windows that are named."""


def cautions_of(model: ModelSettings, reference: Reference) -> list[str]:
    """What a model's reference is too short or too wild to promise; mostly nothing."""
    short = short_of(model, len(reference.windows)) if reference.timestamp is not None else []
    return [*short, *never_rolls(model), *wild_in(reference)]


def short_of(model: ModelSettings, windows: int) -> list[str]:
    """Why a reference of so many windows cannot keep the false-alarm budget; empty where it can."""
    length = format_duration(model.window)
    asked = rate_of(model)
    known = f"the reference has {count(windows, 'window')} of {length} with at least "
    known += f"{model.alarms.min_rows} rows"
    if windows < MIN_WINDOWS:
        told = (
            f"with fewer than {MIN_WINDOWS} rows are taken as independent, which alarms too often"
        )
        return [f"{known}; {told} on data that differs from day to day"]
    if asked < 1 / (windows + 1):
        shared = (
            f", of which {1 - drift_part(model):.0%} is for performance" if model.labels else ""
        )
        few = f"too few to promise a false alarm in {1 / asked:.0f} windows"
        best = f"the best bound is one in {windows + 1}"
        give = "give a longer reference or a larger budget"
        return [f"{known}: {few} ({model.alarms.false_alarms}{shared}), {best}; {give}"]
    return []


def never_rolls(model: ModelSettings) -> list[str]:
    """Why a rolling reference stays where it began; empty where it moves."""
    spec, needed = model.reference, enough_windows(model.window)
    if not isinstance(spec, ReferenceSpan) or spec.rolling is None:
        return []
    reached = REACH * spec.rolling // model.window
    if reached >= needed:
        return []
    least = timedelta(days=math.ceil(needed * model.window / REACH / DAY))
    rolling, length = format_duration(spec.rolling), format_duration(model.window)
    told = f"the reference never rolls: {rolling} and up to {REACH} times as far back are"
    told += f" {count(reached, 'window')} of {length}, and {needed} are needed"
    return [f"{told}; give `rolling` at least {least.days}d"]


def wild_in(reference: Reference) -> list[str]:
    """The windows of a reference that are far from its others, by name."""
    if len(reference.windows) < MIN_WINDOWS or not reference.grids:
        return []
    windows = list(reference.windows)
    found = wild_of(list(reference.windows.values()), [phases_of(window) for window in windows])
    named = [f"{span(windows[wild.place])} ({wild.column})" for wild in found[:TOLD]]
    further = f" and {len(found) - TOLD} more" if len(found) > TOLD else ""
    if not named:
        return []
    told = f"far from the other windows of the reference: {', '.join(named)}{further}"
    return [f"{told}; where that is not normal, leave it out with reference.exclude"]
