"""`driftline status`: what is watched, what is behind or fails, queues, the log."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from driftline.stores.schedule import Schedule
from driftline.stores.sql import open_sql_store

if TYPE_CHECKING:
    from tests.fixtures.http_servers import Loopback
    from tests.service.conftest import ServiceProcess, World


@pytest.fixture
def drifted(world: World) -> World:
    world.live(range(40), lambda day, rows: rows.assign(amount=rows["amount"] * (1 + day // 36)))
    return world


def test_a_quiet_model_is_well(world: World) -> None:
    world.live(range(35))
    world.settle(channels=[{"kind": "stderr"}])
    now = datetime.now(UTC)
    assert world.check(35).code == 0
    answer = world.run("status", "--json")
    assert answer.code == 0
    told = answer.json
    assert told["well"]
    assert datetime.fromisoformat(told["at"]) >= now
    model = told["models"][0]
    assert model["judged_until"] == "2024-02-05T00:00:00Z"
    assert model["windows_behind"] == (now - world.day(35)).days
    assert (model["open_incidents"], model["looked_at"], model["error"]) == ([], None, None)
    assert told["channels"] == [
        {
            "name": "stderr",
            "in_settings": True,
            "waiting": 0,
            "held": 0,
            "failed": 0,
            "error": None,
        }
    ]


def test_an_open_incident_is_told_and_is_exit_code_1(drifted: World) -> None:
    drifted.settle(channels=[{"kind": "stderr"}])
    drifted.check(40)
    answer = drifted.run("status", "--json")
    assert answer.code == 1
    assert not answer.json["well"]
    assert [one["kind"] for one in answer.json["models"][0]["open_incidents"]] == ["data_drift"]
    told = drifted.run("status").out
    assert "late-arrival" in told
    assert "channel stderr: 0 waiting" in told


def test_a_model_that_was_never_judged_is_told(world: World) -> None:
    world.live(range(1))
    world.settle()
    answer = world.run("status", "--json")
    assert (answer.code, answer.json["models"][0]["judged_until"]) == (0, None)
    assert "late-arrival" in world.run("status").out


def test_what_waits_and_what_was_refused_is_told_with_the_reason(
    drifted: World, loopback: Callable[..., Loopback]
) -> None:
    gone, busy = loopback((404, {}, "no_service")), loopback((500, {}, ""))
    drifted.settle(
        channels=[
            {"kind": "slack", "name": "gone", "webhook_url": gone.url},
            {"kind": "slack", "name": "busy", "webhook_url": busy.url},
        ]
    )
    drifted.check(40)
    found = {one["name"]: one for one in drifted.run("status", "--json").json["channels"]}
    assert (found["gone"]["failed"], found["gone"]["waiting"]) == (1, 0)
    assert "404" in found["gone"]["error"]
    assert (found["busy"]["failed"], found["busy"]["waiting"]) == (0, 1)
    assert "500" in found["busy"]["error"]
    told = drifted.run("status").out
    assert "see `driftline channels failed`" in told
    assert "SECRET" not in told
    drifted.settle(channels=[])
    lost = drifted.run("status", "--json")
    assert [one["in_settings"] for one in lost.json["channels"]] == [False, False]
    assert "the settings have no such channel" in drifted.run("status").out


def test_a_mute_is_told(drifted: World) -> None:
    drifted.settle()
    drifted.run("mute", "late-arrival", "--for", "2h")
    assert drifted.run("status", "--json").json["mutes"][0]["model"] == "late-arrival"
    assert "muted: late-arrival until" in drifted.run("status").out


def test_a_model_that_fails_or_is_forgotten_is_told(world: World) -> None:
    world.live(range(35))
    settings = world.settle()
    now = datetime.now(UTC)
    with closing(open_sql_store(settings.store.get_secret_value())) as store:
        schedule = Schedule(store.engine)
        schedule.ensure({"late-arrival": now}, now - timedelta(hours=3))
        (turn,) = schedule.claim(["late-arrival"], "me", now + timedelta(minutes=1), now, 1)
        assert world.run("status", "--json").json["models"][0]["in_hand"]
        assert "right now" in world.run("status").out
        last = {"started": now.isoformat(), "finished": now.isoformat(), "error": "no [such] file"}
        failing = replace(turn, failures=3, failing_since=now, last=last, due=turn.due)
        schedule.settle(failing, "me")
    answer = world.run("status", "--json")
    model = answer.json["models"][0]
    assert answer.code == 1
    assert (model["failures"], model["error"], model["took"]) == (3, "no [such] file", 0)
    assert not model["in_hand"]
    assert model["overdue"] > 3 * 3600 - 60
    told = world.run("status").out
    assert "(3 failures in a row): no [such] file" in told
    assert "has been due for 3 hours and nobody is at it: does `driftline serve` run?" in told


def test_the_size_of_the_log_is_told(
    world: World,
    serve: Callable[..., ServiceProcess],
    eventually: Callable[..., Any],
) -> None:
    predictions = {"source": "ingest", "timestamp": "at", "id": "id"}
    world.settle(world.model(predictions=predictions), log={"every": "1s"})
    address = serve(world.folder).listens()
    rows = [{"at": f"2024-01-01T00:00:{i:02}Z", "id": str(i), "amount": i} for i in range(50)]
    sent = httpx.post(
        f"{address}/v1/models/late-arrival/predictions", json={"rows": rows}, timeout=60
    )
    assert sent.status_code == 202

    def moved() -> Any:
        (log,) = world.run("status", "--json").json["log"]
        return log if log["rows"] and not log["waiting_rows"] else None

    log = eventually(moved)
    assert (log["rows"], log["files"], log["waiting_rows"], log["error"]) == (50, 1, 0, None)
    assert log["bytes"] > 500
    assert "predictions: 50 rows in 1 file" in world.run("status").out


def test_a_log_that_cannot_be_read_does_not_hide_the_rest(world: World) -> None:
    predictions = {"source": "ingest", "timestamp": "at", "id": "id"}
    world.settle(world.model(predictions=predictions))
    table = world.folder / "driftline-log" / "late-arrival" / "predictions" / "_delta_log"
    table.mkdir(parents=True)
    (table / "00000000000000000000.json").write_text("no json")
    answer = world.run("status", "--json")
    assert answer.code == 1
    assert answer.json["log"][0]["error"]
    assert "cannot be read" in world.run("status").out


def test_a_store_that_keeps_nothing_has_no_status(world: World) -> None:
    world.live(range(1))
    world.settle(store="memory://")
    answer = world.run("status")
    assert answer.code == 2
    assert "keeps nothing" in answer.err
