"""Services that share one store: no window is judged twice and nobody is told twice, also when they
are killed at any moment."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Timer
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from driftline.notices import Notice
from driftline.records import Changes, Event, Incident, ModelState, OutboxRow
from driftline.service.loops import keep
from driftline.service.outbox import Outlet, deliver_to
from driftline.stores import Store, open_store
from driftline.stores.engine import make_engine, reading, writing

if TYPE_CHECKING:
    from tests.fixtures.http_servers import Loopback
    from tests.fixtures.postgresql import PostgresqlServer
    from tests.service.conftest import ServiceProcess, World

    Serve = Callable[..., ServiceProcess]
    Eventually = Callable[..., Any]

DAYS, REFERENCE, WATCHED = 26, 22, 4
HOURS_OF_A_WINDOW = 2
WINDOWS = WATCHED * 24 // HOURS_OF_A_WINDOW
KILLS = 5
NAMES = ("a", "b", "c", "d")


def write_rows(world: World) -> datetime:
    """Quiet days that end with yesterday, of which the last is large; their begin."""
    random = np.random.default_rng(23)
    begin = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begin -= timedelta(days=DAYS)
    count = DAYS * 12 * 30
    moments = begin + pd.to_timedelta(np.arange(count) * (DAYS * 86_400 / count), unit="s")
    amount = random.lognormal(3, 0.6, count)
    amount[-12 * 30 :] *= 3
    frame = pd.DataFrame({"timestamp": moments, "amount": amount})
    frame["plan"] = random.choice(["basic", "plus", "team"], count)
    frame.to_parquet(world.folder / "rows.parquet", index=False)
    return begin


def settle(world: World, store: str, webhook: Loopback) -> None:
    begin = write_rows(world)
    source = {"source": "parquet", "path": "rows.parquet", "timestamp": "timestamp"}
    span = {"from": f"{begin:%Y-%m-%d}", "to": f"{begin + timedelta(days=REFERENCE):%Y-%m-%d}"}
    models = [
        {
            "name": name,
            "predictions": source,
            "reference": span,
            "window": f"{HOURS_OF_A_WINDOW}h",
        }
        for name in NAMES
    ]
    channel = {"kind": "webhook", "url": webhook.url}
    world.settle(*models, store=store, channels=[channel])


def told(webhook: Loopback) -> Counter[str]:
    """How often each notice has come, by its id."""
    return Counter(asked.headers["x-driftline-id"] for asked in webhook.asked)


def all_done(store: Store) -> bool:
    """Every window of the data is judged, and nothing waits to be told."""
    judged = [sum(bool(result.rows) for result in store.windows(name)) for name in NAMES]
    return judged == [WINDOWS] * len(NAMES) and set(store.outbox.counts()) == {"sent"}


def let_claims_of_the_dead_run_out(url: str) -> None:
    """What else takes a minute (models) or five (notices)."""
    engine = make_engine(url)
    with writing(engine) as connection:
        connection.execute(text("UPDATE driftline_schedule SET claimed_until = 0"))
        connection.execute(text("UPDATE driftline_outbox SET claimed_at = 0"))
    engine.dispose()


def claims(url: str) -> int:
    """How many models somebody is at."""
    engine = make_engine(url)
    found = text("SELECT count(*) FROM driftline_schedule WHERE claimed_by IS NOT NULL")
    with reading(engine) as connection:
        count = int(connection.execute(found).scalar_one())
    engine.dispose()
    return count


def events_of(store: Store) -> list[str]:
    return sorted(event.id for incident in store.incidents() for event in store.events(incident.id))


def test_two_services_share_the_work_and_nobody_is_told_twice(
    world: World,
    serve: Serve,
    eventually: Eventually,
    loopback: Callable[..., Loopback],
    sql_url: str,
) -> None:
    webhook = loopback((200, {}, ""))
    settle(world, sql_url, webhook)
    both = [serve(world.folder, "--workers", "1", name=name) for name in ("first", "second")]
    for service in both:
        service.listens()
    store = open_store(sql_url)
    eventually(lambda: all_done(store))
    assert [service.stop() for service in both] == [0, 0]
    judged = [{line.get("model") for line in s.lines if "judged" in line["message"]} for s in both]
    assert judged[0] | judged[1] == set(NAMES)
    assert all(judged), "one of them did everything"
    for name in NAMES:
        starts = [result.window.start for result in store.windows(name)]
        assert starts == sorted(set(starts))
    assert claims(sql_url) == 0
    assert len(told(webhook)) == len(webhook.asked) > 0
    of_webhook = [
        event["id"]
        for asked in webhook.asked
        for incident in json.loads(asked.body)["incidents"]
        for event in incident["events"]
    ]
    assert sorted(of_webhook) == events_of(store)
    store.close()


@pytest.mark.slow
def test_services_that_are_killed_at_any_moment_lose_and_double_nothing(
    world: World,
    serve: Serve,
    eventually: Eventually,
    loopback: Callable[..., Loopback],
    sql_url: str,
) -> None:
    webhook = loopback((200, {}, ""))
    settle(world, sql_url, webhook)
    random = Random(7)
    for number in range(KILLS):
        service = serve(world.folder, name=f"killed-{number}")
        service.listens()
        time.sleep(random.uniform(0, 0.8))
        service.kill()
        let_claims_of_the_dead_run_out(sql_url)
    last = serve(world.folder, name="last")
    last.listens()
    store = open_store(sql_url)
    eventually(lambda: all_done(store))
    assert last.stop() == 0
    for name in NAMES:
        starts = [result.window.start for result in store.windows(name)]
        assert starts == sorted(set(starts))
    rows = {row.id for row, _ in store.outbox.rows("sent")}
    assert rows == {f"{event}.webhook" for event in events_of(store)}
    again = sum(told(webhook).values()) - len(told(webhook))
    assert again <= KILLS, "a kill can double only the notice that was on its way"
    store.close()


def test_a_term_signal_in_mid_run_gives_the_models_back(
    world: World,
    serve: Serve,
    eventually: Eventually,
    loopback: Callable[..., Loopback],
    sql_url: str,
) -> None:
    settle(world, sql_url, loopback((200, {}, "")))
    service = serve(world.folder)
    service.listens()
    eventually(lambda: claims(sql_url) > 0)
    assert service.stop() == 0
    assert claims(sql_url) == 0


def test_a_database_that_goes_away_is_waited_for(
    world: World,
    serve: Serve,
    eventually: Eventually,
    loopback: Callable[..., Loopback],
    own_postgresql: PostgresqlServer,
) -> None:
    url, webhook = f"{own_postgresql.url}/postgres", loopback((200, {}, ""))
    settle(world, url, webhook)
    service = serve(world.folder)
    address = service.listens()
    eventually(lambda: claims(url) > 0)
    own_postgresql.stop()
    eventually(lambda: service.said("waits for the store"))
    assert httpx.get(f"{address}/readyz", timeout=60).status_code == 503
    assert httpx.get(f"{address}/healthz", timeout=60).status_code == 200
    for _ in range(3):
        assert httpx.get(f"{address}/v1/models", timeout=60).status_code == 503
    own_postgresql.start()
    store = open_store(url)
    eventually(lambda: all_done(store), 120)
    assert httpx.get(f"{address}/readyz", timeout=60).status_code == 200
    assert service.stop() == 0
    assert sum("answered with 503" in line["message"] for line in service.lines) == 1
    assert len(told(webhook)) == len(webhook.asked) > 0
    store.close()


def test_a_service_that_waits_for_its_database_can_be_stopped(
    world: World, serve: Serve, eventually: Eventually, own_postgresql: PostgresqlServer
) -> None:
    own_postgresql.stop()
    world.settle(store=f"{own_postgresql.url}/postgres")
    service = serve(world.folder)
    eventually(lambda: service.said("waits for the store"))
    assert service.stop() == 0
    assert service.said("stopped")


def test_a_notice_that_was_sent_while_the_database_went_away_is_not_sent_again(
    own_postgresql: PostgresqlServer,
) -> None:
    store = open_store(f"{own_postgresql.url}/postgres")
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    state = ModelState("m", "key", b"", begin)
    store.begin(state)
    incident = Incident(
        *("i", "m", "data_drift", "high", "open", begin, begin, None, begin, (), "moved"),
    )
    event = Event("e", incident, "opened", begin)
    row = OutboxRow("r", "e", "m", "c", "pending", begin)
    changes = Changes(state.next(), incidents=(incident,), events=(event,), outbox=(row,))
    assert store.record(changes)
    sent: list[str] = []

    class Channel:
        def send(self, notice: Notice) -> None:
            sent.append(notice.id)
            own_postgresql.stop()
            Timer(1.0, own_postgresql.start).start()

    outlet = Outlet(Channel(), keep=lambda write: keep(write, lambda: False))
    assert deliver_to(store, "c", outlet, begin).sent == 1
    assert deliver_to(store, "c", outlet, begin + timedelta(days=1)).sent == 0
    assert len(sent) == 1
    assert store.outbox.counts() == {"sent": 1}
    store.close()
