"""Telling: which question is told of each column, when several say something of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from driftline.alarms.questions import Question
from driftline.profiles.grid import Floats

Told = tuple[int, tuple[str, ...]]
"""The question that is told of a column, by its place, and the statistics of all that alarm."""


def told_of(
    questions: Sequence[Question], score: Floats, columns: Collection[str]
) -> Mapping[str, Told]:
    """What is told of each of `columns`. `score` has one value a question; above 1 is an alarm.

    The question that is furthest out is told; but of two that alarm the one about the column
    itself, because a column that has changed goes together with others differently, too. For the
    same reason the relation of two columns of which one has changed by itself is no evidence
    against the other.
    """
    changed = {q.column for q, s in zip(questions, score, strict=True) if s > 1 and not q.partner}
    best: dict[str, int] = {}
    alarmed: dict[str, tuple[str, ...]] = {}
    for i, question in enumerate(questions):
        guilty = changed.intersection(question.columns) if score[i] > 1 else set()
        for column in guilty or question.columns:
            if column not in columns:
                continue
            if column not in best or _says_more(questions, score, i, best[column]):
                best[column] = i
            known = alarmed.get(column, ())
            if score[i] > 1 and question.statistic not in known:
                alarmed[column] = (*known, question.statistic)
    return {column: (i, alarmed.get(column, ())) for column, i in best.items()}


def _says_more(questions: Sequence[Question], score: Floats, i: int, j: int) -> bool:
    """Whether question i is to be told of a column rather than j."""
    if min(score[i], score[j]) > 1:
        alone = [questions[k].partner is None for k in (i, j)]
        if alone[0] != alone[1]:
            return alone[0]
    return bool(score[i] > score[j])
