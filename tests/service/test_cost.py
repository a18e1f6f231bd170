"""The cost of judging one day does not grow with the days already stored: counted, not timed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from sqlalchemy import delete

from driftline import reference
from driftline.profiles.codec import decode_profile
from driftline.profiles.profile import Grids, Profile
from driftline.records import Changes, Incident
from driftline.service.accepting import Wish, accept
from driftline.service.build import watched_of
from driftline.service.learned import Learning
from driftline.service.power import power_of
from driftline.service.recount import LOOK_BACK
from driftline.service.run import catch_up
from driftline.service.steps import Watched
from driftline.settings.models import ModelSettings
from driftline.sources import Reading, Source, files
from driftline.sources.finding import Found, find_files
from driftline.stores import Store, open_store
from driftline.stores.engine import writing
from driftline.stores.sql import SqlStore
from driftline.stores.tables import outcome_days
from driftline.windows import windows_between

if TYPE_CHECKING:
    from tests.service.conftest import World


DAY = timedelta(days=1)
QUARTER = timedelta(hours=6)
"""So long a newest window without rows is waited for."""


@dataclass
class CountingSource:
    """A source that counts the rows it gives, and those of which it gives the moment alone."""

    source: Source
    rows: int = 0
    moments: int = 0
    readings: int = 0

    @property
    def name(self) -> str:
        return self.source.name

    def batches(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        columns: Collection[str] | None = None,
    ) -> Reading:
        self.readings += 1
        reading = self.source.batches(start, end, columns)
        return Reading(self._counted(reading), reading.problems)

    def _counted(self, reading: Reading) -> Iterator[pa.Table]:
        for table in reading:
            if table.num_columns == 1:
                self.moments += table.num_rows
            else:
                self.rows += table.num_rows
            yield table

    def span(self) -> tuple[datetime, datetime] | None:
        return self.source.span()

    def columns(self, start: datetime | None = None, end: datetime | None = None) -> pa.Schema:
        return self.source.columns()


@dataclass
class CountingStore:
    """A store that counts what it is asked, and what it gives back: records, bytes of blobs."""

    store: Any
    given: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.store, name)
        if not callable(method):  # the outbox, what was learned
            return method

        def counted(*values: Any, **named: Any) -> Any:
            self.asked[name] += 1
            found = method(*values, **named)
            if isinstance(found, list | dict):
                self.given[name] += len(found)
            if isinstance(found, dict):
                blobs = [blob for blob in found.values() if isinstance(blob, bytes)]
                self.given["bytes"] += sum(map(len, blobs))
            return found

        return counted


def cost_of_a_day(world: World, store: Store, day: int) -> Counter[str]:
    """What judging the day before `day` reads, when all before it are judged."""
    (model,) = world.settle(
        world.labelled(
            labels=world.labelled()["labels"] | {"wait": "5d"},
            performance={"current": "3d", "baseline": "7d", "drop": 0.2},
        )
    ).models
    catch_up(watched_of(model), store, world.day(day - 1))
    opened = watched_of(model)
    assert opened.labels is not None
    predictions, labels = CountingSource(opened.predictions), CountingSource(opened.labels)
    counting = CountingStore(store)
    lately = store.incidents(model.name, since=world.day(day - 1) - LOOK_BACK)
    catch_up(Watched(model, predictions, labels), counting, world.day(day))
    of_incidents = counting.given.pop("incidents", 0)
    assert of_incidents <= counting.asked["incidents"] * len(lately)
    counts = counting.given + Counter({"rows read": predictions.rows, "labels read": labels.rows})
    assert counts["rows read"] == 50
    assert predictions.moments == 3 * 50
    assert 0 < counts["labels read"] <= 5 * 50
    return counts


def test_a_day_costs_the_same_after_thirty_days_and_after_a_hundred(world: World) -> None:
    world.live(range(130), rows=50)
    world.label()
    with world.store() as store:
        early = cost_of_a_day(world, store, 62)
        state, at = store.model("late-arrival"), world.day(-999)
        assert state is not None
        over = Incident(
            *("", state.name, "data_drift", "high", "resolved", at, at, at, at, ("age",), "moved")
        )
        many = tuple(replace(over, id=f"over {number}") for number in range(30))
        assert store.record(Changes(state.next(), incidents=many))
        late = cost_of_a_day(world, store, 130)
    assert set(early) == set(late)
    for name, count in early.items():
        assert late[name] <= count * 1.3 + 1, name  # labels of a day may reach a window further


@pytest.fixture
def quarters(world: World) -> ModelSettings:
    """A labelled model with four windows a day, two months of which are there."""
    world.live(range(64), rows=40)
    world.label()
    labels = world.labelled()["labels"] | {"wait": "40d"}
    performance = {"current": "3d", "baseline": "7d", "drop": 0.2}
    wanted = world.labelled(window="6h", labels=labels, performance=performance)
    model: ModelSettings = world.settle(wanted).models[0]
    return model


def test_a_look_reads_sums_of_days_and_the_windows_that_labels_may_change(
    world: World, quarters: ModelSettings
) -> None:
    with world.store() as store:
        catch_up(watched_of(quarters), store, world.day(62) + QUARTER)
        counting = CountingStore(store)
        catch_up(watched_of(quarters), counting, world.day(62) + 2 * QUARTER)
        changed = 4 * 4  # windows of the three days in which labels come, and of the day itself
        assert counting.given["outcome_days"] == 50
        assert counting.given["outcomes"] <= changed + 4 * 6
        assert counting.given["performance"] <= changed + 4
        kept = len(store.predictions(quarters.name))
        assert counting.given["predictions"] <= 4 * (3 + 6 + 12) < kept  # read in growing strides


def test_sums_of_days_that_a_store_does_not_have_are_made_and_change_nothing(
    world: World, quarters: ModelSettings
) -> None:
    found = []
    for lost in (False, True):
        world.forget()
        with world.store() as store:
            assert isinstance(store, SqlStore)
            catch_up(watched_of(quarters), store, world.day(62) + QUARTER)
            if lost:
                with writing(store.engine) as connection:
                    connection.execute(delete(outcome_days))
            catch_up(watched_of(quarters), store, world.day(62) + 2 * QUARTER)
            days = store.outcome_days(quarters.name, world.day(33))
            assert list(days) == windows_between(world.day(33), world.day(63), DAY)
            found.append((days, store.performance(quarters.name), store.incidents()))
    assert found[0] == found[1]


def test_a_look_lists_its_files_once_and_one_that_takes_long_sees_what_comes_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    listings: Counter[str] = Counter()

    def noted(path: str, endings: tuple[str, ...]) -> list[Found]:
        listings["all"] += 1
        return find_files(path, endings)

    def arrive(done: int, due: int) -> None:
        if done == 20:
            world.live(range(64, 66), rows=50)

    world.live(range(64), lambda day, rows: rows.assign(age=40), rows=50)
    (model,) = world.settle(world.model(alarms={"min_rows": 20})).models
    monkeypatch.setattr(files, "find_files", noted)
    with world.store() as store:
        catch_up(watched_of(model), store, world.day(31))
        listings.clear()
        catch_up(watched_of(model), store, world.day(32))
        assert listings["all"] == 1
        catch_up(watched_of(model), store, world.day(66), arrive)
        assert [result.rows for result in store.windows(model.name)] == [50] * 36


def test_a_look_decodes_no_reference_and_what_drop_is_seen_no_more_than_its_whole(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[bytes] = []

    def noted(blob: bytes, grids: Grids) -> Profile:
        decoded.append(blob)
        return decode_profile(blob, grids)

    world.live(range(40), rows=50)
    world.label()
    (model,) = world.settle(world.labelled()).models
    learning = Learning()
    with world.store() as store:
        catch_up(watched_of(model), store, world.day(39), None, None, learning)
        monkeypatch.setattr(reference, "decode_profile", noted)
        catch_up(watched_of(model), store, world.day(40), None, None, learning)
        assert decoded == []
        assert power_of(model, store) is not None
    assert len(decoded) == 1


def test_a_day_costs_the_same_long_after_a_change_was_accepted(world: World) -> None:
    def doubled(day: int, rows: Any) -> Any:
        return rows.assign(amount=rows["amount"] * (2 if day >= 36 else 1))

    world.live(range(150), doubled, rows=50)
    (model,) = world.settle(world.model(alarms={"min_rows": 20})).models
    with world.store() as store:
        catch_up(watched_of(model), store, world.day(43))
        accept(store, model, Wish("ann", since=world.day(36)), world.day(43))
        costs = []
        for day in (90, 150):
            catch_up(watched_of(model), store, world.day(day - 1))
            counting = CountingStore(store)
            catch_up(watched_of(model), counting, world.day(day))
            costs.append(counting.given)
            newest = store.windows(model.name)[-1].verdict
            assert newest is not None
            assert "was accepted as normal by ann" in newest.note
            assert "compared with 30 windows, 12 Feb" in newest.note
    early, late = costs
    for name, count in early.items():
        assert late[name] <= count * 1.3, name


def kept(store: Store) -> list[object]:
    name = "late-arrival"
    incidents = store.incidents()
    return [
        *(store.windows(name), store.profiles(name), store.outcomes(name)),
        *(store.performance(name, every_judgement=True), incidents),
        *(store.events(incident.id) for incident in incidents),
    ]


def test_years_without_rows_cost_a_few_readings_and_find_what_daily_checks_find(
    world: World,
) -> None:
    world.live(range(34))
    world.live(range(1034, 1036))
    (world.predictions / "empty.parquet").touch()
    world.label()
    (model,) = world.settle(world.labelled()).models
    daily, at_once = open_store("memory://"), CountingStore(open_store("memory://"))
    predictions = CountingSource(watched_of(model).predictions)
    for day in (33, 34, 35, 36, 40, 1000, 1001, 1034, 1035, 1036):
        catch_up(watched_of(model), daily, world.day(day) + QUARTER)
    catch_up(watched_of(model), at_once, world.day(33))
    opened = watched_of(model)
    catch_up(replace(opened, predictions=predictions), at_once, world.day(1036) + QUARTER)
    assert kept(at_once.store) == kept(daily)
    (incident,) = [i for i in daily.incidents() if i.kind == "data_quality"]
    assert (incident.message, incident.alarms) == ("no rows since 4 Feb 2024", 1000)
    assert predictions.readings < 60
    assert at_once.asked["record"] < 20


def test_a_long_wait_for_labels_costs_few_readings_of_the_time_before_the_first_row(
    world: World,
) -> None:
    world.live(range(34))
    world.label()
    wanted = world.labelled()
    wanted["labels"]["wait"] = "3000d"
    (model,) = world.settle(wanted).models
    opened = watched_of(model)
    predictions = CountingSource(opened.predictions)
    store = open_store("memory://")
    catch_up(replace(opened, predictions=predictions), store, world.day(34) + QUARTER)
    assert predictions.readings < 60
    wanted["labels"]["wait"] = "60d"
    (short,) = world.settle(wanted).models
    other = open_store("memory://")
    catch_up(watched_of(short), other, world.day(34) + QUARTER)
    assert store.performance(model.name) == other.performance(model.name)
