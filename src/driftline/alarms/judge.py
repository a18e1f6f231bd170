"""Judge: one verdict per window, calibrated where the reference allows and exact where not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.special import ndtr

from driftline.alarms.calibration import MIN_WINDOWS, Calibration
from driftline.alarms.evidence import Evidence, stack
from driftline.alarms.verdict import ColumnVerdict, Verdict
from driftline.profiles.grid import NumericGrid
from driftline.profiles.profile import Profile
from driftline.profiles.summary import Summary
from driftline.statistics import statistics

MIN_DISTANCE = 0.02
"""Smallest distance between distributions that can alarm: at a million rows everything is
improbable. A shift by 0.05 standard deviations is about as far."""

MIN_SHARE = 0.01
"""Smallest change in a share of rows (missing, new) that can alarm."""


def least_effect(statistic: str) -> float:
    """The effect below which a statistic's change is too small to matter."""
    return MIN_SHARE if statistic.endswith("_share") else MIN_DISTANCE


def judge(
    calibration: Calibration,
    recent: Sequence[Evidence],
    window: Profile,
) -> Verdict:
    """The verdict on `window`.

    `recent` is the evidence (`calibration.scorer.score`) of the last windows, newest last; the
    newest is `window`'s. As many as the longest span are used. What is too small to matter
    (`least_effect`) cannot alarm.
    """
    effects = recent[-1].effects
    matters = effects >= [least_effect(q.statistic) for q in calibration.questions]
    over = calibration.span_scores(stack(recent[-max(calibration.spans) :]))
    over = np.where(matters, over, np.minimum(over, 1.0))
    score = over.max(axis=0)
    span = over.argmax(axis=0)
    best: dict[str, int] = {}
    for i, question in enumerate(calibration.questions):
        if question.column not in best or score[i] > score[best[question.column]]:
            best[question.column] = i
    columns = []
    for name, i in best.items():
        reference, current = calibration.scorer.total.columns[name], window.columns[name]
        deviation = max(0.0, float(score[i] * calibration.thresholds[span[i]]))
        columns.append(
            _column(
                name,
                (reference, current),
                alarm=bool(score[i] > 1),
                statistic=calibration.questions[i].statistic,
                p_value=float(2 * ndtr(-deviation)),
                effect=float(effects[i]),
                blame=float(score[i]),
            )
        )
    return Verdict(
        alarm=any(column.alarm for column in columns),
        p_value=calibration.p_value(float(score.max())),
        columns=tuple(sorted(columns, key=lambda column: (not column.alarm, -column.blame))),
        method="calibrated",
        note=_note(calibration),
    )


def _note(calibration: Calibration) -> str:
    note = (
        f"calibrated on the reference's own {calibration.windows} windows, evidence of the last "
        f"{_listed(calibration.spans)} windows"
    )
    if calibration.rate < calibration.best_rate:
        note += (
            f"; so few windows cannot promise a false alarm in {1 / calibration.rate:.0f} windows, "
            f"only one in {calibration.windows + 1}: use a longer reference or a larger budget"
        )
    return note


def _listed(spans: Sequence[int]) -> str:
    *first, last = [str(span) for span in spans]
    return f"{', '.join(first)} and {last}" if first else last


def judge_independent(reference: Profile, window: Profile, rate: float) -> Verdict:
    """The verdict when rows are taken as independent: exact two-sample tests, Holm's correction.

    Each column is asked whether its values differ (Kolmogorov-Smirnov, or chi-squared for
    categories) and whether its missing share differs. `rate` is the chance of any false alarm.
    What is too small to matter (`least_effect`) cannot alarm.
    """
    tested = [
        _tested(name, summary, window.columns[name]) for name, summary in reference.columns.items()
    ]
    tested.sort(key=lambda column: (column.p_value, -column.effect))
    rejecting = True
    columns = []
    for i, column in enumerate(tested):
        rejecting = rejecting and column.p_value * (len(tested) - i) <= rate
        alarm = rejecting and column.effect >= least_effect(column.statistic)
        columns.append(replace(column, alarm=alarm))
    columns.sort(key=lambda column: (not column.alarm, -column.blame, -column.effect))
    return Verdict(
        alarm=any(column.alarm for column in columns),
        p_value=min(1.0, min((c.p_value for c in columns), default=1.0) * len(columns)),
        columns=tuple(columns),
        method="independent_rows",
        note=(
            f"rows taken as independent (a calibrated verdict needs {MIN_WINDOWS} reference "
            f"windows), chance of a false alarm {rate:.2g} over {len(columns)} columns"
        ),
    )


def _tested(name: str, reference: Summary, current: Summary) -> ColumnVerdict:
    """One column by its two tests, not yet corrected for the other columns."""
    known = statistics()
    numeric = isinstance(reference.grid, NumericGrid)
    shape = "kolmogorov_smirnov" if numeric else "chi_squared"
    tests = {test: known[test].p_value(reference, current) for test in (shape, "missing_share")}
    worst = min(tests, key=lambda test: tests[test])
    p_value = min(1.0, len(tests) * tests[worst])
    sized = "total_variation" if worst == "chi_squared" else worst
    effect = known[sized](reference, current)
    return _column(
        name,
        (reference, current),
        alarm=False,
        statistic=worst,
        p_value=p_value,
        effect=0.0 if math.isnan(effect) else effect,
        blame=float(-np.log10(max(p_value, 1e-300))),
    )


def _column(
    name: str,
    pair: tuple[Summary, Summary],
    *,
    alarm: bool,
    statistic: str,
    p_value: float,
    effect: float,
    blame: float,
) -> ColumnVerdict:
    reference, current = pair
    return ColumnVerdict(
        name=name,
        kind="numeric" if isinstance(reference.grid, NumericGrid) else "categorical",
        alarm=alarm,
        statistic=statistic,
        value=statistics()[statistic](reference, current),
        p_value=p_value,
        effect=effect,
        blame=blame,
        missing=current.missing_share,
        reference_missing=reference.missing_share,
    )
