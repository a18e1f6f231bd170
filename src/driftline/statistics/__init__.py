"""Statistics: functions from two summaries to a number. Deciding is another module's work.

Each lives in a file of its own and is found there (`driftline.registry`); its docstring is its
reference page. Both summaries must be counted on the same grid.

>>> sorted(statistics())[:2]
['chi_squared', 'common_share']
>>> statistics()["psi"].kinds
('numeric', 'categorical')
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from driftline.profiles.grid import NumericGrid, require_same_grid
from driftline.profiles.summary import Summary
from driftline.registry import parts

Kind = Literal["numeric", "categorical"]
Measure = Callable[[Summary, Summary], float]


@dataclass(frozen=True)
class Statistic:
    """A named measure of how far the current summary is from the reference.

    Attributes:
        name: the name of its module.
        compute: the measure itself; not called for summaries without rows.
        kinds: kinds of column that it applies to.
        low, high: the range of its values; `high` may be infinite.
        unit: what a value is measured in.
        symmetric: whether exchanging reference and current leaves the value as it is.
        of_values: whether it looks only at rows that have a value; a side without any is empty.
        test: probability of a value as extreme without drift, when rows are independent.
        doc: the reference page.
    """

    name: str
    compute: Measure = field(repr=False)
    kinds: tuple[Kind, ...] = ("numeric", "categorical")
    low: float = 0.0
    high: float = 1.0
    unit: str = "share"
    symmetric: bool = False
    of_values: bool = True
    test: Measure | None = field(default=None, repr=False)
    doc: str = field(default="", repr=False)

    def __call__(self, reference: Summary, current: Summary) -> float:
        """The value, `low` to `high`; nan when a side is empty.

        Raises GridMismatch when the sides were counted on different grids.
        """
        require_same_grid(reference.grid, current.grid)
        if self._lacks_rows(reference, current):
            return math.nan
        return self.compute(reference, current)

    def p_value(self, reference: Summary, current: Summary) -> float:
        """Probability, 0 to 1, of a value as extreme without drift and with independent rows.

        1.0 when a side is empty: no rows are no evidence. nan for a statistic without a test.
        """
        require_same_grid(reference.grid, current.grid)
        if self.test is None:
            return math.nan
        if self._lacks_rows(reference, current):
            return 1.0
        return min(1.0, max(0.0, self.test(reference, current)))

    def applies_to(self, summary: Summary) -> bool:
        """Whether the summary's column is of a kind that this statistic is made for."""
        kind: Kind = "numeric" if isinstance(summary.grid, NumericGrid) else "categorical"
        return kind in self.kinds

    def _lacks_rows(self, reference: Summary, current: Summary) -> bool:
        if self.of_values:
            return reference.present == 0 or current.present == 0
        return reference.rows == 0 or current.rows == 0


def statistic(
    *,
    kinds: tuple[Kind, ...] = ("numeric", "categorical"),
    low: float = 0.0,
    high: float = 1.0,
    unit: str = "share",
    symmetric: bool = False,
    of_values: bool = True,
    test: Measure | None = None,
) -> Callable[[Measure], Statistic]:
    """Make a function of (reference, current) a `Statistic` with the function's name and docstring.

    What the arguments mean is said at `Statistic`.
    """

    def made(compute: Measure) -> Statistic:
        return Statistic(
            name=compute.__name__,
            compute=compute,
            kinds=kinds,
            low=low,
            high=high,
            unit=unit,
            symmetric=symmetric,
            of_values=of_values,
            test=test,
            doc=inspect.getdoc(compute) or "",
        )

    return made


def statistics() -> Mapping[str, Statistic]:
    """Every statistic by name: those of this folder and those other distributions announce."""
    return parts("driftline.statistics", Statistic)
