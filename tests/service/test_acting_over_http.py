"""What a person or a pipeline does over HTTP about alerts is what the commands do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from driftline.service.reminders import remind
from driftline.settings import load_settings

if TYPE_CHECKING:
    from tests.service.conftest import ServiceProcess, World

    Serve = Callable[..., ServiceProcess]

MINUTE = 60


@pytest.fixture
def drifted(world: World) -> World:
    """Forty days, the last four of another kind; judged, and told on one channel."""
    world.live(range(40), lambda day, rows: rows.assign(amount=rows["amount"] * (1 + day // 36)))
    world.settle(channels=[{"kind": "stderr", "remind": "1d"}])
    assert world.check(40).code == 1
    return world


def asked(world: World, address: str, path: str, **body: Any) -> httpx.Response:
    return httpx.post(f"{address}/v1/{path}", json=body, timeout=MINUTE)


def drift_of(world: World) -> str:
    """The incident of drift; the service finds others, for the data ended long ago."""
    with world.store() as store:
        return next(one.id for one in store.incidents() if one.kind == "data_drift")


def reminders(world: World, later: timedelta) -> int:
    """How many notices about it wait when reminders were looked for so much later."""
    with world.store() as store:
        remind(load_settings(world.config), store, datetime.now(UTC) + later)
        rows = store.outbox.of_incident(drift_of(world))
        return sum(row.state == "pending" for row in rows)


def test_what_is_acknowledged_over_http_is_not_told_again(drifted: World, serve: Serve) -> None:
    service = serve(drifted.folder)
    name = drift_of(drifted)
    answer = asked(drifted, service.listens(), f"incidents/{name}/acknowledge", by="Ann")
    bare = httpx.post(f"{service.listens()}/v1/incidents/{name}/acknowledge", timeout=MINUTE)
    service.stop()
    assert (answer.status_code, answer.json()["state"]) == (200, "acknowledged")
    assert bare.status_code == 422
    assert "body: missing; send a JSON object, {} at least" in bare.json()["detail"]
    assert reminders(drifted, timedelta(days=2)) == 0


def test_what_is_snoozed_over_http_is_told_again_when_that_is_over(
    drifted: World, serve: Serve
) -> None:
    service = serve(drifted.folder)
    name, until = drift_of(drifted), datetime.now(UTC) + timedelta(days=3)
    path = f"incidents/{name}/snooze"
    answer = asked(drifted, service.listens(), path, until=until.isoformat())
    service.stop()
    assert (answer.status_code, answer.json()["state"]) == (200, "snoozed")
    assert reminders(drifted, timedelta(days=2)) == 0
    assert reminders(drifted, timedelta(days=3, minutes=1)) == 1


def test_a_pipeline_mutes_its_model_and_unmutes_it_with_a_key_for_that_alone(
    drifted: World, serve: Serve
) -> None:
    other = drifted.model(name="other")
    drifted.settle(drifted.model(), other, channels=[{"kind": "stderr"}])
    words = ("--scope", "admin", "--model", "late-arrival", "--name", "pipeline")
    key = drifted.run("keys create", *words).out.strip()
    address = serve(drifted.folder).listens()
    client = httpx.Client(base_url=address, timeout=MINUTE)
    client.headers["Authorization"] = f"Bearer {key}"

    def post(path: str, **body: Any) -> httpx.Response:
        return client.post(f"/v1/models/{path}", json=body)

    muted = post("late-arrival/mute", **{"for": "2h"}, reason="release 7")
    assert muted.status_code == 200
    told = muted.json()
    assert (told["model"], told["by"], told["reason"]) == ("late-arrival", "pipeline", "release 7")
    left = datetime.fromisoformat(told["until"]) - datetime.now(UTC)
    assert timedelta(hours=1, minutes=50) < left <= timedelta(hours=2)
    assert "release 7" in drifted.run("mute").out
    assert post("other/mute", **{"for": "2h"}).status_code == 403
    assert post("nobody/mute", **{"for": "2h"}).status_code in (403, 404)
    wrong = post("late-arrival/mute", **{"for": "two hours"})
    assert wrong.status_code == 422
    assert "a length of time is a whole number" in wrong.json()["detail"]
    ended = client.post("/v1/models/late-arrival/unmute").json()["mutes"]
    assert [one["reason"] for one in ended] == ["release 7"]
    assert "nothing is muted" in drifted.run("mute").out
    client.close()


def test_incidents_that_are_long_over_need_not_be_asked_for(drifted: World, serve: Serve) -> None:
    name = drift_of(drifted)
    address = serve(drifted.folder).listens()
    asked(drifted, address, f"incidents/{name}/resolve", by="Ann")
    found = {
        since: httpx.get(f"{address}/v1/incidents", params={"since": since}, timeout=MINUTE)
        for since in ("2024-02-01", "3024-02-01", "some day")
    }
    early, later = (found[since].json()["incidents"] for since in ("2024-02-01", "3024-02-01"))
    assert name in {one["id"] for one in early}
    assert name not in {one["id"] for one in later}
    assert all(one["resolved"] is None for one in later)
    assert found["some day"].status_code == 422
    assert "`since` must be a day or moment" in found["some day"].json()["detail"]
