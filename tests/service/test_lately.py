"""What a store keeps by moments is read from the newest back, and no further than asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from driftline.service.lately import Lately

HOUR = timedelta(hours=1)
START = datetime(2026, 1, 1, tzinfo=UTC)


def at(number: int) -> datetime:
    return START + number * HOUR


@dataclass
class Kept:
    """A hundred values, one an hour, and how many were read."""

    values: dict[datetime, int] = field(default_factory=lambda: {at(n): n for n in range(1, 101)})
    given: int = 0

    def read(self, after: datetime, until: datetime) -> dict[datetime, int]:
        found = {key: value for key, value in self.values.items() if after < key <= until}
        self.given += len(found)
        return found


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def lately(kept: Kept) -> Lately[datetime, int]:
    """Of the last ninety hours."""
    return Lately(lambda key: key, kept.read, at(100), at(10), 6 * HOUR)


def test_one_value_is_read_with_what_is_newer(lately: Lately[datetime, int], kept: Kept) -> None:
    assert [lately.get(at(n)) for n in (97, 98, 97, 101)] == [97, 98, 97, None]
    assert kept.given == 4
    assert [lately.get(at(n)) for n in (10, 3)] == [None, None]
    assert kept.given == 4


def test_from_the_newest_back_no_more_is_read_than_is_looked_at(
    lately: Lately[datetime, int], kept: Kept
) -> None:
    assert [value for _, value in islice(lately.back(), 4)] == [100, 99, 98, 97]
    assert kept.given == 6
    assert [value for _, value in lately.back()] == list(range(100, 10, -1))
    assert kept.given == 90


def test_what_is_put_counts_and_keeps_its_place(lately: Lately[datetime, int]) -> None:
    lately.put(at(101), -101)
    lately.put(at(50), -50)
    lately.put(at(60) + HOUR / 2, -60)
    assert lately.get(at(50)) == -50
    assert [value for _, value in lately.back()] == [
        *(-101, *range(100, 60, -1), -60, *range(60, 50, -1), -50, *range(49, 10, -1)),
    ]
    assert list(lately.after(at(98))) == [at(99), at(100), at(101)]


def test_what_is_over_is_forgotten_and_not_read_again(
    lately: Lately[datetime, int], kept: Kept
) -> None:
    assert list(lately.after(at(90)).values()) == list(range(91, 101))
    lately.forget(at(95))
    assert [value for _, value in lately.back()] == [100, 99, 98, 97, 96]
    assert lately.get(at(95)) is None
    assert kept.given == 10
