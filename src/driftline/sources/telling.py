"""Problems of a source in words, for people who would not read the same line twenty times."""

from __future__ import annotations

from collections.abc import Iterable

from driftline.sources.protocol import Problem, ProblemCode

ONE_BY_ONE = 3
"""Problems of one kind that are told a line each; of more the first stands for all."""


def problem_lines(problems: Iterable[Problem], what: str = "") -> list[str]:
    """A line for each problem, in the order they came; many of a kind are folded into one.

    `what` says what was read: the predictions, the labels, the reference.
    """
    kinds: dict[ProblemCode, dict[str, Problem]] = {}
    for problem in problems:
        kinds.setdefault(problem.code, {}).setdefault(problem.path, problem)
    lines = []
    for of_kind in kinds.values():
        told = list(of_kind.values())
        if len(told) > ONE_BY_ONE:
            lines.append(f"{told[0]}; and so in {len(told) - 1:,} more files")
        else:
            lines += [str(problem) for problem in told]
    return [f"{what}: {line}" if what else line for line in lines]
