"""Intake: from a source's tables to profiles and prediction rows, window by window, in one pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile

import numpy as np
import pyarrow as pa

from driftline.alarms.materiality import has_newcomers
from driftline.profiles.columns import to_floats
from driftline.profiles.frames import to_microseconds
from driftline.profiles.grid import CategoricalGrid, Grid
from driftline.profiles.newcomers import Newcomers, add_new, count_new, named
from driftline.profiles.profile import Profile, profile_groups
from driftline.quality import is_one_cell
from driftline.settings.models import ModelSettings
from driftline.sources import Problem, Source, still
from driftline.windows import Window, window_numbers

CHUNK = 16
"""Windows read in one pass over a source when there are many."""


@dataclass
class Intake:
    """What was read of a run of neighbouring windows.

    Attributes:
        profiles: the profile of each window; empty where there were no rows.
        rows: the id, prediction and score columns of each window's rows, for the labels to come.
        problems: what was wrong with the source when each window was read.
        others: of each window that lacks a column, the columns that were not asked for.
        constant: of each window, the only value of numeric columns that have but one between two
            points of their grid.
        new: of each window, how often each new category was met, by column.
    """

    profiles: dict[Window, Profile]
    rows: dict[Window, list[pa.Table]] = field(default_factory=dict)
    problems: dict[Window, list[Problem]] = field(default_factory=dict)
    others: dict[Window, frozenset[str]] = field(default_factory=dict)
    constant: dict[Window, dict[str, float]] = field(default_factory=dict)
    new: dict[Window, dict[str, Counter[str]]] = field(default_factory=dict)

    def newcomers(self, window: Window) -> dict[str, Newcomers]:
        """The names of the window's new categories where they are common enough to matter."""
        columns = self.profiles[window].columns
        return {
            name: named(new, columns[name].present)
            for name, new in self.new.get(window, {}).items()
            if has_newcomers(columns[name])
        }


def take_in_order(
    model: ModelSettings, source: Source, grids: Mapping[str, Grid], due: Sequence[Window]
) -> Iterator[tuple[Window, Intake, datetime]]:
    """Each due window, what was read of it, and up to where was read."""
    for intake in take_in_strides(model, source, grids, due):
        read = list(intake.profiles)
        for window in read:
            yield window, intake, read[-1].end


def take_in_strides(
    model: ModelSettings, source: Source, grids: Mapping[str, Grid], due: Sequence[Window]
) -> Iterator[Intake]:
    """What is read of the due windows, some neighbours at a time.

    Behind windows without any rows the next rows are looked for in ever longer strides, in the
    timestamp column alone: a feed that ended years ago costs a few readings.
    """
    done, stride = 0, CHUNK
    while done < len(due):
        intake = None
        if stride > CHUNK:
            intake = _without_rows(model, source, grids, due[done : done + stride])
        if intake is None:
            stride = CHUNK
            intake = take_in(model, source, grids, due[done : done + stride])
        yield intake
        read = len(intake.profiles)
        done += read
        rows = any(profile.rows for profile in intake.profiles.values())
        stride = CHUNK if rows or read < stride else 2 * stride
        source = still(source)  # judging what was read may have taken long


def _without_rows(
    model: ModelSettings, source: Source, grids: Mapping[str, Grid], windows: Sequence[Window]
) -> Intake | None:
    """The windows before the first that has rows; None when there are none, or when each has to be
    read to know what is wrong with the source there (that a file is empty is so everywhere)."""
    counts, problems = count_rows(model, source, windows)
    empty = list(takewhile(lambda window: not counts[window], windows))
    if not empty or any(problem.code != "empty_source" for problem in problems):
        return None
    none = Profile.empty(grids)
    return Intake(dict.fromkeys(empty, none), problems=dict.fromkeys(empty, problems))


def role_columns(model: ModelSettings) -> list[str]:
    """The columns that join labels: id, prediction and score, as far as they are set."""
    predictions = model.predictions
    return [c for c in (predictions.id, predictions.prediction, predictions.score) if c]


def count_rows(
    model: ModelSettings, source: Source, windows: Sequence[Window]
) -> tuple[dict[Window, int], list[Problem]]:
    """How many rows each of `windows`, which follow one another without gaps, has now, and what is
    wrong with the source. Reads the timestamp column alone."""
    counts = np.zeros(len(windows), dtype=np.int64)
    reading = source.batches(windows[0].start, windows[-1].end, ())
    for table in reading:
        moments = to_microseconds(table[model.predictions.timestamp])
        numbers = window_numbers(moments, windows[0], len(windows))
        counts += np.bincount(numbers[numbers >= 0], minlength=len(windows))
    return dict(zip(windows, counts.tolist(), strict=True)), reading.problems


def take_in(
    model: ModelSettings, source: Source, grids: Mapping[str, Grid], windows: Sequence[Window]
) -> Intake:
    """Read the rows of `windows`, which follow one another without gaps.

    When something is wrong with the source the windows are read one by one, so that each is told
    what it would be told alone: what a window says does not depend on when it was read.
    """
    intake = Intake({window: Profile.empty(grids) for window in windows})
    roles = role_columns(model)
    wanted = {*grids, *roles}
    reading = source.batches(windows[0].start, windows[-1].end, wanted)
    for table in reading:
        numbers = window_numbers(
            to_microseconds(table[model.predictions.timestamp]), windows[0], len(windows)
        )
        _add(intake, grids, table, numbers, windows)
        if model.predictions.id in table.column_names:
            _keep_rows(intake, table, roles, numbers, windows)
    if reading.problems and len(windows) > 1:
        return _together([take_in(model, source, grids, [window]) for window in windows])
    for window, profile in intake.profiles.items():
        intake.problems[window] = reading.problems
        if any(summary.absent for summary in profile.columns.values()):
            found = next(iter(source.batches(window.start, window.end)), pa.table({}))
            intake.others[window] = frozenset(found.column_names) - wanted
        narrow = [name for name, summary in profile.columns.items() if is_one_cell(summary)]
        if narrow:
            intake.constant[window] = _constant(source, window, narrow)
    return intake


def _constant(source: Source, window: Window, names: Sequence[str]) -> dict[str, float]:
    """Those of some numeric columns that have one value in the whole window, and which."""
    low = dict.fromkeys(names, np.inf)
    high = dict.fromkeys(names, -np.inf)
    for table in source.batches(window.start, window.end, names):
        for name in set(names).intersection(table.column_names):
            values = to_floats(table[name])[0]
            values = values[~np.isnan(values)]
            low[name] = min(low[name], values.min(initial=np.inf))
            high[name] = max(high[name], values.max(initial=-np.inf))
    return {name: float(low[name]) for name in names if low[name] == high[name]}


def _together(intakes: Sequence[Intake]) -> Intake:
    whole = Intake({})
    for intake in intakes:
        whole.profiles |= intake.profiles
        whole.rows |= intake.rows
        whole.problems |= intake.problems
        whole.others |= intake.others
        whole.constant |= intake.constant
        whole.new |= intake.new
    return whole


def _add(
    intake: Intake,
    grids: Mapping[str, Grid],
    table: pa.Table,
    numbers: np.ndarray[tuple[int], np.dtype[np.int64]],
    windows: Sequence[Window],
) -> None:
    used = np.unique(numbers[numbers >= 0])
    compact = np.where(numbers >= 0, np.searchsorted(used, numbers), -1)
    for number, profile in zip(used, profile_groups(grids, table, compact, len(used)), strict=True):
        window = windows[int(number)]
        intake.profiles[window] = intake.profiles[window] + profile
        for name, summary in profile.columns.items():
            if summary.unseen:
                assert isinstance(summary.grid, CategoricalGrid)
                rows = table[name].filter(pa.array(numbers == number))
                found = intake.new.setdefault(window, {})
                found[name] = add_new(found.get(name, Counter()), count_new(summary.grid, rows))


def _keep_rows(
    intake: Intake,
    table: pa.Table,
    roles: Collection[str],
    numbers: np.ndarray[tuple[int], np.dtype[np.int64]],
    windows: Sequence[Window],
) -> None:
    narrow = table.select([name for name in roles if name in table.column_names])
    for number in np.unique(numbers[numbers >= 0]):
        rows = narrow.filter(pa.array(numbers == number))
        intake.rows.setdefault(windows[int(number)], []).append(rows)
