"""Faults of a window that its profile does not show: in its ids, and in the source itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from driftline.kept_rows import alike, id_names
from driftline.profiles.profile import Profile
from driftline.quality import UNREADABLE, Expectations, faults_of
from driftline.records import Fault
from driftline.service.intake import Intake
from driftline.settings.models import ModelSettings
from driftline.sources import Problem
from driftline.windows import Window
from driftline.wording import count, percent

LOST = 0.2
"""Share of a window's values beyond twice the usual that is told as missing without a verdict."""

MISSING_VALUES = "missing_values"
"""The code of that fault."""

MOST_TOLD = 5
"""Problems of a source that are told one by one."""


def window_faults(
    model: ModelSettings,
    expected: Expectations,
    window: Window,
    profile: Profile,
    intake: Intake,
) -> tuple[Fault, ...]:
    """Everything wrong with a window's data apart from drift.

    Of a window of which a part could not be read nobody knows how many rows it has.
    """
    others = intake.others.get(window, frozenset())
    constant = intake.constant.get(window, {})
    least = model.alarms.min_rows
    faults = list(faults_of(expected, window, profile, least, others, constant))
    if model.predictions.id is not None:
        joined = model.labels is not None and model.labels.id is not None
        ids = ids_of(intake.rows.get(window, []), model.predictions.id)
        faults += id_faults(ids, profile.rows, joined)
    problems = intake.problems.get(window, [])
    unread = [problem for problem in problems if problem.code == "unreadable_source"]
    told = source_faults(problems, profile.rows)
    if any(problem.rows for problem in unread):
        faults = [fault for fault in faults if fault.code not in ("no_rows", "too_few_rows")]
    elif unread:
        faults = [_as_far_as_read(fault) for fault in faults]
    return (*told, *faults) if unread else (*faults, *told)


def missing_values(
    names: Collection[str], usual: Profile, profile: Profile, min_rows: int
) -> tuple[Fault, ...]:
    """Columns that are not judged for a time and have lost far more of their values than usual."""
    faults = []
    for name in sorted(names if profile.rows >= min_rows else ()):
        before, now = usual.columns[name], profile.columns[name]
        readable = now.unreadable <= UNREADABLE * now.rows and now.absent < now.rows
        if readable and now.missing_share >= 2 * before.missing_share + LOST:
            told = f"{name}: {percent(now.missing_share)} of rows have no value"
            told += f" (reference {percent(before.missing_share)})"
            faults.append(Fault(MISSING_VALUES, told, "medium", name))
    return tuple(faults)


def _as_far_as_read(fault: Fault) -> Fault:
    rest = "no rows in what can be read"
    return replace(fault, message=rest) if fault.code == "no_rows" else fault


def ids_of(tables: Sequence[pa.Table], name: str) -> pa.Array:
    """The ids of a window's rows as text."""
    found = [id_names(table[name]) for table in tables] or [pa.array([], pa.string())]
    return pa.concat_arrays(alike(found))


def id_faults(ids: pa.Array, rows: int, labelled: bool) -> list[Fault]:
    """Ids that stand for more than one of the window's `rows` and, where labels are joined by id,
    rows without one."""
    faults = []
    doubles = len(ids) - ids.null_count - pc.count_distinct(ids).as_py()
    if doubles:
        told = f"{doubles:,} of {rows:,} rows repeat an id of the same window"
        faults.append(Fault("duplicate_ids", told))
    if ids.null_count and labelled:
        told = f"{count(ids.null_count, 'row')} of {rows:,} without an id: no label can be joined"
        faults.append(Fault("missing_ids", told))
    return faults


def source_faults(problems: Sequence[Problem], rows: int) -> list[Fault]:
    """What was wrong with the source when a window of `rows` rows was read.

    Empty files are only told of a window without rows: they may be why it has none.
    """
    told = [problem for problem in problems if problem.code != "empty_source" or rows == 0]
    faults = [_fault(problem, rows) for problem in told[:MOST_TOLD]]
    if len(told) > MOST_TOLD:
        more = f"{told[MOST_TOLD]} and {len(told) - MOST_TOLD - 1:,} more like it"
        faults.append(Fault(told[MOST_TOLD].code, more, "high"))
    return faults


def _fault(problem: Problem, rows: int) -> Fault:
    if problem.code == "unreadable_source" and not rows:
        return Fault(problem.code, str(problem), "high")
    if problem.code == "empty_source" or 0 < problem.rows <= UNREADABLE * rows:
        return Fault(problem.code, str(problem), "low")
    return Fault(problem.code, str(problem), "medium" if problem.rows else "high")
