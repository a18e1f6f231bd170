"""Rows come in: what is answered with 202 is kept once, whatever else happens."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from sqlalchemy import text

from driftline.stores.engine import reading, writing

if TYPE_CHECKING:
    from tests.log.conftest import Site

NDJSON = "application/x-ndjson"
ARROW = "application/vnd.apache.arrow.stream"
MOMENT = "2024-03-01T12:00:00Z"


def a_row(number: int, **more: Any) -> dict[str, Any]:
    return {
        "ts": MOMENT,
        "id": f"{number:04}",
        "late": True,
        "zone": 7,
        "amount": 1.5 * number,
    } | more


def ids(site: Site) -> list[str]:
    return [row["id"] for row in site.rows()]


def test_rows_of_json_are_kept_as_they_were_sent(site: Site) -> None:
    answer = site.post("predictions", [a_row(1), a_row(2, amount=None)])
    assert answer.status_code == 202
    assert answer.json() == {"rows": 2, "repeated": False}
    first, second = site.rows()
    assert first == {
        "ts": datetime(2024, 3, 1, 12, tzinfo=UTC),
        "id": "0001",
        "late": True,
        "zone": "7",
        "amount": 1.5,
    }
    assert second["amount"] is None


def test_ndjson_and_arrow_streams_are_the_same_rows(
    open_site: Callable[..., Site], model: Mapping[str, Any], as_stream: Callable[..., bytes]
) -> None:
    site = open_site(*({**model, "name": name} for name in ("a", "b", "c")))
    rows = [a_row(i, note=f"ä{i}") for i in range(30)]
    lines = "\r\n".join(json.dumps(row) for row in rows).encode() + b"\n\n"
    table = pa.Table.from_pylist(rows)
    naive = table["ts"].cast(pa.timestamp("ms", "UTC")).cast(pa.timestamp("ms"))
    table = table.set_column(0, "ts", naive)
    assert site.post("predictions", rows, model="a").status_code == 202
    assert site.post("predictions", lines, NDJSON, model="b").status_code == 202
    assert site.post("predictions", as_stream(table), ARROW, model="c").status_code == 202
    assert site.rows(model="a") == site.rows(model="b") == site.rows(model="c")
    assert len(site.rows(model="a")) == 30


def test_a_row_without_its_moment_gets_that_of_receipt(site: Site) -> None:
    before = datetime.now(UTC)
    site.post("predictions", [{"id": "a"}, {"id": "b", "ts": None}, a_row(1)])
    found = {row["id"]: row["ts"] for row in site.rows()}
    assert before <= found["a"] == found["b"] <= datetime.now(UTC)
    assert found["0001"] == datetime(2024, 3, 1, 12, tzinfo=UTC)


def test_a_retry_under_the_same_key_doubles_nothing(site: Site) -> None:
    first = site.post("predictions", [a_row(1)], key="k1")
    again = site.post("predictions", [a_row(1)], key="k1")
    assert (first.json()["repeated"], again.json()) == (False, {"rows": 1, "repeated": True})
    site.restart()
    site.move()
    assert site.post("predictions", [a_row(1)], key="k1").json()["repeated"]
    assert ids(site) == ["0001"]
    assert not site.post("labels", [{"id": "0001", "actual": 1}], key="k1").json()["repeated"]


def test_a_key_of_another_body_is_refused(site: Site) -> None:
    site.post("predictions", [a_row(1)], key="k1")
    answer = site.post("predictions", [a_row(2)], key="k1")
    assert answer.status_code == 422
    assert '"k1" was used for another body' in answer.json()["detail"]
    assert ids(site) == ["0001"]


def test_a_key_of_a_request_that_was_refused_can_be_used_again(site: Site) -> None:
    assert site.post("predictions", [{"late": True}], key="k1").status_code == 422
    assert site.post("predictions", [a_row(1)], key="k1").status_code == 202
    assert ids(site) == ["0001"]


def test_a_key_that_cannot_be_one_is_refused(site: Site) -> None:
    for word in ("two words", "x" * 201):
        answer = site.post("predictions", [a_row(1)], key=word)
        assert answer.status_code == 400
        assert "visible ASCII" in answer.json()["detail"]


def hold(site: Site, work: Callable[[ThreadPoolExecutor], Any]) -> Any:
    """Do the work while nothing can be written; it is written together after that."""
    with ThreadPoolExecutor(40) as pool:
        with writing(site.log.engine) as connection:
            connection.execute(text("UPDATE driftline_moves SET number = number"))
            tasks = work(pool)
            while site.log.waiting < len(tasks):
                time.sleep(0.001)
        return [task.result() for task in tasks]


def journal_rows(site: Site) -> int:
    with reading(site.log.engine) as connection:
        return int(connection.execute(text("SELECT count(*) FROM driftline_journal")).scalar_one())


def test_requests_that_come_together_are_committed_together(site: Site) -> None:
    site.post("predictions", [a_row(0)])

    def work(pool: ThreadPoolExecutor) -> list[Any]:
        return [pool.submit(site.post, "predictions", [a_row(i)]) for i in range(1, 31)]

    answers = hold(site, work)
    assert {answer.status_code for answer in answers} == {202}
    assert ids(site) == [f"{i:04}" for i in range(31)]
    assert journal_rows(site) <= 3


def test_bad_requests_among_those_that_come_together_spoil_no_others(site: Site) -> None:
    site.post("predictions", [a_row(0)])
    bad: dict[int, dict[str, Any]] = {
        5: {"amount": "much"},
        9: {"colour": "red"},
        12: {"id": None},
        20: {"ts": "soon"},
    }

    def work(pool: ThreadPoolExecutor) -> list[Any]:
        rows = [a_row(i, **bad.get(i, {})) for i in range(30)]
        return [pool.submit(site.post, "predictions", [row]) for row in rows[1:]]

    answers = hold(site, work)
    refused = {i: answer for i, answer in enumerate(answers, 1) if answer.status_code != 202}
    assert refused.keys() == bad.keys()
    for number, answer in refused.items():
        (fault,) = answer.json()["errors"]
        assert (fault["row"], fault["field"]) == (0, next(iter(bad[number])))
    assert ids(site) == [f"{i:04}" for i in range(30) if i not in bad]


def test_one_key_twice_among_those_that_come_together_counts_once(site: Site) -> None:
    site.post("predictions", [a_row(0)])

    def work(pool: ThreadPoolExecutor) -> list[Any]:
        same = [pool.submit(site.post, "predictions", [a_row(1)], key="same") for _ in range(6)]
        bad = [pool.submit(site.post, "predictions", [{"x": 1}], key="bad") for _ in range(4)]
        return same + bad

    answers = hold(site, work)
    assert [answer.status_code for answer in answers] == [202] * 6 + [422] * 4
    assert sorted(answer.json()["repeated"] for answer in answers[:6]) == [False] + [True] * 5
    assert ids(site) == ["0000", "0001"]


def test_the_columns_of_a_first_request_are_those_of_all_that_come_with_it(site: Site) -> None:
    def work(pool: ThreadPoolExecutor) -> list[Any]:
        kinds: list[dict[str, Any]] = [{"amount": 1.0}, {"amount": "one"}]
        return [
            pool.submit(site.post, "labels", [{"id": f"{i}", "actual": 1}]) for i in range(3)
        ] + [
            pool.submit(site.post, "predictions", [{"id": f"{i}", **kinds[i % 2]}])
            for i in range(12)
        ]

    codes = [answer.status_code for answer in hold(site, work)]
    assert codes[:3] == [202] * 3
    assert sorted(codes[3:]) == [202] * 6 + [422] * 6
    assert len({type(row["amount"]) for row in site.rows()}) == 1


def test_two_services_on_one_log_know_of_each_others_columns_and_keys(
    open_site: Callable[..., Site], sql_url: str
) -> None:
    one, other = open_site(store=sql_url), open_site(store=sql_url)
    one.post("predictions", [a_row(1)])
    other.post("predictions", [a_row(2)], key="k")
    assert one.post("predictions", [a_row(2)], key="k").json()["repeated"]
    assert one.post("predictions", [a_row(3, amount="much")]).status_code == 422
    assert other.post("predictions", [a_row(3, amount="much")]).status_code == 422
    with ThreadPoolExecutor(8) as pool:
        sites = [one, other] * 20
        done = pool.map(lambda i: sites[i].post("predictions", [a_row(i + 10)]), range(40))
        assert {answer.status_code for answer in done} == {202}
    assert ids(one) == ids(other) == sorted(["0001", "0002", *(f"{i + 10:04}" for i in range(40))])


def test_an_empty_request_is_taken_and_fixes_no_columns(site: Site) -> None:
    assert site.post("predictions", []).json() == {"rows": 0, "repeated": False}
    assert site.post("predictions", [a_row(1, anything="new")]).status_code == 202
    assert site.rows()[0]["anything"] == "new"


def test_what_waits_is_bounded(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.post("predictions", [a_row(0)])
    monkeypatch.setattr("driftline.log.taking.WAITING_BYTES", 600)

    def work(pool: ThreadPoolExecutor) -> list[Any]:
        return [pool.submit(site.post, "predictions", [a_row(i)]) for i in range(1, 20)]

    with ThreadPoolExecutor(40) as pool:
        with writing(site.log.engine):
            tasks = work(pool)
            wait(tasks, return_when=FIRST_COMPLETED)
        answers = [task.result() for task in tasks]
    refused = [answer for answer in answers if answer.status_code == 503]
    assert refused
    assert all(answer.headers["Retry-After"] == "1" for answer in refused)
    assert len(site.rows()) == 20 - len(refused)


def test_keys_are_forgotten_after_a_week(site: Site) -> None:
    site.post("predictions", [a_row(1)], key="old")
    now = datetime.now(UTC)
    site.move(now + timedelta(days=6))
    assert site.post("predictions", [a_row(1)], key="old").json()["repeated"]
    site.move(now + timedelta(days=8))
    assert not site.post("predictions", [a_row(1)], key="old").json()["repeated"]
