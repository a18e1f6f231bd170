"""New categories are named: the commonest, with their share, whatever the rows look like."""

from __future__ import annotations

import pyarrow as pa
import pytest

from driftline.profiles import newcomers
from driftline.profiles.grid import CategoricalGrid
from driftline.profiles.newcomers import newcomers_of

GRIDS = {"plan": CategoricalGrid(("a", "b"), frozenset({"rare"}))}


def plans(*values: object) -> pa.Table:
    return pa.table({"plan": pa.array(values)})


def test_known_ones_are_none() -> None:
    assert newcomers_of(GRIDS, [plans("a", "rare", None)], ["plan"]) == {}


def test_the_commonest_of_all_tables_are_named_whatever_their_order() -> None:
    tables = [plans("y", "z", "a"), plans("x", "x", None), plans("z", "w", "a")]
    told = {"plan": (("x", 0.25), ("z", 0.25), ("w", 0.125))}
    assert newcomers_of(GRIDS, tables, ["plan"]) == told
    assert newcomers_of(GRIDS, tables[::-1], ["plan"]) == told


def test_a_table_without_the_column_and_columns_not_asked_for_are_left() -> None:
    grids = GRIDS | {"shop": CategoricalGrid(("north",))}
    tables = [pa.table({"shop": ["south"]}), pa.table({"plan": ["x", "a"], "shop": ["y", "y"]})]
    assert newcomers_of(grids, tables, ["plan"]) == {"plan": (("x", 0.5),)}


@pytest.mark.parametrize("made", [pa.array([1, 1, 7]), pa.array([1.0, 1.0, 7.0])])
def test_numbers_are_named_as_people_write_them(made: pa.Array) -> None:
    grid = CategoricalGrid(("1", "2"))
    assert newcomers_of({"floor": grid}, [pa.table({"floor": made})], ["floor"]) == {
        "floor": (("7", 1 / 3),)
    }


def test_names_are_short_and_on_one_line() -> None:
    ((told, _),) = newcomers_of(GRIDS, [plans("line\r\n" + "x" * 99)], ["plan"])["plan"]
    assert told == "line " + "x" * 52 + "..."


def test_a_column_of_identifiers_takes_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newcomers, "HELD", 100)
    tables = [plans(*(f"{table}-{row}" for row in range(90)), "new", "new") for table in range(20)]
    assert newcomers_of(GRIDS, tables, ["plan"])["plan"][0] == ("new", 2 / 92)
