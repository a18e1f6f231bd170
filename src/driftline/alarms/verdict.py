"""Verdict: the decision about one window, and how much each column is to blame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from driftline.profiles.newcomers import Newcomers

Method = Literal["calibrated", "independent_rows"]


@dataclass(frozen=True)
class Relation:
    """How a column goes together with `partner`: the correlation of their marks (see the statistic
    `coupling`), as it usually is in the reference's windows and as it is `now`, -1 to 1; `now` is
    None where nothing can be said of it."""

    partner: str
    usual: float
    now: float | None


@dataclass(frozen=True)
class ColumnVerdict:
    """What was decided about one column of one window.

    Attributes:
        name: the column.
        kind: "numeric" or "categorical".
        alarm: whether this column is part of the verdict's alarm.
        statistic: the statistic that says most against the column, by its module's name
            (kolmogorov_smirnov, chi_squared, missing_share, new_category_share).
        value: that statistic's value.
        p_value: probability of a value as extreme without drift, 0 to 1, for this column alone.
        effect: size of the change, 0 (none) to 1 (nothing in common): the Kolmogorov-Smirnov or
            total variation distance, or the change in the share of rows that is missing or new.
        blame: how far out of the ordinary the column is; columns are sorted by it.
        missing: share of rows without a usable value, 0 to 1.
        reference_missing: the same in the reference.
        least_effect: the effect below which a change is too small to alarm.
        alarmed: every statistic that would alarm by itself; `statistic` is the furthest out.
        relation: with another column, where `statistic` is about that.
        newcomers: categories that the reference has never seen, where they are common enough to
            matter: the commonest, each with its share of the rows that have a value.
    """

    name: str
    kind: Literal["numeric", "categorical"]
    alarm: bool
    statistic: str
    value: float
    p_value: float
    effect: float
    blame: float
    missing: float
    reference_missing: float
    least_effect: float
    alarmed: tuple[str, ...] = ()
    relation: Relation | None = None
    newcomers: Newcomers = ()

    @property
    def drifted(self) -> bool:
        return self.alarm


@dataclass(frozen=True)
class Verdict:
    """One decision for a whole window.

    Attributes:
        alarm: whether the window differs from the reference beyond the false-alarm budget.
        p_value: probability, without drift, of a window as far out as this one (all columns and
            tests together), 0 to 1.
        columns: every compared column, most blamed first.
        method: "calibrated" on the reference's own windows, or "independent_rows" when it has too
            few of them.
        note: how it was decided, in words for the owner.
    """

    alarm: bool
    p_value: float
    columns: tuple[ColumnVerdict, ...]
    method: Method
    note: str = ""

    @property
    def blamed(self) -> tuple[ColumnVerdict, ...]:
        """The columns that are part of the alarm, most blamed first."""
        return tuple(column for column in self.columns if column.alarm)

    def naming(self, newcomers: Mapping[str, Newcomers]) -> Verdict:
        """The verdict with the names of new categories, by column."""
        if not newcomers:
            return self
        named = (replace(c, newcomers=newcomers.get(c.name, ())) for c in self.columns)
        return replace(self, columns=tuple(named))
