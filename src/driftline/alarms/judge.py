"""Judge: one verdict per window, calibrated where the reference allows and exact where not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.special import ndtr

from driftline.alarms.calibration import MIN_WINDOWS, Calibration
from driftline.alarms.evidence import Evidence, Scorer, stack
from driftline.alarms.materiality import NONE, Least, least_effect
from driftline.alarms.questions import Question
from driftline.alarms.relation import relation_in
from driftline.alarms.telling import told_of
from driftline.alarms.verdict import ColumnVerdict, Relation, Verdict
from driftline.profiles.grid import NumericGrid
from driftline.profiles.profile import Profile
from driftline.profiles.summary import Summary
from driftline.statistics import statistics
from driftline.wording import count


def judge(
    calibration: Calibration,
    recent: Sequence[Evidence],
    window: Profile,
    least: Least = NONE,
) -> Verdict:
    """The verdict on `window`.

    `recent` is the evidence (`calibration.scorer.score`) of the last windows, newest last; the
    newest is `window`'s. As many as the longest span are used. What is too small to matter
    (`least_effect`, by default or for a column in `least`) cannot alarm.
    """
    effects = recent[-1].effects
    needed = [least_effect(q.column, q.statistic, least) for q in calibration.questions]
    matters = effects >= needed
    over = calibration.span_scores(stack(recent[-max(calibration.spans) :]))
    over = np.where(matters, over, np.minimum(over, 1.0))
    score = over.max(axis=0)
    span = over.argmax(axis=0)
    told = told_of(calibration.questions, score, window.columns)
    columns = []
    for name, (i, alarmed) in told.items():
        pair = calibration.scorer.total.columns[name], window.columns[name]
        deviation = max(0.0, float(score[i] * calibration.thresholds[span[i]]))
        found = _column(
            name,
            pair,
            statistic=calibration.questions[i].statistic,
            p_value=float(2 * ndtr(-deviation)),
            effect=float(effects[i]),
            blame=float(score[i]),
            least_effect=needed[i],
        )
        found = _with_relation(found, calibration.questions[i], calibration.scorer, window)
        columns.append(replace(found, alarm=bool(score[i] > 1), alarmed=alarmed))
    return Verdict(
        alarm=any(column.alarm for column in columns),
        p_value=calibration.p_value(float(score.max())),
        columns=tuple(sorted(columns, key=lambda column: (not column.alarm, -column.blame))),
        method="calibrated",
        note=_note(calibration),
    )


def _with_relation(
    column: ColumnVerdict, question: Question, scorer: Scorer, window: Profile
) -> ColumnVerdict:
    """The column with what its question says of two; the value is that of the one that is asked."""
    if question.partner is None:
        return column
    asked = question.column
    now, _ = relation_in(window, asked)
    return replace(
        column,
        value=statistics()[question.statistic](scorer.total.columns[asked], window.columns[asked]),
        relation=Relation(
            partner=question.partner if column.name == asked else asked,
            usual=scorer.usual[asked].correlation,
            now=None if math.isnan(now) else now,
        ),
    )


def _note(calibration: Calibration) -> str:
    spans = calibration.spans
    summed = f"the last {_listed(spans)} windows" if max(spans) > 1 else "one window"
    note = f"calibrated on the reference's own {calibration.windows} windows, evidence of {summed}"
    return note + beyond_promise(calibration.windows, calibration.rate)


def beyond_promise(windows: int, rate: float) -> str:
    """What a verdict adds when a reference of so many windows cannot promise `rate`."""
    if rate * (windows + 1) >= 1:
        return ""
    return (
        f"; {windows} windows can promise one false alarm in {windows + 1}, not one in "
        f"{1 / rate:.0f}: use a longer reference or a larger budget"
    )


def _listed(spans: Sequence[int]) -> str:
    *first, last = [str(span) for span in spans]
    return f"{', '.join(first)} and {last}" if first else last


def judge_independent(
    reference: Profile, window: Profile, rate: float, least: Least = NONE
) -> Verdict:
    """The verdict when rows are taken as independent: exact two-sample tests, Holm's correction.

    Each column is asked whether its values differ (Kolmogorov-Smirnov, or chi-squared for
    categories) and, where any are missing, whether its missing share differs. `rate` is the chance
    of any false alarm over all these tests. A column's p-value is that of its statistic alone.
    What is too small to matter (`least_effect`, by default or for a column in `least`) is no alarm.
    """
    tested = [
        column
        for name, summary in reference.columns.items()
        for column in _tested(name, summary, window.columns[name], least)
    ]
    tested.sort(key=lambda column: (column.p_value, -column.effect))
    rejecting = True
    columns: dict[str, ColumnVerdict] = {}
    for i, column in enumerate(tested):
        rejecting = rejecting and column.p_value * (len(tested) - i) <= rate
        alarm = rejecting and column.effect >= column.least_effect
        told = columns.get(column.name, column)
        alarmed = (*told.alarmed, column.statistic) if alarm else told.alarmed
        first = told if told.alarm or not alarm else column
        columns[column.name] = replace(first, alarm=bool(alarmed), alarmed=alarmed)
    ranked = sorted(columns.values(), key=lambda c: (not c.alarm, -c.blame, -c.effect))
    return Verdict(
        alarm=any(column.alarm for column in ranked),
        p_value=min(1.0, min((c.p_value for c in ranked), default=1.0) * len(tested)),
        columns=tuple(ranked),
        method="independent_rows",
        note=(
            f"rows taken as independent (a calibrated verdict needs {MIN_WINDOWS} reference "
            f"windows), chance of a false alarm {rate:.2g} over {count(len(tested), 'test')}"
        ),
    )


def _tested(name: str, reference: Summary, current: Summary, least: Least) -> list[ColumnVerdict]:
    """One column by each of its tests, not yet corrected for the others."""
    known = statistics()
    numeric = isinstance(reference.grid, NumericGrid)
    tests = ["kolmogorov_smirnov" if numeric else "chi_squared"]
    if reference.missing or current.missing:
        tests.append("missing_share")
    found = []
    for test in tests:
        p_value = known[test].p_value(reference, current)
        effect = known["total_variation" if test == "chi_squared" else test](reference, current)
        found.append(
            _column(
                name,
                (reference, current),
                statistic=test,
                p_value=p_value,
                effect=0.0 if math.isnan(effect) else effect,
                blame=float(-np.log10(max(p_value, 1e-300))),
                least_effect=least_effect(name, test, least),
            )
        )
    return found


def _column(
    name: str,
    pair: tuple[Summary, Summary],
    *,
    statistic: str,
    p_value: float,
    effect: float,
    blame: float,
    least_effect: float,
) -> ColumnVerdict:
    reference, current = pair
    return ColumnVerdict(
        name=name,
        kind="numeric" if isinstance(reference.grid, NumericGrid) else "categorical",
        alarm=False,
        statistic=statistic,
        value=statistics()[statistic](reference, current),
        p_value=p_value,
        effect=effect,
        blame=blame,
        missing=current.missing_share,
        reference_missing=reference.missing_share,
        least_effect=least_effect,
    )
