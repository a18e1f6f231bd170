"""Streams of daily windows for `false_alarms.py`: 60 reference days, then 60 live days.

The rows of one day belong together, as in real data. In an *even* stream the reference days and the
live days are exchangeable, so every alarm is a false one. In an *uneven* stream they are not: the
promise is not made for it, and it is shown what happens.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import ndtr, ndtri, stdtrit

from driftline.demo.flights import flights_2013
from driftline.demo.model import FEATURES

REFERENCE_DAYS = 60
LIVE_DAYS = 60
DAYS = REFERENCE_DAYS + LIVE_DAYS
WEATHER = FEATURES[FEATURES.index("temp") : FEATURES.index("visib") + 1]
MONDAY = np.datetime64("2024-01-01T12:00", "us")


@dataclass(frozen=True)
class Stream:
    """Rows in the order of their days: `day` counts from 0; every column has a value for each row,
    numbers with NaN, text with None."""

    day: NDArray[np.int64]
    columns: dict[str, NDArray[np.generic]]

    def table(self, *names: str) -> pa.Table:
        """The given columns, or all of them, with a `timestamp`."""
        wanted = {name: self.columns[name] for name in names or self.columns}
        arrays = {name: pa.array(values, from_pandas=True) for name, values in wanted.items()}
        stamps = MONDAY + self.day.astype("timedelta64[D]")
        return pa.table({"timestamp": stamps, **arrays})

    @property
    def rows_per_day(self) -> float:
        return len(self.day) / DAYS


@dataclass(frozen=True)
class DataSet:
    """What a stream is made from; `make` gives one for each seed (`uneven` ones: for `seeds`)."""

    name: str
    make: Callable[[int], Stream]
    seeds: int | None = None


@cache
def flight_days(column: str = "", value: str = "") -> dict[pd.Timestamp, pd.DataFrame]:
    """The flights of each UTC day, features only; all of them, or those with a value.

    Left out are the year's first and last day, which are not whole, and the two days before the
    last, in which the weather feed dies: that is a change.
    """
    flights = flights_2013()
    flights = flights[flights["timestamp"].between("2013-01-02", "2013-12-30", inclusive="left")]
    if column:
        flights = flights[flights[column] == value]
    for name in FEATURES:
        if isinstance(flights[name].dtype, pd.CategoricalDtype):
            text = flights[name].astype(object)
            flights[name] = text.where(text.notna(), None)
        else:
            flights[name] = flights[name].astype("float64")
    days = flights["timestamp"].dt.floor("D")
    return {day: rows[list(FEATURES)] for day, rows in flights.groupby(days)}


def shuffled_flights(seed: int, column: str = "", value: str = "") -> Stream:
    """Days of the year in random order, each weekday in the place of its own kind."""
    random = np.random.default_rng(seed)
    days = flight_days(column, value)
    order = sorted(days)
    by_weekday = [[day for day in order if day.dayofweek == weekday] for weekday in range(7)]
    drawn = [random.permutation(len(pool)) for pool in by_weekday]
    return _joined([days[by_weekday[i % 7][drawn[i % 7][i // 7]]] for i in range(DAYS)])


def flights_in_order(seed: int, without: Sequence[str] = ()) -> Stream:
    """The days as they were, from the first Monday of the year on, four weeks later a seed."""
    days = flight_days()
    order = sorted(days)
    first = next(i for i, day in enumerate(order) if day.dayofweek == 0) + 28 * seed
    drawn = [days[day] for day in order[first : first + DAYS]]
    return _joined([day.drop(columns=list(without)) for day in drawn])


def _joined(days: Sequence[pd.DataFrame]) -> Stream:
    frame = pd.concat(days, ignore_index=True)
    number = np.repeat(np.arange(len(days)), [len(day) for day in days])
    return Stream(number, {str(name): frame[name].to_numpy() for name in frame.columns})


@dataclass(frozen=True)
class World:
    """How a synthetic stream behaves.

    Attributes:
        rows: a day, on average.
        copies: of the set of ten columns.
        day_effect: standard deviation of a day's own mean, in those of the rows.
        heavy: days and rows have heavy tails (Student's t with 3 and 2 degrees of freedom).
        row_memory, day_memory: autocorrelation of neighbouring rows, of neighbouring days' effects.
        weekend: how far Saturdays and Sundays lie from the rest, in standard deviations.
        volume: standard deviation of the logarithm of a day's rows.
        growth: live days have so many times the rows.
        trend: how far the numbers move each day, in standard deviations.
    """

    rows: int = 400
    copies: int = 1
    day_effect: float = 0.0
    heavy: bool = False
    row_memory: float = 0.0
    day_memory: float = 0.0
    weekend: float = 0.0
    volume: float = 0.0
    growth: float = 1.0
    trend: float = 0.0


def synthetic(seed: int, world: World) -> Stream:
    """Six columns of numbers and three of text, all cut from related normal variables."""
    random = np.random.default_rng([seed, zlib.crc32(repr(world).encode())])
    rows = world.rows * np.exp(random.normal(0, 1, DAYS) * world.volume - world.volume**2 / 2)
    rows[REFERENCE_DAYS:] *= world.growth
    day = np.repeat(np.arange(DAYS), np.maximum(25, rows.astype(int)))
    columns: dict[str, NDArray[np.generic]] = {}
    for copy in range(world.copies):
        hidden = _hidden(random, world, day)
        made = _made(hidden, world.heavy)
        columns |= {f"{name}{copy}" if world.copies > 1 else name: c for name, c in made.items()}
    return Stream(day, columns)


def _hidden(
    random: np.random.Generator, world: World, day: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Normal variables (rows x 10) with a factor in common, a day's effect and a weekend's."""
    own = random.normal(size=(len(day), 11))
    if world.row_memory:
        fresh = np.sqrt(1 - world.row_memory**2)
        own = lfilter([fresh], [1, -world.row_memory], own, axis=0)
    each = (own[:, :10] + own[:, 10:]) / np.sqrt(2)
    wild = stdtrit(3, random.random((DAYS, 10))) if world.heavy else random.normal(size=(DAYS, 10))
    if world.day_memory:
        wild[0] /= np.sqrt(1 - world.day_memory**2)
        wild = lfilter([1], [1, -world.day_memory], wild, axis=0)
        wild *= np.sqrt(1 - world.day_memory**2)
    effect = world.day_effect * wild
    effect[np.arange(DAYS) % 7 >= 5, :5] += world.weekend
    effect += world.trend * np.arange(DAYS)[:, None]
    result: NDArray[np.float64] = each + effect[day]
    return result


def _made(hidden: NDArray[np.float64], heavy: bool) -> dict[str, NDArray[np.generic]]:
    numbers = stdtrit(2, ndtr(hidden[:, :6])) if heavy else hidden[:, :6]
    gaps = np.where(hidden[:, 6] < ndtri(0.05), np.nan, numbers[:, 2])
    return {
        "plain": numbers[:, 0],
        "other": 20 + 5 * numbers[:, 1],
        "gaps": gaps,
        "skewed": np.exp(np.clip(numbers[:, 3], -300, 300)),
        "whole": np.round(10 + 4 * numbers[:, 4]),
        "rare": np.where(numbers[:, 5] > 1, np.round(numbers[:, 5], 1), 0.0),
        "few": _levels(hidden[:, 7], 3),
        "some": _levels(hidden[:, 8], 8),
        "many": _levels(hidden[:, 9], 60),
    }


def _levels(hidden: NDArray[np.float64], count: int) -> NDArray[np.generic]:
    """Text of `count` levels, the k-th about 1 / k as frequent as the first."""
    weights = 1 / np.arange(1, count + 1)
    names = np.array([f"level {k}" for k in range(1, count + 1)], dtype=object)
    cuts = ndtri(np.cumsum(weights / weights.sum())[:-1])
    return names[np.searchsorted(cuts, hidden)]


def _world(name: str, world: World) -> DataSet:
    return DataSet(name, partial(synthetic, world=world))


_EFFECTS = World(day_effect=0.2)

EVEN = (
    DataSet("flights", shuffled_flights),
    DataSet("flights of one airport", partial(shuffled_flights, column="origin", value="LGA")),
    DataSet("flights of one carrier", partial(shuffled_flights, column="carrier", value="B6")),
    DataSet("of a small carrier", partial(shuffled_flights, column="carrier", value="WN")),
    _world("independent rows", World()),
    _world("day effects 0.1", World(day_effect=0.1)),
    _world("day effects 0.5", World(day_effect=0.5)),
    _world("heavy tails", replace(_EFFECTS, heavy=True)),
    _world("rows autocorrelated 0.9", World(row_memory=0.9)),
    _world("weekend effect", replace(_EFFECTS, weekend=1.0)),
    _world("varying volume", replace(_EFFECTS, volume=0.8)),
    _world("40 rows a day", replace(_EFFECTS, rows=40)),
    _world("54 columns", replace(_EFFECTS, copies=6)),
)

UNEVEN = (
    DataSet("flights, days as they were", flights_in_order, seeds=9),
    DataSet("the same without the weather", partial(flights_in_order, without=WEATHER), seeds=9),
    _world("day effects autocorrelated 0.5", replace(_EFFECTS, day_memory=0.5)),
    _world("day effects autocorrelated 0.9", replace(_EFFECTS, day_memory=0.9)),
    _world("a trend of 0.005 a day", replace(_EFFECTS, trend=0.005)),
    _world("a trend of 0.02 a day", replace(_EFFECTS, trend=0.02)),
    _world("four times the rows in live days", replace(_EFFECTS, growth=4.0)),
    _world("a tenth of the rows in live days", replace(_EFFECTS, growth=0.1)),
)
