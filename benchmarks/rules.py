"""Three ways to decide whether a window is an alarm, for `false_alarms.py`.

A rule learns from the reference's windows and gives a function from live windows, in order, to what
it says of each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from driftline.alarms.budget import Budget
from driftline.alarms.calibration import SPANS, calibrate
from driftline.alarms.evidence import Evidence
from driftline.alarms.judge import judge, judge_independent
from driftline.alarms.season import phases_of
from driftline.alarms.verdict import Verdict
from driftline.profiles.grid import NumericGrid
from driftline.profiles.profile import Profile
from driftline.statistics import statistics
from driftline.windows import Window

BUDGET = Budget(alarms=1, period=timedelta(days=30))
DAY = timedelta(days=1)
SMALL_P = 0.01


@dataclass(frozen=True)
class Said:
    """Whether a window is an alarm, and its columns, most blamed first."""

    alarm: bool
    columns: tuple[str, ...]


Days = Sequence[tuple[Window, Profile]]
Rule = Callable[[Days], Callable[[Days], list[Said]]]


def driftline(reference: Days) -> Callable[[Days], list[Said]]:
    """As the service does it (`driftline.service.watch`)."""
    phases = [phases_of(day) for day, _ in reference]
    calibration = calibrate([p for _, p in reference], BUDGET.per_window(DAY), phases=phases)

    def say(live: Days) -> list[Said]:
        recent: list[Evidence] = []
        said = []
        for day, window in live:
            evidence = calibration.scorer.score(window, phases_of(day))
            recent = [*recent[1 - max(SPANS) :], evidence]
            verdict = judge(calibration, recent, window)
            said.append(Said(verdict.alarm, _names(verdict)))
        return said

    return say


def textbook(reference: Days) -> Callable[[Days], list[Said]]:
    """Exact two-sample tests of each column against the whole reference, p < 0.01."""
    total = _sum(reference)

    def say(live: Days) -> list[Said]:
        verdicts = [judge_independent(total, window, SMALL_P) for _, window in live]
        return [Said(any(c.p_value < SMALL_P for c in v.columns), _names(v)) for v in verdicts]

    return say


def three_deviations(reference: Days) -> Callable[[Days], list[Said]]:
    """A column's distance above the mean + 3 standard deviations of the reference windows'."""
    total = _sum(reference)
    own = np.array([_distances(total - window, window) for _, window in reference])
    centre, scale = own.mean(axis=0), np.maximum(own.std(axis=0, ddof=1), 1e-9)
    names = list(total.columns)

    def say(live: Days) -> list[Said]:
        said = []
        for _, window in live:
            far = (_distances(total, window) - centre) / scale
            order = np.argsort(-far)
            said.append(Said(bool(far.max() > 3), tuple(names[i] for i in order)))
        return said

    return say


RULES: dict[str, Rule] = {
    "textbook tests, p < 0.01": textbook,
    "mean + 3 sd": three_deviations,
    "Driftline": driftline,
}


def _sum(days: Days) -> Profile:
    total = days[0][1]
    for _, window in days[1:]:
        total = total + window
    return total


def _distances(reference: Profile, window: Profile) -> NDArray[np.float64]:
    """Each column's Kolmogorov-Smirnov or total variation distance; 0 where nothing is there."""
    known = statistics()
    found = []
    for name, summary in reference.columns.items():
        numeric = isinstance(summary.grid, NumericGrid)
        statistic = known["kolmogorov_smirnov" if numeric else "total_variation"]
        found.append(statistic(summary, window.columns[name]))
    return np.nan_to_num(np.array(found, dtype=np.float64))


def _names(verdict: Verdict) -> tuple[str, ...]:
    return tuple(column.name for column in verdict.columns)
