"""A change is accepted as the new normal, by command, and that is undone as easily."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pandas as pd
import pytest

from driftline.log.taking import open_log
from driftline.service.accepting import Wish, accept
from driftline.service.api import api
from driftline.service.build import watched_of
from driftline.service.run import catch_up
from driftline.settings import load_settings
from driftline.stores import open_store

if TYPE_CHECKING:
    from tests.service.conftest import World

FROM = 36
SAID = ("--from", "2024-02-06", "--by", "ann", "--reason", "new prices")


def doubled(day: int, frame: pd.DataFrame) -> pd.DataFrame:
    """From day 36 on amounts are twice as large, and from day 66 on another time."""
    frame["amount"] *= 4 if day >= 66 else 2 if day >= FROM else 1
    return frame


@pytest.fixture(scope="module")
def changed(new_world: Callable[[Path], World], tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world in which amounts double, judged for a week since."""
    world = new_world(tmp_path_factory.mktemp("changed"))
    world.live(range(70), doubled)
    world.settle()
    return world


@pytest.fixture
def accepted(changed: World) -> World:
    """The same, when somebody has accepted it on day 43."""
    changed.forget()
    changed.check(43)
    done = changed.run("accept", "late-arrival", *SAID)
    assert done.code == 0, done.err
    return changed


def amounts(model: Any, first: int, last: int) -> list[bool | None]:
    """Whether amount was in alarm in some windows; None where it was not judged."""
    told = []
    for window in model["windows"][first - 30 : last - 30]:
        alarm = {column["name"]: column["alarm"] for column in window["columns"]}
        told.append(alarm.get("amount"))
    return told


def test_its_incident_ends_and_the_windows_since_are_judged_by_it(accepted: World) -> None:
    model = accepted.check(66).model
    first, *others = [i for i in model["incidents"] if "amount" in i["columns"]]
    assert not others
    assert first["state"] == "resolved"
    assert first["facts"][-1] == "Accepted as normal since 6 Feb 2024 by ann: new prices"
    assert amounts(model, FROM, 43) == [True] * 7, "what was judged stays as it was"
    assert amounts(model, 43, 56) == [None] * 13, "too little is known"
    assert amounts(model, 56, 66) == [False] * 10, "the new normal"


def test_a_change_of_the_new_normal_is_found(accepted: World) -> None:
    model = accepted.check(70).model
    assert amounts(model, 66, 70) == [True] * 4
    newest = model["incidents"][-1]
    assert (newest["state"], newest["columns"]) == ("open", ["amount"])


def test_its_verdicts_say_what_they_compare_with(accepted: World) -> None:
    accepted.check(60)
    with accepted.store() as store:
        notes = [r.verdict.note for r in store.windows("late-arrival") if r.verdict]
    assert "accepted" not in notes[12]
    waiting = "accepted as normal since 6 Feb 2024: 7 of 20 windows of it are known"
    assert notes[13].endswith(f"{waiting}; until then amount is not judged")
    assert "compared with 20 windows, 6 – 25 Feb 2024" in notes[26]
    assert notes[26].endswith("accepted as normal by ann")


def test_it_is_undone_and_stays_on_record(accepted: World) -> None:
    accepted.check(44)
    undone = accepted.run("accept", "late-arrival", "--undo", "--by", "bob", "--reason", "a bug")
    assert undone.code == 0
    assert "undone by bob" in undone.out
    model = accepted.check(46).model
    assert amounts(model, 43, 46) == [None, True, True]
    assert model["incidents"][-1]["state"] == "open"
    (one,) = accepted.run("accept", "late-arrival", "--list", "--json").json["acceptances"]
    assert (one["by"], one["reason"], one["columns"]) == ("ann", "new prices", ["amount"])
    assert (one["holds"], one["undone_by"], one["undone_reason"]) == (False, "bob", "a bug")
    again = accepted.run("accept", "late-arrival", "--undo")
    assert (again.code, "nothing is accepted" in again.err) == (2, True)


def test_a_fault_that_was_over_is_not_accepted_with_the_drift_and_is_found_when_it_returns(
    world: World,
) -> None:
    def burst(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        if day in (37, 46):
            frame["plan"] = frame["plan"].where(frame.index % 2 == 0)
        return doubled(day, frame)

    world.live(range(49), burst)
    world.settle()
    assert {tuple(i["columns"]): i["state"] for i in world.check(45).model["incidents"]} == {
        ("amount",): "open",
        ("plan",): "resolved",
    }
    assert world.run("accept", "late-arrival", "--reason", "new prices").code == 0
    (one,) = world.run("accept", "late-arrival", "--list", "--json").json["acceptances"]
    assert one["columns"] == ["amount"]
    newest = world.check(47).model["incidents"][-1]
    assert (newest["state"], newest["columns"]) == ("open", ["plan"])
    assert "opens a new one" in world.run("accept", "late-arrival", "--undo").out


def test_while_a_drift_is_accepted_its_column_must_still_have_values(world: World) -> None:
    def burst(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        if day == 46:
            frame["amount"] = frame["amount"].where(frame.index % 2 == 0)
        return doubled(day, frame)

    world.live(range(60), burst)
    world.settle()
    world.check(43)
    assert world.run("accept", "late-arrival", *SAID).code == 0
    newest = world.check(47).model["incidents"][-1]
    assert (newest["state"], newest["kind"], newest["columns"]) == (
        *("open", "data_quality"),
        ["amount"],
    )
    assert newest["message"] == "amount: 50.0\u202f% of rows have no value (reference 0\u202f%)"
    with world.store() as store:
        (one,) = store.acceptances("late-arrival")
        newest_note = [r.verdict.note for r in store.windows("late-arrival") if r.verdict][-1]
    assert (one.columns, one.quality) == (("amount",), ())
    assert "10 of 20 windows" in newest_note, "the window without values is not learned from"


def test_a_backtest_judges_by_what_was_accepted(accepted: World) -> None:
    model = accepted.run("backtest", "--json").model
    assert amounts(model, FROM, 56) == [None] * 20
    assert amounts(model, 56, 66) == [False] * 10
    assert amounts(model, 66, 70) == [True] * 4


def test_it_does_not_matter_how_often_a_check_ran(accepted: World) -> None:
    for day in range(44, 67):
        accepted.check(day)
    often = accepted.check(67).found
    accepted.forget()
    accepted.check(43)
    accepted.run("accept", "late-arrival", *SAID)
    assert amounts(accepted.check(67).model, 43, 67) == amounts(often[0], 43, 67)


def test_another_reference_that_holds_the_change_ends_it(accepted: World) -> None:
    span = {"from": "2024-02-06", "to": "2024-02-29"}
    accepted.settle(accepted.model(reference=span))
    try:
        model = accepted.check(66).model
    finally:
        accepted.settle()
    judged = [w for w in model["windows"] if w["start"] >= "2024-02-29"]
    assert all("amount" in {c["name"] for c in window["columns"]} for window in judged)
    assert not any(window["alarm"] for window in judged[:6])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["late-arival"], 'did you mean "late-arrival"?'),
        (["late-arrival", "--from", "2024-01-10"], "the reference of late-arrival ends at"),
        (["late-arrival", "--from", "2024-05-01"], "is judged until 9 Feb 2024"),
        (["late-arrival", "--from", "soon"], "is no ISO 8601 date or moment"),
    ],
)
def test_what_cannot_be_accepted_is_refused(changed: World, words: list[str], told: str) -> None:
    changed.forget()
    changed.check(39)
    refused = changed.run("accept", *words)
    assert refused.code == 2
    assert told in refused.err
    assert changed.run("accept", "late-arrival", "--list").out == "nothing was ever accepted\n"


def test_a_model_that_was_never_judged_has_nothing_to_accept(changed: World) -> None:
    changed.forget()
    refused = changed.run("accept", "late-arrival", "--from", "2024-02-06")
    assert (refused.code, "was never judged" in refused.err) == (2, True)


def test_a_rolling_reference_follows_the_world_but_not_its_alarms(changed: World) -> None:
    rolling = {"from": "2024-01-01", "to": "2024-01-31", "rolling": "28d", "gap": "7d"}
    changed.settle(changed.model(reference=rolling))
    try:
        changed.run("backtest", "--json")
        changed.forget()
        model = changed.check(66).model
        with changed.store() as store:
            notes = [r.verdict.note for r in store.windows("late-arrival") if r.verdict]
    finally:
        changed.settle()
        changed.forget()
    assert amounts(model, FROM, 66) == [True] * 30, "no window in alarm has become normal"
    assert "compared with 28 windows" in notes[-1]


def test_it_is_accepted_and_undone_over_http(changed: World) -> None:
    changed.forget()
    changed.check(43)
    settings = load_settings(changed.config)
    store = open_store(settings.store.get_secret_value())
    log = open_log(settings)
    transport = httpx.ASGITransport(api(settings, store, log))

    async def ask() -> None:
        async with httpx.AsyncClient(transport=transport, base_url="http://here/v1/models") as http:
            path = "late-arrival/accept"
            done = await http.post(path, json={"by": "ann", "reason": "prices"})
            assert (done.status_code, done.json()["columns"]) == (200, ["amount"])
            assert [store.incident(i) for i in done.json()["resolved"]] == store.incidents()
            undone = await http.post(f"{path}/undo", json={"by": "bob"})
            assert (undone.status_code, undone.json()["holds"]) == (200, False)
            (kept,) = (await http.get("late-arrival/acceptances")).json()["acceptances"]
            assert (kept["by"], kept["undone_by"]) == ("ann", "bob")
            for words, told in (
                ({"since": "2024-01-02T00:00:00Z"}, "the reference of late-arrival ends"),
                ({"since": "2024-01-02"}, "the reference of late-arrival ends"),
                ({"since": "soon"}, "since: must be a day or moment such as 2013-04-01"),
                ({"because": "so"}, "because: no such key"),
            ):
                refused = await http.post(path, json=words)
                assert (refused.status_code, told in refused.json()["detail"]) == (422, True)
            day = changed.day(FROM).date().isoformat()
            again = await http.post(path, json={"since": day})
            assert (again.status_code, again.json()["since"][:10]) == (200, day)
            assert (await http.post(f"{path}/undo", json={})).status_code == 200
            assert (await http.post(f"{path}/undo", json={})).status_code == 422
            assert (await http.post("late/accept", json={})).status_code == 404

    try:
        anyio.run(ask)
    finally:
        log.close()
        store.close()


def test_a_check_that_is_overtaken_by_it_begins_its_window_again(changed: World) -> None:
    changed.forget()
    changed.check(43)
    settings = load_settings(changed.config)
    model = settings.models[0]
    store = open_store(settings.store.get_secret_value())
    said = []

    def meanwhile(done: int, _due: int) -> None:
        if done == 2:
            said.append(accept(store, model, Wish("ann"), datetime.now(UTC)))

    try:
        catch_up(watched_of(model), store, changed.day(46), meanwhile)
        windows = store.windows(model.name, changed.day(43))
    finally:
        store.close()
    assert said[0].acceptance.columns == ("amount",)
    named = [{c.name for c in r.verdict.columns} for r in windows if r.verdict]
    assert ["amount" in names for names in named] == [True, True, False]


def test_a_drop_in_performance_is_accepted_only_when_asked(world: World) -> None:
    def worse(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        frame = doubled(day, frame)
        if day >= FROM:
            frame.loc[frame.index % 3 == 0, "actual"] = 1 - frame["actual"]
        return frame

    world.live(range(62), worse)
    world.label()
    world.settle(world.labelled())
    world.check(45)

    def open_kinds() -> set[str]:
        found = world.run("incidents", "--open", "--json").json["incidents"]
        return {incident["kind"] for incident in found}

    assert open_kinds() == {"data_drift", "performance"}
    world.run("accept", "late-arrival")
    assert open_kinds() == {"performance"}
    world.run("accept", "late-arrival", "--undo")
    since = f"{world.day(FROM):%Y-%m-%d}"
    world.run("accept", "late-arrival", "--performance", "--from", since)
    assert open_kinds() == set()
    model = world.check(60).model
    late = [span for span in model["performance"] if span["end"] > world.day(45).isoformat()]
    assert late
    assert not any(span["alarm"] for span in late)
    assert late[-1]["status"] == "judged"
    before = [span for span in late if span["start"] < since]
    assert {span["status"] for span in before} <= {"no_baseline", "too_few_labels"}
