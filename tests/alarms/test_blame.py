"""Columns that move together are one group, the likeliest origin first, with its share."""

from __future__ import annotations

import numpy as np
import pytest

from driftline.alarms.blame import groups_of, movement_of
from driftline.profiles.profile import Profile
from driftline.reference import Reference

DAYS, ROWS = 40, 300


@pytest.fixture(scope="module")
def weather() -> list[Profile]:
    """Days on which dew point and humidity follow the temperature and the season's word for it,
    while wind goes its own way."""
    random = np.random.default_rng(0)
    days = []
    for _ in range(DAYS):
        warm = random.normal()
        temp = random.normal(10 + 4 * warm, 3, ROWS)
        days.append(
            {
                "wind": random.normal(random.normal(), 3, ROWS),
                "dew": temp - random.gamma(4, 1.5, ROWS) + random.normal(0, 2),
                "temp": temp,
                "humid": 80 - temp + random.normal(0, 4, ROWS) + random.normal(0, 2),
                "felt": np.where(temp + random.normal(0, 3, ROWS) > 10, "warm", "cold"),
                "still": np.ones(ROWS),
            }
        )
    whole = {name: np.concatenate([day[name] for day in days]) for name in days[0]}
    reference = Reference.fit(whole)
    return [reference.profile(day) for day in days]


def total(windows: list[Profile]) -> Profile:
    return sum(windows[1:], windows[0])


def test_what_moves_together_is_one_group_with_its_origin_first(weather: list[Profile]) -> None:
    changed = {"dew": 0.3, "wind": 0.2, "temp": 0.3, "humid": 0.2, "felt": 0.2}
    first, second = groups_of(changed, movement_of(weather, total(weather)))
    assert first.columns[0] == "temp"
    assert set(first.columns) == {"temp", "dew", "humid", "felt"}
    assert first.share == pytest.approx(1.0 / 1.2)
    assert second.columns == ("wind",)
    assert second.share == pytest.approx(0.2 / 1.2)


def test_a_change_of_one_of_them_alone_is_its_own(weather: list[Profile]) -> None:
    found = groups_of({"dew": 0.1, "wind": 0.4}, movement_of(weather, total(weather)))
    assert [group.columns for group in found] == [("wind",), ("dew",)]
    assert [group.share for group in found] == pytest.approx([0.8, 0.2])


def test_the_shares_of_all_groups_are_the_whole(weather: list[Profile]) -> None:
    changed = {"dew": 0.13, "still": 0.9, "temp": 0.3, "wind": 0.01}
    found = groups_of(changed, movement_of(weather, total(weather)))
    assert sum(group.share for group in found) == pytest.approx(1)
    assert {name for group in found for name in group.columns} == changed.keys()


def test_few_windows_link_nothing(weather: list[Profile]) -> None:
    for windows in (weather[:3], []):
        movement = movement_of(windows, total(weather))
        assert len(groups_of({"dew": 0.3, "temp": 0.3}, movement)) == 2


def test_independent_columns_are_hardly_ever_linked() -> None:
    random = np.random.default_rng(1)
    linked = 0
    for _ in range(100):
        movement = {name: random.normal(size=30) for name in "abcd"}
        linked += len(groups_of(dict.fromkeys("abcd", 0.1), movement)) < 4
    assert linked <= 12
