"""Questions: what is asked of every column of a window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from driftline.profiles.grid import Grid, NumericGrid
from driftline.statistics.common_share import COMMON

NEW_NUMBERS = ("new_value_share", "out_of_range_share")
"""Questions about numbers that the reference never had: how many, not how far off they are."""


@dataclass(frozen=True)
class Question:
    """One question asked of one column.

    Attributes:
        column: the column.
        statistic: what is asked, by the name of a statistic.
        distance: scores are never negative and only large ones count.
        upper: only an increase counts.
        category: for `common_share`, which category, from the commonest on.
        partner: for `coupling`, the other column.
    """

    column: str
    statistic: str
    distance: bool = False
    upper: bool = False
    category: int | None = None
    partner: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the answer is about."""
        return (self.column,) if self.partner is None else (self.column, self.partner)

    @property
    def two_sided(self) -> bool:
        """Whether both directions count."""
        return not (self.distance or self.upper)

    @property
    def weighed(self) -> bool:
        """Whether scores are weighed against those of other columns: those with a direction that
        are about one column."""
        return self.two_sided and self.partner is None


def questions_of(grids: Mapping[str, Grid]) -> tuple[Question, ...]:
    """The questions of every column, in a fixed order; evidence is in the same order."""
    questions: list[Question] = []
    for name, grid in grids.items():
        if isinstance(grid, NumericGrid):
            questions += [
                Question(name, "kolmogorov_smirnov", distance=True),
                Question(name, "mean_rank"),
                Question(name, "rank_spread"),
                Question(name, "value_spread"),
                Question(name, "zero_share", upper=True),
            ]
        else:
            common = range(min(COMMON, len(grid.categories)))
            questions += [
                Question(name, "chi_squared", distance=True),
                *(Question(name, "common_share", category=i) for i in common),
            ]
        unseen = NEW_NUMBERS if isinstance(grid, NumericGrid) else ("new_category_share",)
        questions += [
            Question(name, "one_value_share", distance=True),
            *(Question(name, statistic, upper=True) for statistic in unseen),
            Question(name, "missing_share"),
        ]
        if grid.link is not None:
            questions.append(Question(name, "coupling", partner=grid.link.partner))
    return tuple(questions)
