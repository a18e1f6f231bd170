"""Which part of a numeric axis to draw, in what steps, and whether to stretch it."""

from __future__ import annotations

import math

import numpy as np

from driftline.profiles.grid import Floats, NumericGrid
from driftline.profiles.summary import Summary

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


def drawn_range(grid: NumericGrid, reference: Summary, current: Summary) -> tuple[float, float]:
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


def lattice_step(
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


def stretch_scale(
    grid: NumericGrid, sides: tuple[Summary, Summary], low: float, high: float
) -> float:
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
    low, high = np.searchsorted(reached, [0.25 * reached[-1], 0.75 * reached[-1]])
    return float(values[high] - values[low])


def _typical(values: Floats, weights: Floats, share: float) -> float:
    """A quantile of the sizes of all values but zero."""
    sizes = np.abs(values)
    order = np.argsort(sizes)
    order = order[(sizes[order] > 0) & (weights[order] > 0)]
    if len(order) == 0:
        return 0.0
    reached = np.cumsum(weights[order])
    return float(sizes[order][np.searchsorted(reached, share * reached[-1])])


def nice(step: float) -> float:
    """The next of 1, 2, 5 times a power of ten.

    >>> nice(0.03), nice(7.0)
    (0.05, 10.0)
    """
    power = 10.0 ** math.floor(math.log10(step))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= step * (1 - 1e-9))


def stretched_ticks(edges: Floats, scale: float) -> tuple[tuple[float, float], ...]:
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
