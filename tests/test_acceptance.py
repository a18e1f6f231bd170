"""Which windows a window is compared with, once people have accepted changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from driftline.acceptance import Acceptance, Plan, Rolling, Seen, plan_for
from driftline.windows import Window

DAY = timedelta(days=1)
START = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday
ACCEPTED = Acceptance("1", "m", START + 40 * DAY, START + 45 * DAY, columns=("amount",))


def day(number: int) -> Window:
    return Window(START + number * DAY, START + (number + 1) * DAY)


def days(*numbers: int) -> tuple[Window, ...]:
    return tuple(day(number) for number in numbers)


def seen(numbers: range, *troubled: str) -> list[Seen]:
    return [Seen(day(number), frozenset(troubled)) for number in numbers]


def test_without_acceptance_the_reference_stays() -> None:
    assert plan_for(day(90), (), seen(range(30, 90)), 60) == Plan(enough=20)


def test_a_window_before_the_date_is_compared_with_the_reference() -> None:
    assert plan_for(day(39), [ACCEPTED], seen(range(30, 39)), 60).waiting == ()


def test_accepted_columns_wait_until_enough_windows_are_known() -> None:
    plan = plan_for(day(59), [ACCEPTED], seen(range(40, 59), "amount"), 60)
    assert plan.windows is None
    assert (plan.set_aside, plan.known, plan.enough) == (frozenset({"amount"}), 19, 20)
    ripe = plan_for(day(60), [ACCEPTED], seen(range(40, 60), "amount"), 60)
    assert ripe.windows == days(*range(40, 60))
    assert (ripe.set_aside, ripe.accepted) == (frozenset(), ACCEPTED)


def test_the_new_normal_grows_by_halves_to_the_size_of_the_reference() -> None:
    known = seen(range(40, 400))
    sizes = [len(plan_for(day(n), [ACCEPTED], known, 50).windows or ()) for n in (69, 70, 85, 399)]
    assert sizes == [20, 30, 45, 50]


def test_windows_with_other_trouble_are_no_part_of_the_new_normal() -> None:
    known = [*seen(range(40, 50), "amount"), *seen(range(50, 60), "amount", "age")]
    plan = plan_for(day(70), [ACCEPTED], [*known, *seen(range(60, 70))], 60)
    assert plan.windows == days(*range(40, 50), *range(60, 70))


def test_what_is_undone_no_longer_counts() -> None:
    undone = replace(ACCEPTED, undone_at=START + 61 * DAY)
    assert plan_for(day(70), [undone], seen(range(40, 70)), 60) == Plan(enough=20)


def test_a_second_change_is_judged_by_the_first_until_enough_is_known_of_it() -> None:
    second = Acceptance("2", "m", START + 65 * DAY, START + 66 * DAY, columns=("age",))
    known = seen(range(40, 70))
    plan = plan_for(day(70), [second, ACCEPTED], known, 60)
    assert (plan.accepted, plan.waiting, plan.set_aside) == (
        ACCEPTED,
        (second,),
        frozenset({"age"}),
    )
    assert plan.known == 5
    later = plan_for(day(85), [second, ACCEPTED], [*known, *seen(range(70, 85))], 60)
    assert (later.accepted, later.windows) == (second, days(*range(65, 85)))


def test_hours_are_learned_for_two_weeks() -> None:
    hour = timedelta(hours=1)
    window = Window(START + 60 * DAY, START + 60 * DAY + hour)
    assert plan_for(window, [ACCEPTED], [], 60).enough == 336


def test_a_rolling_reference_moves_once_a_week_and_leaves_out_its_gap() -> None:
    rolling = Rolling(28 * DAY, 7 * DAY)
    known = seen(range(100))
    monday = plan_for(day(98), (), known, 60, rolling)
    assert monday.windows == days(*range(63, 91))
    assert plan_for(day(104), (), known, 60, rolling).windows == monday.windows
    assert plan_for(day(105), (), known, 60, rolling).windows == days(*range(70, 98))


def test_a_rolling_reference_reaches_back_over_trouble_but_not_forever() -> None:
    rolling = Rolling(28 * DAY, 7 * DAY)
    known = [*seen(range(60)), *seen(range(60, 100), "amount")]
    assert plan_for(day(98), (), known, 60, rolling).windows == days(*range(32, 60))
    known += seen(range(100, 300), "amount")
    assert plan_for(day(294), (), known, 60, rolling).windows is None


def test_a_rolling_reference_takes_in_what_was_accepted() -> None:
    rolling = Rolling(28 * DAY, 7 * DAY)
    known = [*seen(range(40)), *seen(range(40, 75), "amount")]
    waits = plan_for(day(56), [ACCEPTED], known, 60, rolling)
    assert (waits.windows, waits.set_aside) == (days(*range(21, 49)), frozenset({"amount"}))
    assert plan_for(day(70), [ACCEPTED], known, 60, rolling).windows == days(*range(40, 63))
