"""Season: what the hour of the day and the day of the week add to scores, where they matter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from driftline.profiles.grid import Floats
from driftline.windows import Window

DAY = timedelta(days=1)

LEAST = 4
"""Windows of each phase from which on something is known of it."""

DOUBT = 3.0
"""Ratio of variances (between phases to within, 1 where there is no season) up to which a phase is
taken to add nothing; beyond, the part 1 - DOUBT / ratio of what was seen."""

NEVER_MET = (-1, -1)
"""The phases of a window that has none: those of the last row."""

Phases = NDArray[np.int64]
"""The phases of windows, shape (windows, 2): the slot of the day and the day of the week."""


def phases_of(window: Window) -> tuple[int, int]:
    """The phases of a window: the slot of the day (always 0 for days) and the day of the week
    (0 is Monday; always 0 for longer windows than days). Both in UTC, as windows are.

    >>> from datetime import datetime
    >>> start = datetime(2024, 1, 6, 13)
    >>> phases_of(Window(start, start + timedelta(hours=1)))
    (13, 5)
    """
    start, length = window.start, window.end - window.start
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    return (start - midnight) // length, start.weekday() if length <= DAY else 0


@dataclass(frozen=True)
class Season:
    """What each phase adds to the scores of F questions; one array of shape (phases, F) for the
    slots of the day and one for the days of the week. The last row is of phases that were never
    met: they add nothing."""

    adds: tuple[Floats, ...] = ()

    def without(self, scores: Floats, phases: Phases) -> Floats:
        """Scores of windows (windows x F) as they would be without their phases."""
        left = scores
        for at, adds in enumerate(self.adds):
            known = np.minimum(phases[:, at], len(adds) - 1)
            left = left - adds[known]
        return left


def fit_season(scores: Floats, phases: Phases) -> Season:
    """What the phases of windows add to their scores: of each question as much as its windows
    differ more between phases than within them, which is nothing where there is no season."""
    adds = []
    for at in range(phases.shape[1]):
        found = _adds(scores, phases[:, at])
        adds.append(found)
        scores = scores - found[phases[:, at]]
    return Season(tuple(adds))


def _adds(scores: Floats, phase: NDArray[np.int64]) -> Floats:
    count = int(phase.max(initial=0)) + 2  # one that nobody has met
    member = phase[:, None] == np.arange(count)
    sizes = member.sum(axis=0)
    nothing = np.zeros((count, scores.shape[1]))
    used = sizes > 0
    if used.sum() < 2 or sizes[used].min() < LEAST:
        return nothing
    usual = scores.mean(axis=0)
    means = np.where(used[:, None], member.T @ scores / np.maximum(sizes, 1)[:, None], usual)
    within = ((scores - means[phase]) ** 2).sum(axis=0) / max(1, len(scores) - used.sum())
    between = (sizes[:, None] * (means - usual) ** 2).sum(axis=0) / (used.sum() - 1)
    trusted = np.clip(1 - DOUBT * within / np.maximum(between, 1e-12), 0, 1)
    found: Floats = nothing + trusted * (means - usual)
    return found
