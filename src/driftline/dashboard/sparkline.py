"""Sparklines: a few dozen numbers as a small line, in SVG."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

WIDTH, HEIGHT, PAD = 120, 28, 3


def sparkline(
    values: Sequence[float | None],
    words: str,
    alarms: Sequence[bool] = (),
    limits: tuple[float, float] | None = None,
) -> Markup:
    """The line of `values`, oldest first; None is a gap. Points in alarm are marked with ticks
    below; the last value is a dot. `words` say what it shows; `limits` are those of its axis."""
    known = [value for value in values if value is not None]
    if not known:
        return Markup('<span class="soft">—</span>')
    low, high = limits or _limits(known)
    step = (WIDTH - 2 * PAD) / max(1, len(values) - 1)
    points = [
        None
        if value is None
        else (PAD + step * at, PAD + (HEIGHT - 4 * PAD) * (high - value) / (high - low))
        for at, value in enumerate(values)
    ]
    marks = "".join(
        f'<rect class="alarm" x="{PAD + step * at - 1:.1f}" y="{HEIGHT - 4}" width="2" height="4"/>'
        for at, alarm in enumerate(alarms)
        if alarm
    )
    x, y = next(point for point in reversed(points) if point is not None)
    return Markup(
        '<svg class="spark" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" '
        'aria-label="{words}"><title>{words}</title><path d="{path}"/>{marks}'
        '<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2"/></svg>'
    ).format(w=WIDTH, h=HEIGHT, words=words, path=_path(points), marks=Markup(marks), x=x, y=y)


def _limits(known: Sequence[float]) -> tuple[float, float]:
    """The range, at least two hundredths of the size of the numbers: noise stays a flat line."""
    low, high = min(known), max(known)
    least = max(0.04 * max(abs(low), abs(high)), 1e-9)
    if high - low < least:
        middle = (low + high) / 2
        return middle - least / 2, middle + least / 2
    return low, high


def _path(points: Sequence[tuple[float, float] | None]) -> str:
    """
    >>> _path([(0, 1), (2, 3), None, (4, 5)])
    'M0.0 1.0L2.0 3.0M4.0 5.0'
    """
    drawn, pen = [], "M"
    for point in points:
        if point is None:
            pen = "M"
            continue
        drawn.append(f"{pen}{point[0]:.1f} {point[1]:.1f}")
        pen = "L"
    return "".join(drawn)
