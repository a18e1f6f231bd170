"""Season: what the hour of the day, the day of the week and the time of the year add to scores,
where they matter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from driftline.profiles.grid import Floats
from driftline.windows import Window

DAY = timedelta(days=1)

LEAST = 4
"""Windows of each phase that a reference needs to know what it adds."""

DOUBT = 3.0
"""Ratio of variances (between phases to within, 1 where there is no season) up to which a phase is
taken to add nothing; beyond, the part 1 - DOUBT / ratio of what was seen."""

GAP = 45
"""Days of the year in a row that a reference may lack to have the whole year in it."""

WAVES = 2
"""Cycles a year up to which a course over the year is drawn: a cold half and a warm one, and how
they differ in shape."""

Phase = tuple[int, int, int]
"""The phases of a window: the slot of the day, the day of the week and that of the year."""

NEVER_MET: Phase = (-1, -1, -1)
"""The phases of a window that has none: they add nothing."""

Phases = NDArray[np.int64]
"""The phases of windows, shape (windows, 3)."""

Known = tuple[bool, bool, bool]
"""Of which phases it is known what they add: slots of the day, days of the week, the year."""


def phases_of(window: Window) -> Phase:
    """The phases of a window: the slot of the day (always 0 for days), the day of the week (0 is
    Monday; always 0 for longer windows than days) and the day of the year (0 is 1 January). All in
    UTC, as windows are.

    >>> from datetime import datetime
    >>> start = datetime(2024, 1, 6, 13)
    >>> phases_of(Window(start, start + timedelta(hours=1)))
    (13, 5, 5)
    """
    start, length = window.start, window.end - window.start
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    weekday = start.weekday() if length <= DAY else 0
    return (start - midnight) // length, weekday, start.timetuple().tm_yday - 1


def known_of(phases: Phases) -> Known:
    """Of which phases a reference with such windows knows what they add. Parts of it, that are held
    out or not, are asked for the same: otherwise they would tell of other scores than live ones."""
    return _enough(phases[:, 0]), _enough(phases[:, 1]), covers_year(phases)


def _enough(phase: NDArray[np.int64]) -> bool:
    sizes = np.unique(phase, return_counts=True)[1]
    return len(sizes) > 1 and bool(sizes.min() >= LEAST)


def covers_year(phases: Phases) -> bool:
    """Whether windows of these phases have the whole year in them."""
    days = np.unique(phases[:, 2])
    return bool(np.diff(days, append=days[0] + 366).max(initial=0) <= GAP) and len(days) > 1


@dataclass(frozen=True)
class Season:
    """What phases add to the scores of F questions.

    Attributes:
        adds: one array of shape (phases, F) for the slots of the day and one for the days of the
            week. The last row is of phases that were never met: they add nothing.
        year: shape (2 * WAVES, F): how far each wave over the year moves the scores.
    """

    adds: tuple[Floats, ...]
    year: Floats

    def without(self, scores: Floats, phases: Phases) -> Floats:
        """Scores of windows (windows x F) as they would be without their phases."""
        left: Floats = scores - _waves(phases[:, 2]) @ self.year
        for at, adds in enumerate(self.adds):
            known = np.minimum(phases[:, at], len(adds) - 1)
            left = left - adds[known]
        return left


def fit_season(scores: Floats, phases: Phases, known: Known) -> Season:
    """What the `known` phases of windows add to their scores: of each question as much as its
    windows differ more between phases than within them, which is nothing where there is no
    season."""
    year = _year(scores, phases[:, 2]) if known[2] else np.zeros((2 * WAVES, scores.shape[1]))
    scores = scores - _waves(phases[:, 2]) @ year
    adds = []
    for phase, asked in zip(phases.T[:2], known[:2], strict=True):
        found = _adds(scores, phase) if asked else np.zeros((1, scores.shape[1]))
        adds.append(found)
        scores = scores - found[np.minimum(phase, len(found) - 1)]
    return Season(tuple(adds), year)


def _waves(day: NDArray[np.int64]) -> Floats:
    """The waves at these days of the year, shape (windows, 2 * WAVES); 0 for a day never met."""
    turns = 2 * np.pi * np.outer(day / 365.25, np.arange(1, WAVES + 1))
    waves: Floats = np.hstack([np.cos(turns), np.sin(turns)])
    return np.where(day[:, None] < 0, 0.0, waves)


def _year(scores: Floats, day: NDArray[np.int64]) -> Floats:
    waves, count = _waves(day), 2 * WAVES
    waves = waves - waves.mean(axis=0)
    around = scores - scores.mean(axis=0)
    found: Floats = np.linalg.lstsq(waves, around, rcond=None)[0]
    drawn = waves @ found
    between = (drawn**2).sum(axis=0) / count
    within = ((around - drawn) ** 2).sum(axis=0) / max(1, len(scores) - 1 - count)
    found *= _trusted(between, within)
    return found


def _trusted(between: Floats, within: Floats) -> Floats:
    """The part of what was seen that is believed."""
    trusted: Floats = np.clip(1 - DOUBT * within / np.maximum(between, 1e-12), 0, 1)
    return trusted


def _adds(scores: Floats, phase: NDArray[np.int64]) -> Floats:
    """Nothing for phases without windows, the last one among them."""
    member = phase[:, None] == np.arange(int(phase.max()) + 2)
    sizes = member.sum(axis=0)[:, None]
    used = int(np.count_nonzero(sizes))
    usual = scores.mean(axis=0)
    means = np.where(sizes > 0, member.T @ scores / np.maximum(sizes, 1), usual)
    within = ((scores - means[phase]) ** 2).sum(axis=0) / max(1, len(scores) - used)
    between = (sizes * (means - usual) ** 2).sum(axis=0) / max(1, used - 1)
    found: Floats = _trusted(between, within) * (means - usual)
    return found
