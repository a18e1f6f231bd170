"""Which question is told of a column, and when a relation speaks for one of its columns only."""

from __future__ import annotations

import numpy as np
import pytest

from driftline.alarms.questions import Question
from driftline.alarms.telling import told_of

QUESTIONS = (
    Question("a", "mean_rank"),
    Question("a", "coupling", partner="b"),
    Question("b", "mean_rank"),
)
MEAN, RELATION, OTHER = range(3)


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        ((0.1, 2.0, 0.3), {"a": (RELATION, ("coupling",)), "b": (RELATION, ("coupling",))}),
        ((0.1, 2.0, 1.5), {"a": (MEAN, ()), "b": (OTHER, ("coupling", "mean_rank"))}),
        ((1.5, 2.0, 0.3), {"a": (MEAN, ("mean_rank", "coupling")), "b": (OTHER, ())}),
        (
            (1.5, 2.0, 1.1),
            {"a": (MEAN, ("mean_rank", "coupling")), "b": (OTHER, ("coupling", "mean_rank"))},
        ),
        ((0.1, 0.9, 1.5), {"a": (RELATION, ()), "b": (OTHER, ("mean_rank",))}),
    ],
    ids=["of both", "of the other", "of the column itself", "both changed", "no alarm of it"],
)
def test_a_relation_is_told_of_the_column_that_has_changed_itself(
    scores: tuple[float, ...], told: dict[str, tuple[int, tuple[str, ...]]]
) -> None:
    assert told_of(QUESTIONS, np.array(scores), {"a", "b"}) == told


def test_a_column_that_is_not_asked_for_is_not_told_of() -> None:
    assert told_of(QUESTIONS, np.array([0.0, 2.0, 0.0]), {"b"}) == {"b": (RELATION, ("coupling",))}
