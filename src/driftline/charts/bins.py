"""From the fine grid of a numeric column to a few dozen bins that a person can read."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from driftline.profiles.grid import Floats, NumericGrid
from driftline.profiles.summary import Summary
from driftline.wording import DASH, trimmed

BINS = 56
"""About how many bins a chart has at most; fewer when a side has few rows."""

TAIL = 0.001
"""Share of either side's rows that may lie beyond each end and is counted in the end bins."""

HEAVY = 16.0
"""A range this many times the middle half of the rows is drawn on a stretched axis (a normal
distribution has 5, an exponential one 6, a lognormal one 15 and up)."""

APART = 100.0
"""So is one that is this many times the middle half of either side (a changed unit)."""

WIDEST = 1e12
"""The largest value of a stretched axis is at most so many times the smallest."""

LARGEST = 1e100
"""Values beyond are not drawn; they are no measurements."""


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
    low, high = _range(grid, reference, current)
    many = _how_many(reference, current)
    step = _lattice(grid, reference, current, low, high)
    few = high - low <= many * step
    scale = 0.0 if few else _scale(grid, (reference, current), low, high)
    if scale:
        ends = np.arcsinh(np.array([low, high]) / scale)
        edges = np.sinh(np.linspace(ends[0], ends[1], many + 1)) * scale
        if step:
            edges = np.unique(np.round((edges - low) / step)) * step + low
            edges = np.append(edges, edges[-1] + step) - step / 2
        positions = np.arcsinh(edges / scale)
        ticks = _ticks(edges, scale)
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


def _range(grid: NumericGrid, reference: Summary, current: Summary) -> tuple[float, float]:
    """Lowest and highest value worth drawing."""
    lows, highs = [], []
    for side in (reference, current):
        if side.present:
            lows.append(_quantile(grid, side, TAIL, 0))
            highs.append(_quantile(grid, side, 1 - TAIL, 1))
    low, high = np.clip([min(lows), max(highs)], -LARGEST, LARGEST).tolist()
    if high - low <= 1e-9 * max(abs(low), abs(high), 1 / LARGEST):
        low = high = (low + high) / 2
    return low, high


def _quantile(grid: NumericGrid, side: Summary, share: float, end: int) -> float:
    """The lower (end 0) or upper (end 1) edge of the cell that holds the quantile, made finite."""
    reached = np.cumsum(side.counts) / side.present
    cell = min(int(np.searchsorted(reached, share)), grid.cells - 1)
    value = float(grid.edges[end][cell])
    return value if math.isfinite(value) else float(grid.midpoints[cell])


def _lattice(
    grid: NumericGrid, reference: Summary, current: Summary, low: float, high: float
) -> float:
    """The step between values that are all whole steps apart; 0 when they are not."""
    at = (reference.counts + current.counts)[1::2]
    total = reference.present + current.present
    points = grid.points[(at > 0) & (grid.points >= low) & (grid.points <= high)]
    if at.sum() < 0.9 * total or len(points) < 2:
        return 0.0
    step = float(np.diff(points).min())
    if high - low > 1e9 * step:
        return 0.0
    steps = (points - points[0]) / step
    whole = bool(np.all(np.abs(steps - np.round(steps)) < 1e-6))
    return step if whole and abs((low - points[0]) / step % 1) < 1e-6 else 0.0


def _scale(grid: NumericGrid, sides: tuple[Summary, Summary], low: float, high: float) -> float:
    """The scale of a stretched axis, or 0 when a plain one will do."""
    values = np.clip(grid.midpoints, -LARGEST, LARGEST)
    shares = [side.counts / side.present for side in sides if side.present]
    both: Floats = np.sum(shares, axis=0)
    typical = _typical(values, both, 0.5)
    limits = [APART * _middle_half(values, weights) for weights in shares]
    limits.append(HEAVY * _middle_half(values, both))
    if high - low <= min((limit for limit in limits if limit > 0), default=1000 * typical):
        return 0.0
    scale = typical if low < 0 < high else _typical(values, both, 0.1)
    largest = max(abs(low), abs(high))
    return max(scale, largest / WIDEST) if largest > 10 * scale else 0.0


def _middle_half(values: Floats, weights: Floats) -> float:
    """The distance between the quartiles."""
    reached = np.cumsum(weights)
    quartiles = np.interp([0.25 * reached[-1], 0.75 * reached[-1]], reached, values)
    return float(quartiles[1] - quartiles[0])


def _typical(values: Floats, weights: Floats, share: float) -> float:
    """A quantile of the sizes of all values but zero."""
    sizes = np.abs(values)
    order = np.argsort(sizes)
    order = order[(sizes[order] > 0) & (weights[order] > 0)]
    if len(order) == 0:
        return 0.0
    reached = np.cumsum(weights[order])
    return float(sizes[order][np.searchsorted(reached, share * reached[-1])])


def _even_edges(low: float, high: float, many: int) -> Floats:
    """Edges at round numbers."""
    if high <= low:
        margin = abs(low) / 2 if abs(low) > 1 / LARGEST else 0.5
        low, high = low - margin, high + margin
    step = nice((high - low) / many)
    first, last = math.floor(low / step), math.floor(high / step) + 1
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


def nice(step: float) -> float:
    """The next of 1, 2, 5 times a power of ten.

    >>> nice(0.03), nice(7.0)
    (0.05, 10.0)
    """
    power = 10.0 ** math.floor(math.log10(step))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= step * (1 - 1e-9))


def _ticks(edges: Floats, scale: float) -> tuple[tuple[float, float], ...]:
    """Round values for a stretched axis, not closer than an eighth of it."""
    low, high = float(edges[0]), float(edges[-1])
    top = math.ceil(math.log10(max(abs(low), abs(high))))
    sizes = [10.0**power for power in range(top, top - 13, -1)]
    sizes += [m * size for m in (5, 2) for size in sizes]
    room = (np.arcsinh(high / scale) - np.arcsinh(low / scale)) / 8
    chosen: dict[float, float] = {}
    for value in [0.0, *(sign * size for size in sizes for sign in (1, -1))]:
        position = float(np.arcsinh(value / scale))
        if low <= value <= high and all(abs(position - other) > room for other in chosen):
            chosen[position] = value
    return tuple(sorted(chosen.items()))
