"""What a person does to an incident while a run is at it is not lost, and nor is the run's work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from driftline.service.acts import acknowledge
from driftline.service.build import watched_of
from driftline.service.run import catch_up

if TYPE_CHECKING:
    from tests.service.conftest import World


def test_an_incident_that_is_acknowledged_during_a_run_stays_so(world: World) -> None:
    def larger(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(amount=frame["amount"] * (3 if day >= 31 else 1))

    world.live(range(40), larger)
    settings = world.settle()
    with world.store() as store:
        acknowledged: list[str] = []

        def progress(done: int, _due: int) -> None:
            if done == 4 and not acknowledged:
                (incident,) = store.incidents()
                acknowledge(store, incident.id, "ada", "", world.day(35))
                acknowledged.append(incident.id)

        told = catch_up(watched_of(settings.models[0]), store, world.day(40), progress)
        assert told.error == ""
        assert len(store.windows("late-arrival")) == 10
        (incident,) = store.incidents()
        assert [incident.id] == acknowledged
        assert incident.state == "acknowledged"
        assert incident.alarms == 9
        kinds = [event.kind for event in store.events(incident.id)]
        assert kinds.count("acknowledged") == 1
        assert kinds.count("opened") == 1
