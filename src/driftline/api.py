"""compare: two sets of rows, one answer."""

from __future__ import annotations

import html
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from driftline.alarms.budget import Budget
from driftline.alarms.calibration import MIN_WINDOWS
from driftline.alarms.judge import judge_independent
from driftline.alarms.materiality import has_newcomers
from driftline.alarms.reasons import why_no_alarm
from driftline.alarms.several import judge_several
from driftline.alarms.verdict import ColumnVerdict, Verdict
from driftline.comparison import Measured
from driftline.comparison import compare as compare_profiles
from driftline.errors import DataError, nearest
from driftline.profiles.frames import as_table, require_columns
from driftline.profiles.grid import CategoricalGrid
from driftline.profiles.newcomers import count_new, named
from driftline.profiles.profile import Profile
from driftline.reference import MIN_ROWS, Reference, profile_windows
from driftline.windows import Window

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

FALSE_ALARMS = 0.01
"""Chance of a false alarm of one comparison of independent rows, over all columns together."""

POINTS = 20_000
"""Distinct values of a frame up to which its comparison is exact; nothing is stored of it."""


_TOLD = ("statistic", "value", "p_value", "effect", "missing", "reference_missing")


@dataclass(frozen=True, repr=False)
class Comparison:
    """What `compare` found.

    Attributes:
        reference, current: the profiles of the two sides.
        verdict: the decision, for each column and in all.
        left_out: columns of the reference that were not compared, each with the reason.
    """

    reference: Profile
    current: Profile
    verdict: Verdict
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def drifted(self) -> bool:
        """Whether current differs from the reference beyond chance and by more than a trifle."""
        return self.verdict.alarm

    @property
    def columns(self) -> Mapping[str, ColumnVerdict]:
        """The decision about each column, most blamed first."""
        return {column.name: column for column in self.verdict.columns}

    @property
    def statistics(self) -> Mapping[str, Mapping[str, Measured]]:
        """Every statistic of every column, with its p-value for independent rows."""
        return compare_profiles(self.reference, self.current)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold."""
        return {
            "drifted": self.drifted,
            "p_value": self.verdict.p_value,
            "method": self.verdict.method,
            "note": self.verdict.note,
            "rows": {"reference": self.reference.rows, "current": self.current.rows},
            "columns": [
                asdict(column) | {"reason": why_no_alarm(column, self.verdict)}
                for column in self.verdict.columns
            ],
            "left_out": dict(self.left_out),
        }

    def to_frame(self) -> pd.DataFrame:
        """One row a column, most blamed first, as a pandas frame indexed by column name."""
        import pandas as pd

        rows = [asdict(column) for column in self.verdict.columns]
        return pd.DataFrame(rows).rename(columns={"alarm": "drifted"}).set_index("name")

    def show(self, column: str | None = None) -> go.Figure:
        """The reference's and current's distribution of a column (the most blamed one) overlaid."""
        from driftline.charts import distribution

        name = column if column is not None else self.verdict.columns[0].name
        if name not in self.columns:
            raise DataError(f'no column "{name}" was compared{nearest(name, self.columns)}')
        return distribution(self.reference.columns[name], self.current.columns[name], name)

    def __repr__(self) -> str:
        return f"<Comparison: {self}>"

    def _repr_html_(self) -> str:
        """What notebooks show: the decision, and a table of the columns, most blamed first."""
        table = self.to_frame()[["drifted", *_TOLD]].to_html(float_format="{:.3g}".format)
        return f"<p>{html.escape(str(self))}</p>{table}"

    def __str__(self) -> str:
        drifted = [column.name for column in self.verdict.blamed]
        told = f"drifted: {', '.join(drifted)}" if drifted else "no drift"
        out = f"; left out: {', '.join(self.left_out)}" if self.left_out else ""
        return f"{told} ({len(self.columns)} columns; {self.verdict.note}{out})"


def compare(
    reference: object,
    current: object,
    *,
    timestamp: str | None = None,
    categorical: Collection[str] | None = None,
    ignore: Collection[str] = (),
    features: Collection[str] | None = None,
) -> Comparison:
    """Compare current rows with a reference.

    With a reference of at least 20 windows (it needs a timestamp, and so does current) the verdict
    is calibrated on how far those differ from each other: current's windows are judged one by one
    and together, with the chance of a false alarm that one window has at a budget of 1 per 30 days.
    Otherwise rows are taken as independent and exact two-sample tests decide, corrected for
    the number of columns.

    Args:
        reference: a `Reference`, or a frame to fit one on.
        current: a frame (anything that exports Arrow, or a mapping of NumPy arrays).
        timestamp, categorical, ignore, features: as in `Reference.fit`; only for a reference that
            is a frame.

    >>> import numpy as np
    >>> day = {"age": np.arange(100.0), "plan": np.array(["a", "b"] * 50)}
    >>> print(compare(day, {"age": np.arange(100.0) + 60, "plan": day["plan"]}))
    drifted: age (2 columns; rows taken as independent (a calibrated verdict needs 20 reference \
windows), chance of a false alarm 0.01 over 2 tests)
    """
    if not isinstance(reference, Reference):
        reference = Reference.fit(
            reference, timestamp, categorical, ignore, features, max_points=POINTS
        )
    elif timestamp or categorical or ignore or features:
        raise DataError("timestamp, categorical, ignore and features belong to Reference.fit")
    table = as_table(current)
    if table.num_rows == 0:
        raise DataError("current has no rows; there is nothing to compare")
    profile = reference.profile(table)
    if (
        reference.timestamp is None
        or reference.window is None
        or len(reference.windows) < MIN_WINDOWS
    ):
        verdict = judge_independent(reference.total, profile, FALSE_ALARMS)
    else:
        windows = _windows_of(reference, table, profile)
        rate = Budget().per_window(reference.window)
        verdict = judge_several(reference.windows, windows, profile, rate)
    verdict = verdict.naming(
        {
            name: named(count_new(summary.grid, table[name]), summary.present)
            for name, summary in profile.columns.items()
            if isinstance(summary.grid, CategoricalGrid) and has_newcomers(summary)
        }
    )
    return Comparison(reference.total, profile, verdict, reference.left_out)


def _windows_of(reference: Reference, table: pa.Table, whole: Profile) -> Mapping[Window, Profile]:
    """Current's windows that have rows enough to be judged; where none has, `whole` as one."""
    assert reference.timestamp is not None
    assert reference.window is not None
    require_columns([reference.timestamp], table, "timestamp")
    windows = profile_windows(reference.grids, table, reference.timestamp, reference.window)
    large = {window: found for window, found in windows.items() if found.rows >= MIN_ROWS}
    return large or {Window(min(windows).start, max(windows).end): whole}
