"""What Prometheus is told by the service, of one store by two services, with and without keys."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from driftline.log.taking import open_log
from driftline.service.api import api
from driftline.service.behind import overdue, windows_behind
from driftline.service.listening import Http, url_of
from driftline.service.metrics.catalogue import METRICS
from driftline.service.metrics.tally import Tally
from driftline.settings.models import ModelSettings
from driftline.stores.keys import Keys
from driftline.stores.schedule import Schedule, Turn
from driftline.stores.sql import SqlStore, open_sql_store

if TYPE_CHECKING:
    from tests.service.conftest import ServiceProcess, World

    Serve = Callable[..., ServiceProcess]
    Eventually = Callable[..., Any]

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
NOON = datetime(2024, 2, 20, 12, tzinfo=UTC)


def samples_of(page: str) -> Samples:
    families = text_string_to_metric_families(page)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((name, frozenset(labels.items())))


def names_of(metric: str) -> set[str]:
    parts = ("_bucket", "_sum", "_count") if METRICS[metric].kind == "histogram" else ("",)
    return {metric + part for part in parts}


@contextmanager
def client_of(world: World, **top: Any) -> Iterator[tuple[httpx.Client, SqlStore]]:
    """The API over the store of a world, in this process, on a port of its own."""
    settings = world.settle(world.labelled(), **top)
    log = open_log(settings)
    url = settings.store.get_secret_value()
    with closing(log), closing(open_sql_store(url)) as store:
        tally = Tally()
        store.recorded = tally.recorded
        with socket.create_server(("127.0.0.1", 0)) as listening:
            http = Http(api(settings, store, log, tally=tally), listening)
            http.start()
            with httpx.Client(base_url=url_of(listening)) as client:
                yield client, store
            http.stop()
            assert http.join(20)


@pytest.fixture(scope="module")
def judged_once(
    new_world: Callable[[Path], World], tmp_path_factory: pytest.TempPathFactory
) -> World:
    """Forty days, the last four of another kind, judged until the last."""

    def three_times(day: int, rows: Any) -> Any:
        return rows.assign(amount=rows["amount"] * (3 if day >= 36 else 1))

    world = new_world(tmp_path_factory.mktemp("drifted"))
    world.live(range(40), three_times)
    world.label()
    world.settle(world.labelled(), channels=[{"kind": "stderr"}])
    assert world.check(40).code == 1
    return world


@pytest.fixture
def drifted(judged_once: World, world: World) -> World:
    """The same, to be changed."""
    shutil.copytree(judged_once.folder, world.folder, dirs_exist_ok=True)
    return world


def test_the_page_tells_how_the_store_stands(drifted: World) -> None:
    with client_of(drifted, channels=[{"kind": "stderr"}]) as (client, _):
        answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found, model = samples_of(answer.text), "late-arrival"
    assert value(found, "driftline_store_up") == 1
    assert value(found, "driftline_drift_alarm", model=model) == 1
    assert value(found, "driftline_window_rows", model=model) == 100
    effect = value(found, "driftline_column_effect", model=model, column="amount")
    assert effect is not None
    assert effect > 0.3
    assert value(found, "driftline_columns_in_alarm", model=model) == 1
    kind = value(found, "driftline_incidents_open_by_kind", model=model, kind="data_drift")
    assert kind == 1
    assert value(found, "driftline_incidents_open", model=model, severity="low") == 0
    accuracy = value(found, "driftline_performance", model=model, metric="accuracy")
    assert accuracy == pytest.approx(0.85, abs=0.1)
    assert value(found, "driftline_outbox_notices", channel="stderr", state="failed") == 0
    until = value(found, "driftline_judged_until_timestamp_seconds", model=model)
    assert until == drifted.day(40).timestamp()


def test_what_is_told_is_in_the_catalogue(drifted: World) -> None:
    with client_of(drifted) as (client, store):
        Schedule(store.engine).ensure({"late-arrival": NOON}, NOON)
        client.get("/metrics")
        found = samples_of(client.get("/metrics").text)
    ours = {name for name, _ in found if name.startswith("driftline_")}
    assert ours <= set().union(*map(names_of, METRICS))
    for (name, labels), _ in found.items():
        metric = METRICS.get(name)
        if metric is not None:
            assert {label for label, _ in labels} == set(metric.labels), name


def test_few_columns_are_told_where_that_is_asked_for(drifted: World) -> None:
    with client_of(drifted, api={"metrics_columns": 1}) as (client, _):
        found = samples_of(client.get("/metrics").text)
    columns = [dict(labels)["column"] for name, labels in found if name.endswith("column_effect")]
    assert columns == ["amount"]


def test_what_changes_is_read_again(drifted: World) -> None:
    with client_of(drifted, channels=[{"kind": "stderr"}]) as (client, _):
        before = samples_of(client.get("/metrics").text)
        drifted.live(range(40, 41), rows=57)
        drifted.check(41)
        after = samples_of(client.get("/metrics").text)
    rows = [
        value(found, "driftline_window_rows", model="late-arrival") for found in (before, after)
    ]
    assert rows == [100, 57]


def test_a_store_that_is_away_is_told_and_what_was_counted_too(drifted: World) -> None:
    with client_of(drifted) as (client, store):
        client.get("/v1/models/nobody/windows")
        with store.engine.begin() as connection:
            connection.execute(text("ALTER TABLE driftline_models RENAME TO away"))
        answer = client.get("/metrics")
        found = samples_of(answer.text)
    assert answer.status_code == 200
    assert value(found, "driftline_store_up") == 0
    asked = {"method": "GET", "path": "/v1/models/{name}/windows", "status": "404"}
    assert value(found, "driftline_http_requests_total", **asked) == 1


def test_strangers_cannot_make_up_labels(drifted: World) -> None:
    with client_of(drifted) as (client, _):
        for i in range(5):
            client.get(f"/no/such/path/{i}")
            client.request(f"ODD{i}", "/v1/models")
        found = samples_of(client.get("/metrics").text)
    counted = [dict(labels) for name, labels in found if name == "driftline_http_requests_total"]
    assert len(counted) == 2


def test_a_key_of_one_model_does_not_see_all(drifted: World) -> None:
    with client_of(drifted) as (_, store):
        keys = Keys(store.engine)
        words = {
            "all": keys.create("read", None, "", NOON)[1],
            "one": keys.create("read", "late-arrival", "", NOON)[1],
            "writer": keys.create("write", None, "", NOON)[1],
        }
        with client_of(drifted) as (client, _):
            codes = {
                name: client.get(
                    "/metrics", headers={"Authorization": f"Bearer {word}"}
                ).status_code
                for name, word in words.items()
            }
            codes["none"] = client.get("/metrics").status_code
    assert codes == {"all": 200, "one": 403, "writer": 403, "none": 401}


def test_two_services_on_one_store_tell_the_same_state_and_count_for_themselves(
    world: World, serve: Serve, eventually: Eventually
) -> None:
    sent = {
        "name": "sent",
        "predictions": {"source": "ingest", "timestamp": "at", "id": "id"},
        "reference": {"from": "2024-01-01", "to": "2024-02-01"},
    }
    world.live(range(40))
    judged = world.model(predictions=world.model()["predictions"] | {"wait": "1d"})
    world.settle(judged, sent)
    first = serve(world.folder, name="first").listens()
    second = serve(world.folder, name="second").listens()
    rows = {"rows": [{"at": f"2024-01-01T0{i}:00:00Z", "id": str(i), "x": i} for i in range(5)]}
    address = f"{first}/v1/models/sent/predictions"
    for _ in range(2):
        headers = {"Idempotency-Key": "the-same"}
        assert httpx.post(address, json=rows, headers=headers, timeout=60).status_code == 202

    def scraped() -> tuple[Samples, Samples]:
        pages = [httpx.get(f"{address}/metrics", timeout=60).text for address in (first, second)]
        return samples_of(pages[0]), samples_of(pages[1])

    def windows(found: Samples) -> float:
        return sum(
            amount
            for (name, _), amount in found.items()
            if name == "driftline_windows_judged_total"
        )

    eventually(lambda: sum(map(windows, scraped())) > 30)
    eventually(lambda: {one[0] for one in scraped()[0]} >= {"driftline_last_look_seconds"})
    here, there = scraped()
    labels = {"model": "sent", "kind": "predictions"}
    assert value(here, "driftline_ingest_rows_total", **labels) == 5
    assert value(there, "driftline_ingest_rows_total", **labels) == 0
    same = ("driftline_judged_until_timestamp_seconds", "driftline_incidents_open")

    def alike() -> bool:
        told = [{k: v for k, v in found.items() if k[0] in same} for found in scraped()]
        return told[0] == told[1] != {}

    eventually(alike)
    assert value(here, "driftline_loop_failures", loop="schedule") == 0
    assert value(here, "process_resident_memory_bytes")


def turn_of(due: datetime, started: datetime | None, **changes: Any) -> Turn:
    last = {"started": started.isoformat(), "finished": started.isoformat()} if started else {}
    return replace(Turn("m", due, last=last), **changes)


@pytest.mark.parametrize(
    ("looked", "due", "behind"),
    [
        (NOON, NOON + timedelta(hours=12), 0),
        (NOON - timedelta(hours=36), NOON + timedelta(hours=12), 0),
        (NOON, NOON + timedelta(minutes=1), 0),
        (NOON - timedelta(days=2), NOON - timedelta(minutes=1), 0),
    ],
)
def test_a_model_that_was_looked_at_when_it_was_due_is_not_behind(
    world: World, looked: datetime, due: datetime, behind: int
) -> None:
    world.live(range(1))
    model: ModelSettings = world.settle().models[0]
    position = NOON.replace(hour=0)
    assert windows_behind(model, position, turn_of(due, looked), NOON) == behind


def test_windows_behind_are_counted_from_the_moment_they_should_have_been_judged(
    world: World,
) -> None:
    world.live(range(1))
    model: ModelSettings = world.settle().models[0]
    position = NOON.replace(hour=0) - timedelta(days=3)
    assert windows_behind(model, position, turn_of(NOON, NOON - timedelta(days=1)), NOON) == 3
    assert windows_behind(model, position, None, NOON) == 3
    assert windows_behind(model, None, None, NOON) == 0


def test_a_model_that_somebody_is_at_is_not_overdue() -> None:
    late = turn_of(NOON - timedelta(hours=1), None)
    assert overdue(late, NOON) == timedelta(hours=1)
    assert overdue(replace(late, claimed_until=NOON + timedelta(seconds=9)), NOON) == timedelta()
    assert overdue(replace(late, claimed_until=NOON - timedelta(seconds=9)), NOON) > timedelta()
    assert overdue(turn_of(NOON + timedelta(hours=1), None), NOON) == timedelta()


def test_times_are_told_as_a_histogram() -> None:
    tally = Tally()
    for seconds in (0.003, 0.005, 0.3, 99.0):
        tally.time("driftline_http_request_seconds", seconds, "/x")
    families = {family.name: family for family in tally.collect()}
    family = families["driftline_http_request_seconds"]
    found = {(s.name, s.labels.get("le")): s.value for s in family.samples}
    assert found["driftline_http_request_seconds_bucket", "0.005"] == 2
    assert found["driftline_http_request_seconds_bucket", "0.25"] == 2
    assert found["driftline_http_request_seconds_bucket", "0.5"] == 3
    assert found["driftline_http_request_seconds_bucket", "+Inf"] == 4
    assert found["driftline_http_request_seconds_sum", None] == pytest.approx(99.308)


def test_a_count_is_told_from_the_start() -> None:
    tally = Tally()
    tally.expect(["m"], ["slack"], [])
    told = {sample.name: sample.value for family in tally.collect() for sample in family.samples}
    assert told["driftline_alarms_total"] == told["driftline_notice_failures_total"] == 0
