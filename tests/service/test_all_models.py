"""`check` works on some models at the same time, and tells of them in the order of the settings."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from driftline.service import all_models
from driftline.service.all_models import run_models
from driftline.service.build import watched_of
from driftline.service.steps import Watched
from driftline.settings.models import ModelSettings

if TYPE_CHECKING:
    from tests.service.conftest import World

NAMES = ("slow", "broken", *(f"model {number}" for number in range(6)))


def settled(world: World) -> Any:
    world.live(range(34))
    broken = world.model(name="broken")
    broken["predictions"] = broken["predictions"] | {"path": "nowhere"}
    others = (world.model(name=name) for name in NAMES if name != "broken")
    first = next(others)
    return world.settle(first, broken, *others)


def test_a_source_that_is_slow_to_answer_holds_up_no_other_model(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, others = settled(world), Event()
    waited = []

    def opened(model: ModelSettings) -> Watched:
        if model.name == "slow":
            waited.append(others.wait(60))
        return watched_of(model)

    monkeypatch.setattr(all_models, "watched_of", opened)
    done = set()

    def progress(name: str, number: int, due: int) -> None:
        if number == due:
            done.add(name)
        if len(done) == 6:
            others.set()

    with world.store() as store:
        told = run_models(settings, store, lambda _: (world.day(34), None), progress)
        assert waited == [True]
        assert tuple(told) == NAMES
        assert [name for name in NAMES if told[name].error] == ["broken"]
        assert all(len(store.windows(name)) == 4 for name in NAMES if name != "broken")


def test_what_nobody_foresaw_in_one_model_is_raised_when_the_others_are_done(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(model: ModelSettings) -> Watched:
        if model.name == "slow":
            raise ZeroDivisionError("nobody foresaw this")
        return watched_of(model)

    settings = settled(world)
    monkeypatch.setattr(all_models, "watched_of", opened)
    with world.store() as store:
        with pytest.raises(ZeroDivisionError, match="nobody foresaw this"):
            run_models(settings, store, lambda _: (world.day(34), None), lambda *_: None)
        assert all(len(store.windows(name)) == 4 for name in NAMES[2:])


def test_check_tells_of_models_in_the_order_of_the_settings(world: World) -> None:
    settled(world)
    found = world.check(34)
    assert found.code == 2
    assert [model["name"] for model in found.json["models"]] == list(NAMES)
    plain = world.run("check", "--now", world.day(34).isoformat())
    places = [plain.out.index(name) for name in NAMES]
    assert places == sorted(places)
