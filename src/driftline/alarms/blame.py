"""Blame: which of the columns that changed move together, where it likeliest began, whose share.

Columns that go up and down together in the reference's own windows (temperature and dew point, a
departure and its arrival) are one thing seen several times. What links two columns is the
correlation of their movement from window to window; linked columns are one group, whatever the size
of their change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from driftline.profiles.grid import Floats, NumericGrid
from driftline.profiles.profile import Profile
from driftline.profiles.summary import Summary
from driftline.statistics.ranks import mean_difference, mid_ranks

LINKED = 0.5
"""Correlation from which two columns are taken to move together; more where windows are few."""

CERTAIN = 2.6
"""Standard errors by which a correlation must differ from none."""

Movement = Mapping[str, Floats]
"""How each column stood in each reference window, against all of them; one value a window."""


@dataclass(frozen=True)
class Group:
    """Columns that move together, the likeliest origin first, and the share of the whole change
    that each has (0 to 1)."""

    columns: tuple[str, ...]
    shares: tuple[float, ...]

    @property
    def share(self) -> float:
        """Of all its columns together."""
        return sum(self.shares)


def movement_of(windows: Sequence[Profile], total: Profile) -> Movement:
    """The movement of every column over `windows`, in order; `total` is their sum."""
    return {
        name: _movement(summary, [window.columns[name] for window in windows])
        for name, summary in total.columns.items()
    }


def _movement(total: Summary, windows: Sequence[Summary]) -> Floats:
    """Numbers: the mean rank. Categories: along the direction in which their shares vary most."""
    still = np.zeros(len(windows))
    if not total.present or not windows:
        return still
    if isinstance(total.grid, NumericGrid):
        ranks = mid_ranks(total)
        return np.array(
            [mean_difference(total, w, ranks)[0] if w.present else 0.0 for w in windows]
        )
    usual = total.counts / total.present
    used = usual > 0
    moved = np.array([w.counts / w.present - usual if w.present else 0 * usual for w in windows])
    scaled = moved[:, used] / np.sqrt(usual[used])
    if not scaled.size or not scaled.any():
        return still
    left, sizes, _ = np.linalg.svd(scaled, full_matrices=False)
    found: Floats = left[:, 0] * sizes[0]
    return found


def groups_of(changed: Mapping[str, float], movement: Movement) -> tuple[Group, ...]:
    """The columns that changed, by how much (0 to 1), as groups: the one with the greatest share
    first, and in each the column first that, with its own change and its links, explains most."""
    names = list(changed)
    links = _links(names, movement)
    whole = sum(changed.values())
    found = []
    for members in _connected(links):
        weights = np.array([changed[names[i]] for i in members])
        explained = np.abs(links[np.ix_(members, members)]) @ weights
        order = sorted(range(len(members)), key=lambda k: (-explained[k], -weights[k], k))
        shares = [weights[k] / whole if whole else 1 / len(names) for k in order]
        columns = tuple(names[members[k]] for k in order)
        found.append(Group(columns, tuple(float(share) for share in shares)))
    return tuple(sorted(found, key=lambda group: -group.share))


def _links(names: Sequence[str], movement: Movement) -> Floats:
    """Correlations of the columns' movement; 0 where that is too weak to tell, 1 with itself."""
    links = np.eye(len(names))
    for i, first in enumerate(names):
        for j in range(i):
            a, b = movement.get(first), movement.get(names[j])
            if a is None or b is None or not a.any() or not b.any():
                continue
            found = float(np.corrcoef(a, b)[0, 1]) if a.std() and b.std() else 0.0
            if abs(found) >= max(LINKED, CERTAIN / np.sqrt(len(a))):
                links[i, j] = links[j, i] = found
    return links


def _connected(links: Floats) -> list[list[int]]:
    """The sets of columns that are linked, directly or by others."""
    left, found = set(range(len(links))), []
    while left:
        group, edge = set(), {min(left)}
        while edge:
            group |= edge
            edge = {j for i in edge for j in np.flatnonzero(links[i]).tolist()} - group
        found.append(sorted(group))
        left -= group
    return found
