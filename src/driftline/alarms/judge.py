"""Judge: one verdict per window, calibrated where the reference allows and exact where not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

from driftline.alarms.calibration import MIN_WINDOWS, Calibration
from driftline.alarms.evidence import Evidence, stack
from driftline.alarms.verdict import ColumnVerdict, Verdict
from driftline.comparison import effect_size
from driftline.profiles.grid import NumericGrid
from driftline.profiles.profile import Profile
from driftline.profiles.summary import Summary
from driftline.statistics import statistics

MIN_EFFECT = 0.01
"""Smallest effect that can alarm: at a million rows everything is improbable."""


def judge(
    calibration: Calibration,
    recent: Sequence[Evidence],
    window: Profile,
    min_effect: float = MIN_EFFECT,
) -> Verdict:
    """The verdict on `window`.

    `recent` is the evidence (`calibration.scorer.score`) of the last windows, newest last; the
    newest is `window`'s. As many as the longest span are used. A question whose own effect is below
    `min_effect` cannot alarm.
    """
    newest = recent[-1]
    over = calibration.span_scores(stack(recent[-max(calibration.spans) :]))
    over = np.where(newest.effects >= min_effect, over, np.minimum(over, 1.0))
    score = over.max(axis=0)
    span = over.argmax(axis=0)
    best: dict[str, int] = {}
    for i, test in enumerate(calibration.questions):
        if test.column not in best or score[i] > score[best[test.column]]:
            best[test.column] = i
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


def judge_independent(
    reference: Profile, window: Profile, rate: float, min_effect: float = MIN_EFFECT
) -> Verdict:
    """The verdict when rows are taken as independent: exact two-sample tests, Holm's correction.

    Each column is asked whether its values differ (Kolmogorov-Smirnov, or chi-squared for
    categories) and whether its missing share differs. `rate` is the chance of any false alarm.
    """
    known = statistics()
    columns = []
    for name, summary in reference.columns.items():
        pair = (summary, window.columns[name])
        shape = "kolmogorov_smirnov" if isinstance(summary.grid, NumericGrid) else "chi_squared"
        by_test = {test: known[test].p_value(*pair) for test in (shape, "missing_share")}
        worst = min(by_test, key=lambda test: by_test[test])
        p_value = min(1.0, len(by_test) * by_test[worst])
        columns.append((p_value, name, worst, pair))
    columns.sort(key=lambda column: (column[0], -effect_size(*column[3])))
    verdicts = []
    rejecting = True
    for i, (p_value, name, test, pair) in enumerate(columns):
        rejecting = rejecting and p_value * (len(columns) - i) <= rate
        alarm = rejecting and effect_size(*pair) >= min_effect
        blame = float(-np.log10(max(p_value, 1e-300)))
        verdicts.append(
            _column(name, pair, alarm=alarm, statistic=test, p_value=p_value, blame=blame)
        )
    verdicts.sort(key=lambda column: (not column.alarm, -column.blame, -column.effect))
    return Verdict(
        alarm=any(column.alarm for column in verdicts),
        p_value=min(1.0, min((c.p_value for c in verdicts), default=1.0) * len(verdicts)),
        columns=tuple(verdicts),
        method="independent_rows",
        note=(
            f"rows taken as independent (a calibrated verdict needs {MIN_WINDOWS} reference "
            f"windows), chance of a false alarm {rate:.2g} over {len(verdicts)} columns"
        ),
    )


def _column(
    name: str,
    pair: tuple[Summary, Summary],
    *,
    alarm: bool,
    statistic: str,
    p_value: float,
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
        effect=effect_size(reference, current),
        blame=blame,
        missing=current.missing_share,
        reference_missing=reference.missing_share,
    )
