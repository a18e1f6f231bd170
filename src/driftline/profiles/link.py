"""Link: which other column a column is watched together with, and how the two are marked.

Each row has a mark for the coarse bin of its value in either column; a window keeps the sum of the
products of the two marks and the sum of the partner's. Both add like counts. The products tell
whether the two columns still go together, whatever each of them does by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MARKS = 15
"""Marks are whole numbers from 0 to MARKS - 1."""


@dataclass(frozen=True)
class Coding:
    """The marks of one column.

    Attributes:
        cuts: numbers up to the first are in bin 0, up to the second in bin 1, and so on. Empty for
            categories: the commonest is bin 0, and the last bin is all that are left.
        marks: the mark of rows without a value, then of each bin.
    """

    cuts: tuple[float, ...]
    marks: tuple[int, ...]

    def of_cells(self, points: NDArray[np.float64] | None, cells: int) -> NDArray[np.int64]:
        """The mark of each cell of a grid; `points` are those of a numeric one."""
        if points is None:
            bins = np.minimum(np.arange(cells), len(self.marks) - 2)
        else:
            ends = np.append(np.repeat(points, 2), np.inf)  # a gap goes with the point at its end
            bins = np.searchsorted(self.cuts, ends, "left")
        marks: NDArray[np.int64] = np.array(self.marks, dtype=np.int64)[bins + 1]
        return marks


@dataclass(frozen=True)
class Link:
    """A column's partner.

    Attributes:
        partner: the other column.
        own, other: the marks of this column and of the partner.
        strength: correlation of the marks within windows of the reference, 0 to 1.
    """

    partner: str
    own: Coding
    other: Coding
    strength: float

    def told(self) -> list[object]:
        """Everything, as JSON can hold it."""
        own, other = (
            [[float(cut).hex() for cut in coding.cuts], list(coding.marks)]
            for coding in (self.own, self.other)
        )
        return [self.partner, own, other, float(self.strength).hex()]


def link_from(told: Any) -> Link:
    """Undo `Link.told`; raises ValueError or TypeError for anything else."""
    partner, own, other, strength = told
    if not isinstance(partner, str):
        raise ValueError("a link has no partner")
    return Link(partner, _coding(own), _coding(other), float.fromhex(strength))


def _coding(told: Any) -> Coding:
    cuts, marks = told
    sound = all(type(mark) is int and 0 <= mark < MARKS for mark in marks) and len(marks) > 1
    if not sound:
        raise ValueError("the marks of a link are no small whole numbers")
    return Coding(tuple(float.fromhex(cut) for cut in cuts), tuple(marks))
