"""Running numbers are known for what they are; nothing else is taken for one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from driftline.profiles.running import running_numbers

N = 3000
RNG = np.random.default_rng(0)
MOMENTS = pa.array([datetime(2024, 1, 1, tzinfo=UTC) + i * timedelta(minutes=20) for i in range(N)])
NUMBERS = np.arange(N)
SPARSE = np.cumsum(RNG.integers(1, 60, N)) + 10_000_000


def running(values: Any, moments: Any = MOMENTS) -> bool:
    table = pa.table({"ts": moments, "n": values, "plan": ["a", "b"] * (N // 2)})
    return list(running_numbers(table, "ts", ["n", "plan"])) == ["n"]


@pytest.mark.parametrize(
    "values",
    [
        NUMBERS + 77,
        NUMBERS[::-1].copy(),
        RNG.permutation(NUMBERS),
        SPARSE,
        pa.array([Decimal(int(value)) for value in SPARSE]),
        SPARSE[np.argsort(np.arange(N) + RNG.normal(0, 3, N))],
        np.where(NUMBERS % 150 == 1, NUMBERS - 1, NUMBERS),
    ],
    ids=[
        *("counted", "counted down", "shuffled", "with gaps", "decimals", "a little out of order"),
        "a few twice",
    ],
)
def test_a_running_number_is_found(values: Any) -> None:
    assert running(values)


@pytest.mark.parametrize(
    "values",
    [
        RNG.integers(0, 10**15, N),
        (20 + NUMBERS / 100 + RNG.normal(0, 1, N)).astype(int),
        (10**12 + NUMBERS * 10**6 + RNG.normal(0, 2 * 10**8, N)).astype(int),
        np.linspace(20.0, 30.0, N),
        NUMBERS // 2,
        pa.array([None, *range(1, N)]),
        pa.array([str(value) for value in NUMBERS]),
    ],
    ids=["drawn", "rising", "rising, all distinct", "decimals", "twice each", "missing", "text"],
)
def test_what_only_looks_like_one_stays(values: Any) -> None:
    assert not running(values)


def test_moments_that_stand_for_many_rows_do_not_hide_it() -> None:
    days = pa.array([datetime(2024, 1, 1 + i // 100, tzinfo=UTC) for i in range(N)])
    within = np.concatenate([RNG.permutation(SPARSE[i : i + 100]) for i in range(0, N, 100)])
    assert running(within, days)


def test_without_moments_the_rows_themselves_are_the_order() -> None:
    table = pa.table({"sorted": SPARSE, "any": RNG.permutation(SPARSE), "x": np.ones(N)})
    assert list(running_numbers(table, None, table.column_names)) == ["sorted"]
    assert running_numbers(table.slice(0, 99), None, table.column_names) == {}


def test_what_is_named_and_what_is_all_there_is_stay() -> None:
    table = pa.table({"n": NUMBERS, "x": np.ones(N)})
    assert running_numbers(table, None, ["n", "x"], keep=["n"]) == {}
    assert running_numbers(table, None, ["n"]) == {}
