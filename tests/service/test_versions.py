"""Which version of a model was watched from when on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftline.service.build import watched_of
from driftline.service.run import catch_up
from driftline.versions import VersionSince

if TYPE_CHECKING:
    from tests.service.conftest import World


def test_a_version_begins_with_the_first_window_that_is_judged_under_its_name(
    world: World,
) -> None:
    world.live(range(40))
    with world.store() as store:
        for version, day in ((None, 32), ("1.0", 34), ("1.0", 35), ("1.1", 35), ("1.1", 38)):
            (model,) = world.settle(world.model(version=version)).models
            catch_up(watched_of(model), store, world.day(day))
        (kept,) = store.progress().values()
    assert kept.versions == (
        VersionSince("1.0", world.day(32)),
        VersionSince("1.1", world.day(35)),
    )
