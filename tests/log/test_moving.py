"""Rows move from the journal into Delta tables: each once, also when it goes wrong half-way; tables
are compacted and trimmed and never lose what has not moved."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from deltalake import DeltaTable

from driftline.log import moving, tables
from driftline.log.moving import Mover
from driftline.stores import journal

if TYPE_CHECKING:
    from tests.log.conftest import Site

Opens = Callable[..., "Site"]
DAY = timedelta(days=1)
NOW = datetime.now(UTC)


def send(site: Site, *numbers: int, at: datetime = NOW) -> None:
    rows = [{"ts": at.isoformat(), "id": f"{i:04}", "amount": float(i)} for i in numbers]
    assert site.post("predictions", rows).status_code == 202


def ids(site: Site) -> list[int]:
    return [int(row["id"]) for row in site.rows()]


def in_table(site: Site) -> list[int]:
    return sorted(int(value) for value in site.table().to_pyarrow_table()["id"].to_pylist())


def test_rows_move_into_a_table_and_are_seen_once_all_the_while(site: Site) -> None:
    for start in range(0, 30, 10):
        send(site, *range(start, start + 10))
        assert ids(site) == list(range(start + 10))
        assert site.move() == 1
        assert ids(site) == list(range(start + 10))
        assert in_table(site) == list(range(start + 10))
    assert site.waiting() == 0
    assert site.move() == 0


def test_rows_are_kept_by_the_day_of_their_moment(site: Site) -> None:
    for back in (0, 1, 400):
        send(site, back, at=NOW - back * DAY)
    site.move()
    days = sorted(part["driftline_day"] for part in site.table().partitions())
    assert days == sorted(f"{NOW - back * DAY:%Y-%m-%d}" for back in (0, 1, 400))


class Crash(BaseException):
    """The process ends here."""


CRASHES = ["begin_move", "rows_of_move", "end_move"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", [*CRASHES, "append"])
def test_a_move_that_ends_half_way_is_finished_by_the_next_and_doubles_nothing(
    open_site: Opens, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    site = open_site()
    send(site, 0, 1, 2)
    site.move()
    send(site, 3, 4)
    part = tables if step == "append" else journal
    real = getattr(part, step)

    def crash(*words: Any) -> Any:
        if after:
            real(*words)
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(part, step, crash)
        with pytest.raises(Crash):
            site.move()
    assert ids(site) == [0, 1, 2, 3, 4]
    send(site, 5)
    site.close()
    again = open_site()
    later = datetime.now(UTC) + timedelta(minutes=2)
    Mover(again.log, who="another process").move_all(later)
    assert ids(again) == in_table(again) == [0, 1, 2, 3, 4, 5]
    assert again.waiting() == 0
    site.open()


def test_while_one_process_moves_another_does_not(site: Site) -> None:
    send(site, 1)
    site.move(NOW)
    send(site, 2)
    other = Mover(site.log, who="other")
    assert other.move_all(NOW + timedelta(seconds=30)) == 0
    assert other.move_all(NOW + timedelta(seconds=61)) == 1


def test_movers_that_do_not_know_of_each_other_move_each_row_once(
    open_site: Opens, sql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("driftline.stores.journal.claim", lambda *_: True)
    sites = [open_site(store=sql_url) for _ in range(3)]
    movers = [Mover(site.log) for site in sites]
    for round_ in range(4):
        send(sites[round_ % 3], *range(round_ * 10, round_ * 10 + 10))
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda mover: mover.move_all(NOW), movers))
    movers[0].move_all(NOW)
    assert in_table(sites[0]) == list(range(40))
    assert ids(sites[1]) == list(range(40))
    assert sites[2].waiting() == 0


def test_a_store_from_a_backup_moves_on_above_what_the_table_has(site: Site) -> None:
    from sqlalchemy import text

    from driftline.stores.engine import writing

    for i in range(3):
        send(site, i)
        site.move()
    with writing(site.log.engine) as connection:
        connection.execute(text("UPDATE driftline_moves SET number = 1"))
    send(site, 3)
    site.move()
    assert in_table(site) == [0, 1, 2, 3]


def test_a_table_that_cannot_be_written_keeps_rows_waiting_and_is_told(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    send(site, 1)
    site.post("labels", [{"id": "1", "actual": 1}])
    folder = Path(site.place().table)
    folder.parent.mkdir(parents=True)
    folder.write_text("in the way")
    mover = Mover(site.log, who="test")
    with caplog.at_level(logging.INFO, "driftline.log"):
        for _ in range(3):
            mover.move_all(datetime.now(UTC))
        assert caplog.text.count("log of predictions of shop: rows wait in the journal") == 1
        assert site.waiting() == 1
        assert site.table("labels").to_pyarrow_table().num_rows == 1
        folder.unlink()
        mover.move_all(datetime.now(UTC))
    assert ids(site) == in_table(site) == [1]
    assert caplog.text.count("log of predictions of shop: rows move on") == 1


def test_small_files_are_put_together(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "COMPACT_AFTER", 5)
    for i in range(5):
        send(site, i)
        site.move()
    assert len(site.table().file_uris()) == 1
    assert in_table(site) == [0, 1, 2, 3, 4]


def files(site: Site) -> set[Path]:
    return set(Path(site.place().table).rglob("*.parquet"))


def test_what_is_older_than_the_retention_is_forgotten_and_its_files_go(
    open_site: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = open_site(log={"retention": "30d", "path": "log"})
    send(site, 0, 1, at=NOW - 60 * DAY)
    send(site, 2, 3, at=NOW + 20 * DAY)
    site.move()
    assert ids(site) == [0, 1, 2, 3], "old moments that came just now are kept: a backfill"
    later = NOW + 31 * DAY
    send(site, 4, at=NOW + 20 * DAY)
    site.move(later)
    assert ids(site) == [2, 3, 4]
    kept = {Path(uri.removeprefix("file://")) for uri in site.table().file_uris()}
    assert kept < files(site), "a reader may be at the others: they go a day later"
    monkeypatch.setattr(tables, "KEPT", timedelta(0))
    site.move(later + DAY)
    assert {file for file in files(site) if "_delta_log" not in file.parts} == kept
    assert ids(site) == [2, 3, 4]


def test_without_a_retention_nothing_is_forgotten(open_site: Opens) -> None:
    site = open_site(log={"retention": "never"})
    send(site, 0, at=NOW - 900 * DAY)
    site.move(NOW)
    site.move(NOW + 2000 * DAY)
    assert ids(site) == [0]


def test_trimming_never_loses_rows_that_wait(open_site: Opens) -> None:
    site = open_site(log={"retention": "30d"})
    send(site, 0, at=NOW - 90 * DAY)
    site.move(NOW)
    send(site, 1, 2, at=NOW - 90 * DAY)
    tables.trim(site.place(), site.table(), NOW.date() + DAY)
    assert ids(site) == [1, 2]
    site.move(NOW)
    assert in_table(site) == [1, 2]


def test_the_table_knows_what_it_is_for(site: Site) -> None:
    send(site, 1)
    site.move()
    table: DeltaTable = site.table()
    assert table.metadata().name == "log of predictions of shop"
    assert table.metadata().partition_columns == ["driftline_day"]


def test_what_moved_is_on_the_disk_before_the_journal_forgets_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    real = os.fsync

    def sync(descriptor: int) -> None:
        synced.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")))
        real(descriptor)

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("needs /proc to tell which files are synced")
    missed: list[Path] = []
    end_move = journal.end_move

    def end(*words: Any) -> None:
        folder = Path(site.place().table)
        table = site.table()
        wanted = {Path(uri.removeprefix("file://")) for uri in table.file_uris()}
        wanted |= {folder / "_delta_log" / f"{table.version():020}.json"}
        wanted |= {folder, folder / "_delta_log", folder.parent}
        missed.extend(wanted - set(synced))
        end_move(*words)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(journal, "end_move", end)
    for i in range(2):
        send(site, i)
        assert site.move() == 1
    assert synced
    assert not missed
