"""Evidence: how far each column of a window is from the reference, one score per question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from driftline.alarms.relation import Usual, changes_of, relations_in, usual_of
from driftline.alarms.scores import Score, Sides, scores_of
from driftline.alarms.season import Phase, Phases
from driftline.profiles.grid import CategoricalGrid, Floats
from driftline.profiles.profile import Profile
from driftline.profiles.summary import Summary

TOGETHER = 256
"""Windows that are scored at once: more take more memory and are no faster."""


@dataclass(frozen=True)
class Evidence:
    """What speaks against one window (arrays of shape (F,)) or several (windows, F), F questions.

    Attributes:
        scores: distance from the reference in standard deviations, if rows were independent.
        effects: size of the change that each question is about, 0 to 1.
        volumes: rows that each score rests on: with the reference's day-to-day differences scores
            grow with the root of them.
        phases: shape (3,) or (windows, 3), see `driftline.alarms.season`.
    """

    scores: Floats
    effects: Floats
    volumes: Floats
    phases: Phases

    def of(self, windows: object) -> Evidence:
        """The evidence of some of several windows, by any NumPy index."""
        pick: slice = windows  # type: ignore[assignment]
        return Evidence(
            self.scores[pick], self.effects[pick], self.volumes[pick], self.phases[pick]
        )


def stack(windows: Sequence[Evidence]) -> Evidence:
    """Evidence of single windows as one of shape (windows, F)."""
    return Evidence(
        np.array([window.scores for window in windows]),
        np.array([window.effects for window in windows]),
        np.array([window.volumes for window in windows]),
        np.array([window.phases for window in windows]),
    )


@dataclass(frozen=True)
class Scorer:
    """Scores windows against a reference.

    Attributes:
        total: the reference's profile.
        new, beyond: for each column the reference rows that were new in their own window (in no
            other), and those that were outside the range of all others.
        usual: for each column how it goes together with its partner.
    """

    total: Profile
    new: Mapping[str, int]
    beyond: Mapping[str, int]
    usual: Mapping[str, Usual]

    def score(self, window: Profile, phases: Phase = (0, 0, 0)) -> Evidence:
        """The evidence against a window that is no part of the reference."""
        found: list[Score] = []
        for name, summary in window.columns.items():
            total = self.total.columns[name]
            counts = summary.counts[None].astype(np.float64)
            reference = total.counts[None].astype(np.float64)
            sides = Sides(
                counts=counts,
                missing=np.array([float(summary.missing)]),
                reference=reference,
                reference_missing=np.array([float(total.missing)]),
                new=_new(total, reference, counts),
                reference_new=np.array([float(self.new[name])]),
                beyond=_beyond(reference, counts),
                reference_beyond=np.array([float(self.beyond[name])]),
                coupling=changes_of(relations_in([window], name), self.usual[name]),
            )
            found += scores_of(total, sides)
        return _evidence(found, np.array([phases])).of(0)


def _evidence(found: Sequence[Score], phases: Phases) -> Evidence:
    scores, effects, volumes = zip(*found, strict=True)
    return Evidence(np.array(scores).T, np.array(effects).T, np.array(volumes).T, phases)


def score_own_windows(
    windows: Sequence[Profile], phases: Sequence[Phase] | None = None
) -> tuple[Scorer, Evidence]:
    """A scorer from the reference's windows, and each of them scored against all the others; by
    default all windows are of one phase."""
    known = np.zeros((len(windows), 3), dtype=np.int64) if phases is None else np.array(phases)
    total = windows[0]
    for window in windows[1:]:
        total = total + window
    new: dict[str, int] = {}
    beyond: dict[str, int] = {}
    usual: dict[str, Usual] = {}
    found: list[Score] = []
    for name, whole in total.columns.items():
        own = [window.columns[name] for window in windows]
        lone = np.concatenate([_lone(whole, part) for part in _parts(own)])
        new[name], beyond[name] = (int(rows) for rows in lone.sum(axis=0))
        relations = relations_in(windows, name)
        usual[name] = usual_of(relations, [window.rows for window in windows])
        coupling = changes_of(relations, usual[name])
        parts: list[list[Score]] = []
        for i, part in enumerate(_parts(own)):
            at = slice(i * TOGETHER, i * TOGETHER + len(part))
            sides = _own_sides(whole, part, (lone[at], lone.sum(axis=0)), coupling[at])
            parts.append(scores_of(whole, sides))
        for question in zip(*parts, strict=True):
            scores, effects, volumes = (
                np.concatenate(piece) for piece in zip(*question, strict=True)
            )
            found.append((scores, effects, volumes))
    return Scorer(total, new, beyond, usual), _evidence(found, known)


def _parts(own: Sequence[Summary]) -> list[Sequence[Summary]]:
    return [own[i : i + TOGETHER] for i in range(0, len(own), TOGETHER)]


def _counts(part: Sequence[Summary]) -> Floats:
    return np.array([summary.counts for summary in part], dtype=np.float64)


def _lone(whole: Summary, part: Sequence[Summary]) -> Floats:
    """For each window the rows with values that no other window has, and those outside the range
    of all others: shape (windows, 2)."""
    counts = _counts(part)
    others = whole.counts - counts
    return np.stack([_new(whole, others, counts), _beyond(others, counts)], axis=1)


def _new(whole: Summary, reference: Floats, counts: Floats) -> Floats:
    """For each window the rows in cells that its reference has no row in."""
    absent = reference == 0
    if isinstance(whole.grid, CategoricalGrid):
        absent[:, -1] = True
    rows: Floats = np.where(absent, counts, 0).sum(axis=1)
    return rows


def _beyond(reference: Floats, counts: Floats) -> Floats:
    """For each window the rows in cells before the first or after the last that its reference has
    rows in."""
    held = reference > 0
    cells = np.arange(held.shape[1])
    first = held.argmax(axis=1)[:, None]
    last = held.shape[1] - 1 - held[:, ::-1].argmax(axis=1)[:, None]
    rows: Floats = np.where((cells < first) | (cells > last), counts, 0).sum(axis=1)
    return rows


def _own_sides(
    whole: Summary,
    part: Sequence[Summary],
    lone: tuple[Floats, Floats],
    coupling: Floats,
) -> Sides:
    """`lone`: what `_lone` says of each window, and of all of them together."""
    (new, beyond), (all_new, all_beyond) = lone[0].T, lone[1]
    counts = _counts(part)
    missing = np.array([summary.missing for summary in part], dtype=np.float64)
    return Sides(
        counts=counts,
        missing=missing,
        reference=whole.counts - counts,
        reference_missing=whole.missing - missing,
        new=new,
        reference_new=all_new - new,
        beyond=beyond,
        reference_beyond=all_beyond - beyond,
        coupling=coupling,
    )
