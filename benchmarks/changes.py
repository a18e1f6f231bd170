"""Changes of one column for `false_alarms.py`, as they happen to real data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from streams import REFERENCE_DAYS, Stream

CHANGE_DAY = REFERENCE_DAYS + 20
"""The first changed day."""

Values = NDArray[Any]


@dataclass(frozen=True)
class Place:
    """Where a change happens: the column's reference values, the days since the change of each
    changed row, and chance."""

    reference: Values
    age: NDArray[np.int64]
    random: np.random.Generator

    def some(self, share: float) -> NDArray[np.bool_]:
        return self.random.random(len(self.age)) < share


Change = Callable[[Values, Place], Values]


def shift(values: Values, place: Place, by: float, days: int = 1) -> Values:
    moved: Values = values + by * np.nanstd(place.reference) * np.minimum(1, (place.age + 1) / days)
    return moved


def widened(values: Values, place: Place, times: float) -> Values:
    centre = np.nanmean(place.reference)
    spread: Values = centre + times * (values - centre)
    return spread


def missing(values: Values, place: Place, share: float) -> Values:
    return np.where(place.some(share), np.nan, values)


def filled(values: Values, place: Place, share: float) -> Values:
    return np.where(place.some(share), 0.0, values)


def unit(values: Values, place: Place, times: float) -> Values:
    return values * times


def stuck(values: Values, place: Place) -> Values:
    """Every day repeats its first value."""
    firsts = pd.Series(values).groupby(place.age).transform("first")
    return firsts.to_numpy()


def decoupled(values: Values, place: Place) -> Values:
    """The day's values, each in another's row: no single column can show it."""
    order = np.lexsort((place.random.random(len(values)), place.age))
    return values[order]


def new_category(values: Values, place: Place, share: float) -> Values:
    return np.where(place.some(share), "never seen", values)


def mixed(values: Values, place: Place, share: float) -> Values:
    """The commonest category loses a share of its rows to the next."""
    first, second = pd.Series(place.reference).value_counts().index[:2]
    return np.where(place.some(share) & (values == first), second, values)


NUMERIC: dict[str, Change] = {
    "shift by 0.25 sd": partial(shift, by=0.25),
    "shift by 0.5 sd": partial(shift, by=0.5),
    "shift by 1 sd": partial(shift, by=1.0),
    "shift by 0.5 sd over 14 days": partial(shift, by=0.5, days=14),
    "spread x 1.5": partial(widened, times=1.5),
    "5 % missing": partial(missing, share=0.05),
    "30 % missing": partial(missing, share=0.3),
    "10 % filled with 0": partial(filled, share=0.1),
    "another unit (x 1.609)": partial(unit, times=1.609),
    "stuck at one value a day": stuck,
    "decoupled from the others": decoupled,
}
CATEGORICAL: dict[str, Change] = {
    "2 % of a new category": partial(new_category, share=0.02),
    "20 % of a new category": partial(new_category, share=0.2),
    "30 % to another category": partial(mixed, share=0.3),
}
KINDS = (*NUMERIC, *CATEGORICAL)


def changed(stream: Stream, kind: str, seed: int) -> tuple[str, Stream] | None:
    """The changed column and the stream; None where no column is fit for this kind of change."""
    random = np.random.default_rng([seed, KINDS.index(kind)])
    before = stream.day < REFERENCE_DAYS
    fit = [n for n, c in stream.columns.items() if _is_fit(c[before], kind in NUMERIC)]
    if not fit:
        return None
    name = fit[random.integers(len(fit))]
    values, after = stream.columns[name], stream.day >= CHANGE_DAY
    place = Place(values[before], stream.day[after] - CHANGE_DAY, random)
    change = NUMERIC[kind] if kind in NUMERIC else CATEGORICAL[kind]
    new = values.copy()
    new[after] = change(values[after], place)
    return name, replace(stream, columns={**stream.columns, name: new})


def _is_fit(values: Values, numeric: bool) -> bool:
    """Numbers must be many and mostly there; categories at least two."""
    if (values.dtype.kind == "f") != numeric:
        return False
    present = pd.Series(values).dropna()
    if numeric:
        return present.nunique() > 20 and len(present) > 0.5 * len(values)
    return 2 <= present.nunique() <= 200
