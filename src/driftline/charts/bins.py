"""From the fine grid of a numeric column to a few dozen bins that a person can read."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from driftline.charts.axis import (
    LARGEST,
    drawn_range,
    lattice_step,
    nice,
    stretch_scale,
    stretched_ticks,
)
from driftline.profiles.grid import Floats, NumericGrid
from driftline.profiles.summary import Summary
from driftline.wording import DASH, trimmed

BINS = 56
"""About how many bins a chart has at most; fewer when a side has few rows."""


@dataclass(frozen=True)
class Bins:
    """Shares of both sides per bin.

    Attributes:
        edges: values at the edges, one more than bins.
        positions: where the edges are drawn: the values themselves, or stretched.
        reference, current: share of each side's rows per bin, 0 to 1.
        names: the values of each bin in words.
        ticks: (position, value) of axis labels when stretched, else empty.
    """

    edges: Floats
    positions: Floats
    reference: Floats
    current: Floats
    names: tuple[str, ...]
    ticks: tuple[tuple[float, float], ...] = ()


def bins(reference: Summary, current: Summary) -> Bins:
    """Bins over the values that both sides have; guard points beyond them are left out.

    Values on a lattice (integers, half hours) get bins of whole lattice steps. Heavy tails are
    stretched by asinh(x / scale): linear near zero, logarithmic far from it.
    """
    grid = reference.grid
    assert isinstance(grid, NumericGrid)
    low, high = drawn_range(grid, reference, current)
    many = _how_many(reference, current)
    step = lattice_step(grid, reference, current, low, high)
    few = high - low <= many * step
    scale = 0.0 if few else stretch_scale(grid, (reference, current), low, high)
    if scale:
        ends = np.arcsinh(np.array([low, high]) / scale)
        edges = np.sinh(np.linspace(ends[0], ends[1], many + 1)) * scale
        if step:
            edges = np.unique(np.round((edges - low) / step)) * step + low
            edges = np.append(edges, edges[-1] + step) - step / 2
        positions = np.arcsinh(edges / scale)
        ticks = stretched_ticks(edges, scale)
    else:
        positions = edges = (
            _lattice_edges(low, high, step, many) if step else _even_edges(low, high, many)
        )
        ticks = ()
    shares = [_shares(grid, side, edges) for side in (reference, current)]
    return Bins(edges, positions, shares[0], shares[1], _names(edges, step), ticks)


def _how_many(reference: Summary, current: Summary) -> int:
    """Thrice the cube root of the smaller side's rows: enough in a bin to be more than noise."""
    fewest = min(side.present for side in (reference, current) if side.present)
    return int(np.clip(3 * fewest ** (1 / 3), 8, BINS))


def _names(edges: Floats, step: float) -> tuple[str, ...]:
    """The values of each bin: a range, or on a lattice its first and last value."""
    digits = max(4, 1 + int(np.ceil(np.log10(np.abs(edges).max() / np.diff(edges).min()))))
    lows, highs = edges[:-1] + step / 2, edges[1:] - step / 2
    words = [[trimmed(value, digits) for value in ends.tolist()] for ends in (lows, highs)]
    return tuple(a if a == b else f"{a} {DASH} {b}" for a, b in zip(*words, strict=True))


def _even_edges(low: float, high: float, many: int) -> Floats:
    """Edges at round numbers; one that is the highest value closes the last bin."""
    if high <= low:
        margin = abs(low) / 2 if abs(low) > 1 / LARGEST else 0.5
        low, high = low - margin, high + margin
    step = nice((high - low) / many)
    first, last = math.floor(low / step), math.ceil(high / step - 1e-9)
    return np.arange(first, last + 1, dtype=np.float64) * step


def _lattice_edges(low: float, high: float, step: float, many: int) -> Floats:
    """Edges half a step beside the values, whole steps wide."""
    wide = max(1, math.ceil((high - low) / step / many))
    count = math.floor((high - low) / step / wide + 1e-9) + 1
    return low - step / 2 + np.arange(count + 1, dtype=np.float64) * (step * wide)


def _shares(grid: NumericGrid, side: Summary, edges: Floats) -> Floats:
    """Share of rows per bin; values spread evenly within a cell; the ends take what is beyond."""
    if not side.present:
        return np.zeros(len(edges) - 1)
    reached = np.cumsum(side.counts) / side.present
    below, upto = reached[0::2][:-1], reached[1::2]
    points = grid.points
    after = np.searchsorted(points, edges, "left")
    right = np.clip(after, 0, len(points) - 1)
    left = np.clip(after - 1, 0, len(points) - 1)
    width = points[right] - points[left]
    part = np.divide(edges - points[left], width, out=np.ones(len(edges)), where=width > 0)
    share = upto[left] + np.clip(part, 0, 1) * (below[right] - upto[left])
    share[0], share[-1] = 0.0, 1.0
    return np.diff(share)
