"""Outcomes: predictions joined with their labels, as counts that add.

`outcomes(a) + outcomes(b) == outcomes(a and b)` with `==`, like profiles: confusion counts, score
counts on a grid, and sums of errors that are exact (`driftline.profiles.exact_sum`). Every
performance metric of any span comes from the sum of its windows' outcomes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from driftline.errors import GridMismatch, ProfileError
from driftline.profiles.grid import NumericGrid
from driftline.profiles.summary import Summary, empty_summary

Task = Literal["binary", "multiclass", "regression"]
Confusion = Mapping[tuple[str, str], int]

SCORE_GRID = NumericGrid(np.linspace(0.0, 1.0, 1001))
"""Where scores are counted when the reference has no grid of the score column."""

SUMS: Mapping[Task, tuple[str, ...]] = {
    "binary": ("log_loss", "squared_error"),
    "multiclass": (),
    "regression": (
        "error",
        "absolute_error",
        "squared_error",
        "percentage_error",
        "label",
        "squared_label",
    ),
}
"""The exact sums that each task keeps."""


@dataclass(frozen=True)
class Outcomes:
    """What became of a window's predictions. Adds and subtracts exactly; `empty` is neutral.

    Every row is in one of four places:
    `rows == labelled + unlabelled + bad_labels + bad_predictions`.

    Attributes:
        task: binary, multiclass or regression.
        rows: predictions in the window, labelled or not.
        labelled: rows whose label is known and which every metric below is made of.
        bad_labels: rows whose label is known but cannot be used (not a number, not a class).
        bad_predictions: rows whose label can be used but whose prediction cannot, or is missing.
        confusion: rows by (label, prediction), named as categories are; binary: "1" and "0".
        scores: binary: labelled rows' scores on the score grid, of negative and positive labels;
            a row without a score is `missing` there.
        improper_scores: binary: labelled rows with a score that is no probability (not in [0, 1]).
        sums: exact sums by name, in units of 2**-1074 (see SUMS); those of binary are over rows
            with a proper score.
    """

    task: Task
    rows: int = 0
    labelled: int = 0
    bad_labels: int = 0
    bad_predictions: int = 0
    confusion: Confusion = field(default_factory=dict)
    scores: tuple[Summary, Summary] | None = None
    improper_scores: int = 0
    sums: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def empty(cls, task: Task, score_grid: NumericGrid = SCORE_GRID) -> Outcomes:
        """No rows; `score_grid` is used by binary only."""
        scores = (empty_summary(score_grid), empty_summary(score_grid))
        return cls(
            task,
            scores=scores if task == "binary" else None,
            sums=dict.fromkeys(SUMS[task], 0),
        )

    @property
    def unlabelled(self) -> int:
        """Rows whose label is not known yet."""
        return self.rows - self.labelled - self.bad_labels - self.bad_predictions

    @property
    def coverage(self) -> float:
        """Share of the predictions with a usable label, 0 to 1; 0 when there are none."""
        return self.labelled / self.rows if self.rows else 0.0

    def __add__(self, other: Outcomes) -> Outcomes:
        return self._combine(other, 1)

    def __sub__(self, other: Outcomes) -> Outcomes:
        rest = self._combine(other, -1)
        tallies = (rest.rows, rest.labelled, rest.unlabelled, rest.bad_labels, rest.bad_predictions)
        if min(*tallies, *rest.confusion.values(), 0) < 0:
            raise ProfileError("cannot subtract outcomes that are not a part of these")
        return rest

    def _combine(self, other: Outcomes, sign: int) -> Outcomes:
        if self.task != other.task:
            raise GridMismatch(f"cannot combine {self.task} with {other.task} outcomes")
        pairs = self.confusion.keys() | other.confusion.keys()
        confusion = {
            pair: self.confusion.get(pair, 0) + sign * other.confusion.get(pair, 0)
            for pair in pairs
        }
        return Outcomes(
            self.task,
            self.rows + sign * other.rows,
            self.labelled + sign * other.labelled,
            self.bad_labels + sign * other.bad_labels,
            self.bad_predictions + sign * other.bad_predictions,
            {pair: count for pair, count in confusion.items() if count},
            self._combine_scores(other, sign),
            self.improper_scores + sign * other.improper_scores,
            {name: total + sign * other.sums[name] for name, total in self.sums.items()},
        )

    def _combine_scores(self, other: Outcomes, sign: int) -> tuple[Summary, Summary] | None:
        if self.scores is None or other.scores is None:
            return None
        negative, positive = self.scores
        if sign > 0:
            return negative + other.scores[0], positive + other.scores[1]
        return negative - other.scores[0], positive - other.scores[1]
