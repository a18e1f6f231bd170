"""Outcomes as small checked blobs, and back: one by one, or many at once as their sum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from driftline.errors import GridMismatch
from driftline.profiles.codec import OUTCOMES, reading, seal, unseal
from driftline.profiles.grid import Counts, NumericGrid
from driftline.profiles.outcomes import SCORE_GRID, SUMS, Outcomes
from driftline.profiles.summary import Summary


def encode_outcomes(outcomes: Outcomes) -> bytes:
    """As a small checked blob; scores are stored sparsely, by the cells that have rows."""
    header: dict[str, Any] = {
        "task": outcomes.task,
        "tallies": [
            outcomes.rows,
            outcomes.labelled,
            outcomes.bad_labels,
            outcomes.bad_predictions,
            outcomes.improper_scores,
        ],
        "confusion": [[*pair, count] for pair, count in sorted(outcomes.confusion.items())],
        "sums": {name: f"{total:x}" for name, total in outcomes.sums.items()},
    }
    if outcomes.scores is None:
        return seal(OUTCOMES, header, b"")
    header["grid"] = outcomes.scores[0].grid.fingerprint
    header["scores"] = [[int(np.count_nonzero(s.counts)), *s.tallies] for s in outcomes.scores]
    used = [np.flatnonzero(s.counts) for s in outcomes.scores]
    parts = [
        part.astype("<i8").tobytes()
        for cells, summary in zip(used, outcomes.scores, strict=True)
        for part in (np.diff(cells, prepend=0), summary.counts[cells])
    ]
    return seal(OUTCOMES, header, b"".join(parts))


def decode_outcomes(blob: bytes, score_grid: NumericGrid = SCORE_GRID) -> Outcomes:
    """Undo `encode_outcomes`. `score_grid` must be the one that was counted on (binary only).

    Raises CodecError for anything else than an intact blob of ours, GridMismatch for another grid.
    """
    return decode_total([blob], score_grid)


def decode_total(blobs: Sequence[bytes], score_grid: NumericGrid = SCORE_GRID) -> Outcomes:
    """The sum of encoded outcomes of one task, at least one: what adding them up one by one gives,
    and ten times as quick."""
    heads, bodies = zip(*(unseal(OUTCOMES, blob) for blob in blobs), strict=True)
    with reading(OUTCOMES):
        task = heads[0]["task"]
        for head in heads:
            if head["task"] != task:
                raise GridMismatch(f"cannot combine {task} with {head['task']} outcomes")
            if head.get("grid", score_grid.fingerprint) != score_grid.fingerprint:
                raise GridMismatch(
                    "these outcomes were counted on another score grid than the reference has now; "
                    "join predictions and labels again with this reference"
                )
        confusion: Counter[tuple[str, str]] = Counter()
        for head in heads:
            for label, said, count in head["confusion"]:
                confusion[str(label), str(said)] += int(count)
        tallies = zip(*(head["tallies"] for head in heads), strict=True)
        rows, labelled, bad_labels, bad_predictions, improper = map(sum, tallies)
        return Outcomes(
            task,
            rows,
            labelled,
            bad_labels,
            bad_predictions,
            dict(confusion),
            _scores([head.get("scores") for head in heads], bodies, score_grid),
            improper,
            {name: sum(int(head["sums"][name], 16) for head in heads) for name in SUMS[task]},
        )


def _scores(
    heads: Sequence[list[list[int]] | None], bodies: Sequence[bytes], grid: NumericGrid
) -> tuple[Summary, Summary] | None:
    """The counts of all bodies together, of negative and positive labels."""
    if heads[0] is None:
        return None
    counts: tuple[Counts, Counts] = np.zeros(grid.cells, np.int64), np.zeros(grid.cells, np.int64)
    for head, body in zip(heads, bodies, strict=True):
        numbers, at = np.frombuffer(body, dtype="<i8"), 0
        for side, (used, *_) in zip(counts, head or (), strict=True):
            side[numbers[at : at + used].cumsum()] += numbers[at + used : at + 2 * used]
            at += 2 * used
    negative, positive = (
        Summary(
            grid, side, *map(sum, zip(*(head[number][1:] for head in heads if head), strict=True))
        )
        for number, side in enumerate(counts)
    )
    return negative, positive
