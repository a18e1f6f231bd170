"""Calibration: what honest windows look like, learned from the reference's own windows.

1. Each reference window is compared with the others (`evidence.score_own_windows`).
2. A sixth of the reference windows is held out, again and again. Centres, scales and relations are
   fitted on the rest (`driftline.alarms.standard`); the held-out windows are scored as live ones
   will be, one at a time and summed over spans of several. Every second time neighbours in time are
   held out (which keeps the dependence between days), otherwise windows at random.
3. The greatest score over all columns and questions (Westfall & Young's step) has a distribution
   over these draws, for each span. Its threshold is the value that is exceeded as often as the
   span's part of the budget allows.

No row, column or day is taken to be independent of another; what is assumed is that live windows
without drift are exchangeable with reference windows. See docs/explanation/alarms.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from driftline.alarms.evidence import Evidence, Scorer, score_own_windows
from driftline.alarms.questions import Question, questions_of
from driftline.alarms.season import Phase, known_of
from driftline.alarms.spans import Run, sums_for
from driftline.alarms.standard import Standard, fit_scales, fit_standard, fit_volume
from driftline.alarms.tails import TAIL, exceeded_with, spread_of, spread_of_sums
from driftline.profiles.grid import Floats
from driftline.profiles.profile import Profile

MIN_WINDOWS = 20
"""Reference windows below which there is nothing to learn dependence from."""

SPANS = (1, 2, 3, 7)
"""Windows over which evidence is summed: a jump shows in one, a small lasting change in seven."""

FOLDS, YEAR_FOLDS = 6, 12
"""Parts of the reference, each of which is held out in turn; of one with the whole year in it a
month at a time, so that the others still know the season."""

DRAWS = 960
"""Held-out windows in all (about), of each span; each holds its dependence."""

SHARE = 0.3
"""Part of the budget that all thresholds together are set for. The rest is a margin, because a
finite reference misjudges its own tails."""

MIDDLE = (2, 3)
"""Spans that get twice as large a part of it as others: single windows meet wild days that no
reference has shown, and in a long sum a scale counts most that was misjudged."""


@dataclass(frozen=True)
class Calibration:
    """Everything needed to judge a window.

    Attributes:
        scorer: scores a window against the reference.
        questions: what each score asks; F of them, P weighed against other columns.
        standard: turns evidence into standard scores, F of single questions and P of residuals.
        centre, scale: shape (F + P,): of held-out standard scores (0 and 1 for the first F).
        spread: shape (S, F + P): size of honest span scores, for each of S spans.
        thresholds: shape (S,): span scores above it are alarms.
        spans: the S numbers of windows.
        null: for each span sorted honest values of the greatest score, in multiples of its
            threshold.
        windows: reference windows learned from.
        rate: chance of a false alarm per window that was asked for.
    """

    scorer: Scorer
    questions: tuple[Question, ...]
    standard: Standard
    centre: Floats
    scale: Floats
    spread: Floats
    thresholds: Floats
    spans: tuple[int, ...]
    null: tuple[Floats, ...]
    windows: int
    rate: float

    @property
    def best_rate(self) -> float:
        """The smallest false-alarm chance per window that this many windows can promise."""
        return 1 / (self.windows + 1)

    def span_scores(self, recent: Evidence) -> Floats:
        """For the newest window the score of every question over every span, as a multiple of the
        threshold: above 1 is an alarm.

        `recent` is the evidence of the last windows, shape (windows, F), newest last. Shape (S, F);
        spans longer than `recent` are minus infinity. A question's score is the larger of what it
        says by itself and given the other columns.
        """
        scores = (self.standard.scores(recent) - self.centre) / self.scale
        sums = sums_for(self.questions, self.windows)
        over = np.full((len(self.spans), scores.shape[1]), -np.inf)
        for i, span in enumerate(self.spans):
            if span <= len(scores):
                last = slice(len(scores) - span, None)
                newest = Run(scores[last], recent.effects[last], self.standard.wild)
                over[i] = sums.over(newest, span)[-1]
        over = over / self.spread / self.thresholds[:, None]
        count = len(self.questions)
        told: Floats = over[:, :count]
        told[:, sums.weighed] = np.maximum(told[:, sums.weighed], over[:, count:])
        return told

    def p_value(self, score: float) -> float:
        """Chance of a greatest score as high without drift; no less than `best_rate`."""
        chance = 0.0
        for known in self.null:
            above = len(known) - int(np.searchsorted(known, score, "left"))
            chance += (1 + above) / (1 + len(known))
        return min(1.0, max(self.best_rate, chance))


def calibrate(
    windows: Sequence[Profile],
    rate: float,
    spans: Sequence[int] = SPANS,
    phases: Sequence[Phase] | None = None,
) -> Calibration:
    """Learn from the reference's windows; `rate` is the allowed chance of an alarm per window,
    `phases` are those of the windows (`driftline.alarms.season`), by default all the same.

    Spans ascend; those longer than half of the reference are left out.
    Deterministic: the draws have a fixed seed. Raises ValueError for fewer than MIN_WINDOWS.
    """
    count = len(windows)
    if count < MIN_WINDOWS:
        raise ValueError(f"calibration needs {MIN_WINDOWS} reference windows; found {count}")
    questions = questions_of(windows[0].grids)
    scorer, own = score_own_windows(windows, phases)
    spans = tuple(span for span in spans if span <= count // 2)
    volume, known = fit_volume(own, questions), known_of(own.phases)
    held = max(count // (YEAR_FOLDS if known[2] else FOLDS), *spans)
    runs = []
    for rest, out in _held_out(count, held):
        fitted = fit_standard(own.of(rest), questions, volume, known)
        runs.append(Run(fitted.scores(own.of(out)), own.effects[out], fitted.wild))
    centre, scale = _of_residuals(runs, questions)
    runs = [replace(run, scores=(run.scores - centre) / scale) for run in runs]
    sums = sums_for(questions, count)
    drawn = [np.concatenate([sums.over(run, span) for run in runs]) for span in spans]
    parts = np.array([2.0 if span in MIDDLE else 1.0 for span in spans])
    chances = np.minimum(1 - TAIL, SHARE * rate * parts / parts.sum())
    kinds = [q.statistic for q in (*questions, *(q for q in questions if q.weighed))]
    ones = [spread_of(scores, kinds, chances[0]) for scores in drawn[: spans.count(1)]]
    spread = np.array([*ones, *(spread_of_sums(scores) for scores in drawn[len(ones) :])])
    greatest = [(scores / wide).max(axis=1) for scores, wide in zip(drawn, spread, strict=True)]
    thresholds = np.array([exceeded_with(c, g) for c, g in zip(chances, greatest, strict=True)])
    return Calibration(
        scorer=scorer,
        questions=questions,
        standard=fit_standard(own, questions, volume, known),
        centre=centre,
        scale=scale,
        spread=spread,
        thresholds=thresholds,
        spans=spans,
        null=tuple(np.sort(g / t) for g, t in zip(greatest, thresholds, strict=True)),
        windows=count,
        rate=rate,
    )


def _held_out(count: int, held: int) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.int64]]]:
    """Of `count` windows those that teach, and `held` that are held out together: every window
    about equally often."""
    random = np.random.default_rng(20130401)
    for repeat in range(int(np.clip(np.ceil(DRAWS / count), 2, 16))):
        order = np.arange(count) if repeat % 2 == 0 else random.permutation(count)
        order = np.roll(order, int(random.integers(count)))
        for at in range(0, count - held + 1, held):
            out = order[at : at + held]
            rest = np.ones(count, dtype=bool)
            rest[out] = False
            yield rest, out


def _of_residuals(runs: Sequence[Run], questions: Sequence[Question]) -> tuple[Floats, Floats]:
    """Centre and scale of held-out scores: residuals are larger than where they were fitted."""
    count = len(questions)
    left = np.concatenate([run.scores[:, count:] for run in runs])
    centre, scale = fit_scales(left, [question for question in questions if question.weighed])
    return np.append(np.zeros(count), centre), np.append(np.ones(count), scale)
