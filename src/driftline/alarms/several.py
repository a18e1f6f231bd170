"""Judging several windows in one comparison: each by itself, and all of them as one span."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from driftline.alarms.calibration import calibrate
from driftline.alarms.judge import beyond_promise, judge
from driftline.alarms.season import NEVER_MET, phases_of
from driftline.alarms.verdict import Verdict
from driftline.profiles.profile import Profile
from driftline.windows import Window
from driftline.wording import count, span

NAMED = 3
"""Windows that alarm by themselves are named up to so many."""


def judge_several(
    reference: Mapping[Window, Profile],
    windows: Mapping[Window, Profile],
    whole: Profile,
    rate: float,
) -> Verdict:
    """One verdict on `windows`, in order of time, which together are `whole`. Where hour or weekday
    matter in the reference, each window is judged as one of its own; one of another length is not.

    A burst in one window is seen in that window, a small lasting change in the sum. `rate` is the
    chance of a false alarm of the whole comparison: each of N windows, and their sum, is judged
    with a chance of `rate` / N. Each column is told by the judgement that says most against it; its
    missing share is that of `whole`.

    Raises ValueError for fewer than MIN_WINDOWS windows of the reference.
    """
    together = min(len(windows), len(reference) // 2)
    calibration = calibrate(
        list(reference.values()),
        rate / len(windows),
        sorted({1, together}),
        phases=[phases_of(window) for window in reference],
    )
    length = next(iter(reference)).length
    scores = {
        window: calibration.scorer.score(
            known, phases_of(window) if window.length == length else NEVER_MET
        )
        for window, known in windows.items()
    }
    newest = [*scores.values()][-together:]
    if together > 1:  # how large the change is in all of them, not in the last one
        newest[-1] = replace(newest[-1], effects=calibration.scorer.score(whole).effects)
    summed = judge(calibration, newest, whole)
    alone = {
        window: judge(calibration, [scores[window]], known)
        for window, known in (windows.items() if together > 1 else ())
    }
    found = _strongest([summed, *alone.values()])
    missing = {column.name: column.missing for column in summed.columns}
    columns = tuple(replace(column, missing=missing[column.name]) for column in found.columns)
    note = f"calibrated on the reference's own {len(reference)} windows"
    note += _one_by_one(alone) + beyond_promise(len(reference), rate)
    return replace(found, columns=columns, note=note)


def _strongest(verdicts: Sequence[Verdict]) -> Verdict:
    """Of each column what says most against it in any of the verdicts."""
    best = {column.name: column for column in verdicts[0].columns}
    for column in (column for verdict in verdicts[1:] for column in verdict.columns):
        known = best[column.name]
        if (column.alarm, column.blame) > (known.alarm, known.blame):
            best[column.name] = column
    return replace(
        verdicts[0],
        alarm=any(verdict.alarm for verdict in verdicts),
        p_value=min(verdict.p_value for verdict in verdicts),
        columns=tuple(sorted(best.values(), key=lambda c: (not c.alarm, -c.blame))),
    )


def _one_by_one(alone: Mapping[Window, Verdict]) -> str:
    """How several windows were judged, and which of them alarm by themselves."""
    if not alone:
        return ""
    told = f", {count(len(alone), 'window')} judged one by one and together"
    named = [span(window) for window, verdict in alone.items() if verdict.alarm]
    if named:
        further = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
        told += f"; in alarm by itself: {', '.join(named[:NAMED])}{further}"
    return told
