"""How the relation of two columns is told to have changed, window for window."""

from __future__ import annotations

import numpy as np
import pytest

from driftline.alarms.relation import Usual, changes_of, relations_in, usual_of
from driftline.profiles.profile import Profile
from driftline.reference import Reference

DAYS, ROWS = 30, 200


def days(seed: int) -> dict[str, np.ndarray]:
    """`paid` follows `ordered`, day for day."""
    random = np.random.default_rng(seed)
    ordered = random.normal(size=(DAYS, ROWS))
    paid = ordered + random.normal(size=(DAYS, ROWS)) / 3
    micros = np.arange(DAYS * ROWS) * (86_400_000_000 // ROWS)
    stamps = np.datetime64("2024-01-01", "us") + micros.astype("timedelta64[us]")
    return {"at": stamps, "ordered": ordered.ravel(), "paid": paid.ravel()}


def profiled(reference: Reference, ordered: np.ndarray, paid: np.ndarray) -> Profile:
    return reference.profile({"ordered": ordered, "paid": paid})


def test_a_window_that_hardly_varies_tells_little_of_a_relation() -> None:
    reference = Reference.fit(days(0), timestamp="at")
    windows = list(reference.windows.values())
    relations = relations_in(windows, "ordered")
    usual = usual_of(relations, [window.rows for window in windows])
    assert usual.correlation == pytest.approx(relations[:, 0].mean(), abs=0.02)
    assert usual.correlation > 0.8

    random = np.random.default_rng(1)
    ordered = random.normal(size=ROWS)
    apart = profiled(reference, ordered, random.permutation(ordered))
    still = np.full(ROWS, 0.1)
    odd = still.copy()
    odd[0] = 9.0
    one_odd_row = profiled(reference, odd, -odd)
    constant = profiled(reference, still, ordered)
    found = relations_in([apart, one_odd_row, constant], "ordered")
    assert found[1, 0] < -0.9  # a perfect correlation, of one row
    changes = changes_of(found, usual)
    assert changes[0] < -0.6
    assert abs(changes[1]) < 0.2
    assert changes[2] == 0.0


def test_without_a_partner_nothing_changes() -> None:
    usual = usual_of(np.array([[np.nan, 0.0]] * 3), [10, 10, 0])
    assert usual == Usual(0.0, 0.0)
    assert changes_of(np.array([[np.nan, 0.0], [0.4, 2.0]]), usual).tolist() == [0.0, 0.0]
