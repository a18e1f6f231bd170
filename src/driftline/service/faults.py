"""Faults of a window that its profile does not show: in its ids, and in the source itself."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from driftline.kept_rows import alike, id_names
from driftline.quality import UNREADABLE
from driftline.records import Fault
from driftline.sources import Problem
from driftline.wording import count

MOST_TOLD = 5
"""Problems of a source that are told one by one."""


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
    if problem.code == "empty_source" or 0 < problem.rows <= UNREADABLE * rows:
        return Fault(problem.code, str(problem), "low")
    return Fault(problem.code, str(problem), "medium" if problem.rows else "high")
