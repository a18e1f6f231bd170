"""Recommending a window, a reference and a budget for the history at hand, with reasons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from driftline.acceptance import FEWEST
from driftline.alarms.budget import Budget
from driftline.service.fitting import no_rows
from driftline.service.intake import count_rows
from driftline.service.learned import drift_part
from driftline.service.steps import Watched
from driftline.settings.models import ReferenceSpan
from driftline.windows import format_duration, iso, window_at, windows_between
from driftline.wording import count

Counts = NDArray[np.int64]
DAY = timedelta(days=1)
ENOUGH_ROWS = 200
"""Rows with which a window tells more than large changes."""

LENGTHS = (timedelta(hours=1), timedelta(hours=6), DAY, 7 * DAY)
BUDGETS = (7, 30, 90)
"""Days for one false alarm, from many to few."""

WINDOWS = 60
"""Reference windows that are better than 20."""


@dataclass(frozen=True)
class Advice:
    """What to set, by the keys of a model's settings, and why, a line each."""

    settings: dict[str, object]
    reasons: tuple[str, ...]


def recommend(watched: Watched) -> Advice:
    """A window of which nine in ten have rows enough, a reference of 60 of them (at most of half of
    the history), and the smallest budget up to 90 days that it can promise.

    Reads the timestamp column of all predictions. Raises DataError when there are none.
    """
    present = watched.predictions.span()
    if present is None:
        raise no_rows(watched.predictions)
    first, last = window_at(present[0], DAY).start, window_at(present[1], DAY).end
    if first < (now := datetime.now(UTC)):  # a moment that has not come is no history
        last = min(last, window_at(now, DAY).end)
    rows = _rows_by_hour(watched, first, last)
    window, window_why = _window(rows)
    spec = watched.model.reference
    start = spec.start if isinstance(spec, ReferenceSpan) and spec.start < last else first
    half = (last - start) / 2
    length = min(half, max(WINDOWS * window, 14 * DAY))
    end = window_at(start + length, max(window, DAY)).start
    known = (end - start) // window
    budget, budget_why = _budget(known, window, drift_part(watched.model))
    settings: dict[str, object] = {"window": format_duration(window)}
    reasons = [window_why]
    if isinstance(spec, ReferenceSpan):
        settings["reference"] = {"from": iso(start), "to": iso(end)}
        told = f"reference: {count(known, 'window')} from {iso(start)[:10]} to {iso(end)[:10]}"
        few = "; 20 are needed, 60 are better" if known < WINDOWS else ""
        reasons.append(f"{told}, and as long a time to judge{few}")
    settings["alarms"] = {"false_alarms": str(budget)}
    return Advice(settings, (*reasons, budget_why))


def _rows_by_hour(watched: Watched, first: datetime, last: datetime) -> Counts:
    hours = windows_between(first, last, LENGTHS[0])
    counts, _ = count_rows(watched.model, watched.predictions, hours)
    return np.array([counts[hour] for hour in hours])


def _window(rows: Counts) -> tuple[timedelta, str]:
    """The shortest window of which nine in ten have rows enough; only of those of which half of the
    history has enough to learn from."""
    half = len(rows) * LENGTHS[0] / 2
    possible = [length for length in LENGTHS if half // length >= FEWEST] or list(LENGTHS[:1])
    for length in possible:
        hours = length // LENGTHS[0]
        whole = rows[: len(rows) // hours * hours].reshape(-1, hours).sum(axis=1)
        enough = len(whole) > 0 and float(np.mean(whole >= ENOUGH_ROWS)) >= 0.9
        if enough:
            break
    told = f"window: {format_duration(length)} has {float(np.median(whole)):,.0f} rows (median)"
    if enough:
        return length, f"{told}; the shortest with {ENOUGH_ROWS} in nine of ten"
    return length, f"{told}; longer ones are too few to learn from, so only large changes will show"


def _budget(known: int, window: timedelta, part: float) -> tuple[Budget, str]:
    """The smallest budget of whose part for drift so many reference windows can promise."""
    promised = [
        days
        for days in BUDGETS
        if known >= FEWEST and part * Budget(1, days * DAY).per_window(window) >= 1 / (known + 1)
    ]
    days = promised[-1] if promised else BUDGETS[0]
    budget = Budget(1, days * DAY)
    if not promised:
        return budget, f"budget: {budget}, though {count(known, 'window')} cannot promise it"
    return budget, f"budget: {budget} is the smallest of 7, 30, 90 days that this can promise"
