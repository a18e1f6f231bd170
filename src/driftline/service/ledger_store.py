"""The ledger as a store holds it."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter

from driftline.kept_rows import decode_rows
from driftline.performance.past import Past
from driftline.profiles.grid import NumericGrid
from driftline.profiles.outcomes import SCORE_GRID
from driftline.profiles.profile import Grids
from driftline.records import ModelState, PerformanceResult
from driftline.reference import Reference
from driftline.service.lately import Lately
from driftline.service.ledger import DAY, Ledger, horizon
from driftline.settings.models import ModelSettings
from driftline.stores import Store
from driftline.windows import MICROSECOND, Window, window_at


def score_grid_of(model: ModelSettings, grids: Grids) -> NumericGrid:
    """The reference's grid of the score column, or a grid of equal steps."""
    grid = grids.get(model.predictions.score or "")
    return grid if isinstance(grid, NumericGrid) else SCORE_GRID


def load_past(model: ModelSettings, store: Store, grid: NumericGrid, first: datetime) -> Past:
    """The outcomes of the windows that end after `first`: of each day their sum; where there is
    none, as of the day of `first`, or a window is as long as a day, the windows themselves."""
    name, short = model.name, model.window < DAY
    past = Past(grid, lambda day: store.outcomes(name, day.start, day.end), first)
    at = window_at(first, DAY).start if short else first + MICROSECOND - model.window
    gaps = []
    for day, blob in store.outcome_days(name, first).items() if short else ():
        past.put_day(day, blob)
        gaps.append((at, day.start))
        at = day.end
    for start, end in [*gaps, (at, None)]:
        if start != end:
            for window, blob in store.outcomes(name, start, end).items():
                if window.end > first:
                    past.put(window, blob)
    return past


def load_ledger(
    model: ModelSettings, reference: Reference, store: Store, state: ModelState
) -> Ledger:
    """The ledger as it stands in the store: exactly what `judge` has left in it. What labels may
    still change is read when they come, as far back as they reach."""
    assert model.labels is not None
    position, name, began = state.position, model.name, MICROSECOND - model.window
    matters = position - horizon(model)
    # until the first window is judged, rows are kept of all that is counted
    waited = position - model.labels.wait if state.labels_until else matters

    def rows(after: datetime, until: datetime) -> dict[Window, bytes]:
        return store.predictions(name, after + began, until + began)

    def judged(after: datetime, until: datetime) -> dict[datetime, PerformanceResult]:
        return {result.span.end: result for result in store.performance(name, after, until)}

    return Ledger(
        model,
        rows=Lately(attrgetter("end"), rows, position, waited, model.performance.current),
        past=load_past(model, store, score_grid_of(model, reference.grids), matters),
        judged=Lately(lambda end: end, judged, position, matters, DAY),
        early=decode_rows(state.early_labels) if state.early_labels else None,
    )
