"""The ledger as a store holds it."""

from __future__ import annotations

from driftline.kept_rows import decode_rows
from driftline.profiles.grid import NumericGrid
from driftline.profiles.outcomes import SCORE_GRID, decode_outcomes
from driftline.profiles.profile import Grids
from driftline.records import ModelState
from driftline.reference import Reference
from driftline.service.ledger import Ledger, horizon
from driftline.settings.models import ModelSettings
from driftline.stores import Store
from driftline.windows import MICROSECOND


def score_grid_of(model: ModelSettings, grids: Grids) -> NumericGrid:
    """The reference's grid of the score column, or a grid of equal steps."""
    grid = grids.get(model.predictions.score or "")
    return grid if isinstance(grid, NumericGrid) else SCORE_GRID


def load_ledger(
    model: ModelSettings, reference: Reference, store: Store, state: ModelState
) -> Ledger:
    """The ledger as it stands in the store: exactly what `judge` has left in it."""
    assert model.labels is not None
    grid = score_grid_of(model, reference.grids)
    since = state.position - horizon(model)
    ended = MICROSECOND - model.window
    outcomes = store.outcomes(model.name, since + ended)
    return Ledger(
        model,
        grid,
        rows=store.predictions(model.name, state.position - model.labels.wait + ended),
        outcomes={window: decode_outcomes(blob, grid) for window, blob in outcomes.items()},
        judged={result.span.end: result for result in store.performance(model.name, since)},
        early=decode_rows(state.early_labels) if state.early_labels else None,
    )
