"""New categories are named: the commonest, with their share, whatever the rows look like."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pytest

from driftline.profiles import newcomers
from driftline.profiles.grid import CategoricalGrid
from driftline.profiles.newcomers import add_new, count_new, named

PLANS = CategoricalGrid(("a", "b"), frozenset({"rare"}))


def test_known_ones_are_none() -> None:
    assert count_new(PLANS, pa.array(["a", "rare", None])) == Counter()


def test_the_commonest_are_named_whatever_the_order_of_the_rows() -> None:
    parts = [["y", "z", "a"], ["x", "x", None], ["z", "w", "a"]]
    for ordered in (parts, parts[::-1]):
        total = Counter[str]()
        for part in ordered:
            total = add_new(total, count_new(PLANS, pa.array(part)))
        assert named(total, 8) == (("x", 0.25), ("z", 0.25), ("w", 0.125))


@pytest.mark.parametrize("made", [pa.array([1, 1, 7]), pa.array([1.0, 1.0, 7.0])])
def test_numbers_are_named_as_people_write_them(made: pa.Array) -> None:
    assert count_new(CategoricalGrid(("1", "2")), made) == {"7": 1}


def test_names_are_short_and_on_one_line() -> None:
    ((told, _),) = named(Counter({"line\r\n" + "x" * 99: 1}), 1)
    assert told == "line " + "x" * 55 + "..."


def test_a_column_of_identifiers_takes_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newcomers, "HELD", 100)
    total = Counter[str]()
    for part in range(20):
        rows = [*(f"{part}-{row}" for row in range(200)), "new", "new"]
        found = count_new(PLANS, pa.array(rows))
        total = add_new(total, found)
        assert max(len(found), len(total)) <= 100
    assert named(total, 4040)[0] == ("new", 40 / 4040)
