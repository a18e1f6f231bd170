"""Wild windows: those of a reference that are far from all its others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from driftline.alarms.evidence import score_own_windows
from driftline.alarms.questions import NEW_NUMBERS, questions_of
from driftline.alarms.season import Phase, fit_season, known_of
from driftline.alarms.severity import MEDIUM
from driftline.alarms.spans import CERTAIN
from driftline.alarms.standard import fit_volume
from driftline.profiles.grid import Floats
from driftline.profiles.profile import Profile

SOME = 0.1
"""Share of the windows from which on far ones are no exception: days differ as much here."""


@dataclass(frozen=True)
class Wild:
    """A window of the reference by its place, and the column that is furthest out in it."""

    place: int
    column: str


def wild_of(windows: Sequence[Profile], phases: Sequence[Phase]) -> tuple[Wild, ...]:
    """The windows of a reference that are far from the others, the furthest first.

    Far is beyond CERTAIN scales of most windows, with an effect of MEDIUM or more. Numbers
    that no other window had do not count: each storm sets a record. Empty where far windows are no
    exception.
    """
    questions = questions_of(windows[0].grids)
    _, own = score_own_windows(windows, phases)
    levelled = fit_volume(own, questions).level(own)
    season = fit_season(levelled, own.phases, known_of(own.phases))
    scores = _robust(season.without(levelled, own.phases))
    far = np.where([question.two_sided for question in questions], np.abs(scores), scores)
    counts = np.array([q.statistic not in NEW_NUMBERS and not q.partner for q in questions])
    far = np.where(counts & (own.effects >= MEDIUM), far, 0.0)
    furthest = far.max(axis=1)
    places = [int(i) for i in np.argsort(-furthest) if furthest[i] > CERTAIN]
    if len(places) > SOME * len(windows):
        return ()
    return tuple(Wild(i, questions[int(far[i].argmax())].column) for i in places)


def _robust(scores: Floats) -> Floats:
    """Scores by their middle and the scale of the inner three quarters, which up to a quarter of
    wild windows leave as they are."""
    deviations = scores - np.median(scores, axis=0)
    half, three = np.quantile(np.abs(deviations), [0.5, 0.75], axis=0)
    scaled: Floats = deviations / np.maximum(np.maximum(half / 0.674, three / 1.15), 1.0)
    return scaled
