"""An incident says which of its columns move together, where it likeliest began, and the shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

if TYPE_CHECKING:
    from tests.service.conftest import World


def with_fees(day: int, frame: pd.DataFrame) -> pd.DataFrame:
    """Amounts differ from day to day, fees follow them; from day 40 on both are six times as large,
    and people are much older."""
    random = np.random.default_rng([11, day])
    frame["amount"] *= np.exp(random.normal(0, 0.2)) * (6 if day >= 40 else 1)
    frame["fee"] = frame["amount"] * 0.1 + random.gamma(2, 0.5, len(frame))
    frame["age"] += 40 if day >= 40 else 0
    return frame


def test_columns_that_move_together_are_told_as_one(world: World) -> None:
    world.live(range(44), with_fees, rows=200)
    world.settle()
    model = world.check(44).model
    (incident,) = [i for i in model["incidents"] if i["kind"] == "data_drift"]
    assert {"amount", "fee", "age"} <= set(incident["columns"])
    (money,) = [group for group in incident["groups"] if len(group["columns"]) > 1]
    assert set(money["columns"]) == {"amount", "fee"}
    assert sum(group["share"] for group in incident["groups"]) == pytest.approx(1)
    (line,) = [fact for fact in incident["facts"] if fact.startswith("Shares: ")]
    assert f"move together ({money['columns'][0]} first)" in line
    with world.store() as store:
        kept = store.incident(incident["id"])
        assert kept is not None
        assert [list(group.columns) for group in kept.groups] == [
            group["columns"] for group in incident["groups"]
        ]
        told = [event.incident.facts for event in store.events(incident["id"])]
    assert any(line.startswith("Shares: ") for line in told[0]), "people hear of it"
