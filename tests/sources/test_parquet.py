"""Parquet files, whole and damaged."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from driftline.errors import ColumnError, SourceError
from driftline.sources import Lasting, Source, files, open_source, still
from driftline.sources.files import FileSource
from driftline.sources.finding import Found, find_files
from driftline.sources.formats import Facts
from driftline.sources.parquet import ParquetFormat, ParquetSettings

START = datetime(2013, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def day_table(day: int, rows: int = 24) -> pa.Table:
    moments = [START + day * DAY + timedelta(hours=i) for i in range(rows)]
    return pa.table(
        {
            "ts": pa.array(moments, pa.timestamp("us", "UTC")),
            "id": pa.array([day * 24 + i for i in range(rows)], pa.int64()),
            "x": pa.array([float(i) for i in range(rows)]),
        }
    )


def write_days(folder: Path, days: int = 5) -> None:
    for day in range(days):
        pq.write_table(day_table(day), folder / f"day {day}.parquet")


def source(path: Path, timestamp: str | None = "ts", required: tuple[str, ...] = ()) -> Source:
    return open_source(ParquetSettings(path=str(path)), timestamp, required)


def test_one_corrupt_file_among_many_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    write_days(tmp_path)
    (tmp_path / "day 2.parquet").write_bytes(b"PAR1 this is not parquet PAR1")
    reading = source(tmp_path).batches()
    assert reading.table().num_rows == 4 * 24
    (problem,) = reading.problems
    assert problem.code == "unreadable_source"
    assert problem.path.endswith("day 2.parquet")
    assert "half-written or damaged" in problem.message


def test_a_half_written_file_is_named_and_read_when_it_is_whole(tmp_path: Path) -> None:
    write_days(tmp_path)
    path = tmp_path / "day 2.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    days = source(tmp_path)
    reading = days.batches(START + 2 * DAY, START + 4 * DAY)
    assert reading.table()["id"].to_pylist() == list(range(72, 96))
    assert [Path(problem.path).name for problem in reading.problems] == ["day 2.parquet"]
    path.write_bytes(whole)
    again = days.batches(START + 2 * DAY, START + 4 * DAY)
    assert again.table().num_rows == 48
    assert again.problems == []


def test_a_damaged_page_is_told_with_the_rows_that_were_lost(tmp_path: Path) -> None:
    write_days(tmp_path, 2)
    path = tmp_path / "day 0.parquet"
    table = pa.table({**{n: day_table(0, 2000)[n] for n in ("ts", "id", "x")}})
    pq.write_table(table, path, compression="zstd", use_dictionary=False)
    damaged = bytearray(path.read_bytes())
    start = pq.read_metadata(path).row_group(0).column(1).data_page_offset
    damaged[start + 30 : start + 200] = os.urandom(170)
    path.write_bytes(bytes(damaged))
    reading = source(tmp_path).batches()
    assert reading.table().num_rows == 24
    (problem,) = reading.problems
    assert (problem.code, problem.rows) == ("unreadable_source", 2000)


def test_when_no_file_can_be_read_it_is_an_error(tmp_path: Path) -> None:
    for name in ("a.parquet", "b.parquet"):
        (tmp_path / name).write_bytes(b"not parquet")
    with pytest.raises(
        SourceError, match=r"a\.parquet: cannot be read, half-written or damaged.*b\.parquet"
    ):
        source(tmp_path).batches()


def test_an_empty_file_is_told_and_has_no_rows(tmp_path: Path) -> None:
    write_days(tmp_path, 1)
    (tmp_path / "empty.parquet").write_bytes(b"")
    pq.write_table(day_table(1, 0), tmp_path / "no rows.parquet")
    reading = source(tmp_path).batches()
    assert reading.table().num_rows == 24
    told = {Path(problem.path).name: problem.message for problem in reading.problems}
    assert told == {
        "empty.parquet": "the file is empty (0 bytes)",
        "no rows.parquet": "the file has no rows",
    }
    assert {problem.code for problem in reading.problems} == {"empty_source"}


def test_an_empty_file_alone_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "empty.parquet").write_bytes(b"")
    reading = source(tmp_path).batches()
    assert list(reading) == []
    assert [problem.code for problem in reading.problems] == ["empty_source"]
    assert source(tmp_path).span() is None


def test_files_whose_columns_and_types_differ_are_all_read(tmp_path: Path) -> None:
    table = day_table(0)
    pq.write_table(table, tmp_path / "a.parquet")
    texts = pa.array(["u", "v"] * 12)
    pq.write_table(table.append_column("kind", texts), tmp_path / "b.parquet")
    other = table.set_column(2, "x", table["x"].cast(pa.int32()))
    coded = other.append_column("kind", texts.dictionary_encode())
    pq.write_table(coded, tmp_path / "c.parquet")
    reading = source(tmp_path).batches()
    tables = list(reading)
    assert [t.num_rows for t in tables] == [24, 24, 24]
    assert [str(t.schema.field("x").type) for t in tables] == ["double", "double", "int32"]
    assert reading.problems == []
    assert source(tmp_path).columns().names == ["ts", "id", "x", "kind"]


def test_a_file_without_the_timestamp_is_told_and_left_out(tmp_path: Path) -> None:
    write_days(tmp_path, 2)
    odd = day_table(2).rename_columns(["tss", "id", "x"])
    pq.write_table(odd, tmp_path / "odd.parquet")
    reading = source(tmp_path).batches()
    assert reading.table().num_rows == 48
    (problem,) = reading.problems
    assert (problem.code, problem.rows) == ("missing_column", 24)
    assert problem.message == 'no column "ts"; did you mean "tss"?; its rows are left out'
    assert source(tmp_path).span() == (START, START + timedelta(hours=47))


def test_a_file_without_the_id_is_told_and_read(tmp_path: Path) -> None:
    write_days(tmp_path, 1)
    pq.write_table(day_table(1).drop_columns(["id"]), tmp_path / "odd.parquet")
    reading = source(tmp_path, required=("id",)).batches()
    assert reading.table().num_rows == 48
    assert [(p.code, p.rows) for p in reading.problems] == [("missing_column", 0)]


def test_a_timestamp_column_of_numbers_is_told(tmp_path: Path) -> None:
    pq.write_table(day_table(0), tmp_path / "a.parquet")
    with pytest.raises(SourceError, match="a timestamp column must hold timestamps, dates or ISO"):
        list(source(tmp_path, "x").batches())


def test_files_outside_the_span_are_not_read(tmp_path: Path) -> None:
    write_days(tmp_path)
    for day in (0, 1, 3, 4):
        path = tmp_path / f"day {day}.parquet"
        whole = path.read_bytes()
        footer = 8 + int.from_bytes(whole[-8:-4], "little")
        path.write_bytes(whole[:4] + b"x" * (len(whole) - footer - 4) + whole[-footer:])
    days = source(tmp_path)
    assert days.span() == (START, START + timedelta(hours=119))
    reading = days.batches(START + 2 * DAY, START + 3 * DAY)
    assert reading.table()["id"].to_pylist() == list(range(48, 72))
    assert reading.problems == []
    whole_year = days.batches()
    assert whole_year.table().num_rows == 24
    assert [problem.code for problem in whole_year.problems] == ["unreadable_source"] * 4


def test_a_source_that_lasts_reads_anew_what_was_written_replaced_or_added(tmp_path: Path) -> None:
    def put(day: int, path: Path) -> None:
        pq.write_table(day_table(day), path, compression="none", use_dictionary=False)

    for day in range(3):
        put(day, tmp_path / f"day {day}.parquet")
    days = source(tmp_path)
    assert isinstance(days, Lasting)
    assert days.again().batches().table().num_rows == 72
    written = tmp_path / "day 0.parquet"
    facts = written.stat()
    put(9, written)
    assert written.stat().st_size == facts.st_size
    os.utime(written, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    put(7, tmp_path / "new")
    (tmp_path / "new").replace(tmp_path / "day 1.parquet")
    (tmp_path / "day 2.parquet").unlink()
    put(5, tmp_path / "day 5.parquet")
    found = days.again()
    assert found.span() == (START + 5 * DAY, START + 9 * DAY + timedelta(hours=23))
    ids = found.batches().table()["id"].to_pylist()
    assert sorted(ids) == [24 * day + hour for day in (5, 7, 9) for hour in range(24)]
    assert found.batches(START, START + 3 * DAY).table().num_rows == 0


def test_a_file_that_is_the_same_is_looked_at_once(tmp_path: Path) -> None:
    write_days(tmp_path, 2)
    opened: list[str] = []

    class Noting(ParquetFormat):
        def look(self, path: str, timestamp: str | None) -> Facts:
            opened.append(path)
            return super().look(path, timestamp)

    days = FileSource(str(tmp_path), Noting(), "ts")
    for _ in range(3):
        days = days.again()
        assert days.batches().table().num_rows == 48
    pq.write_table(day_table(2), tmp_path / "day 2.parquet")
    assert days.again().batches().table().num_rows == 72
    assert [Path(path).stem for path in opened] == ["day 0", "day 1", "day 2"]


def test_a_source_that_stands_still_lists_its_files_once_and_the_next_one_sees_what_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listings: list[str] = []

    def noted(path: str, endings: tuple[str, ...]) -> list[Found]:
        listings.append(path)
        return find_files(path, endings)

    monkeypatch.setattr(files, "find_files", noted)
    write_days(tmp_path, 3)
    days = source(tmp_path)
    now = still(days)
    assert listings == []
    pq.write_table(day_table(3), tmp_path / "day 3.parquet")
    assert now.batches().table().num_rows == 96
    (tmp_path / "day 0.parquet").unlink()
    pq.write_table(day_table(4), tmp_path / "day 4.parquet")
    reading = now.batches()
    assert reading.table().num_rows == 72
    assert [problem.code for problem in reading.problems] == ["unreadable_source"]
    assert "it went away meanwhile" in reading.problems[0].message
    assert len(listings) == 1
    for later in (still(now), days, still(days)):
        reading = later.batches()
        assert reading.table().num_rows == 96
        assert reading.problems == []


def test_what_a_folder_gives_its_files_may_become_another_kind(tmp_path: Path) -> None:
    def put(name: str) -> None:
        (tmp_path / f"day={name}").mkdir()
        pq.write_table(pa.table({"x": [1]}), tmp_path / f"day={name}" / "a.parquet")

    put("2013-01-01")
    days = source(tmp_path, None)
    assert isinstance(days, Lasting)
    assert days.batches().table()["day"].to_pylist() == [date(2013, 1, 1)]
    put("unknown")
    assert days.again().batches().table()["day"].to_pylist() == ["2013-01-01", "unknown"]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_row_groups_outside_the_span_are_not_read(
    tmp_path: Path, unit: str, zone: str | None
) -> None:
    table = pa.concat_tables([day_table(day) for day in range(5)])
    stamps = table["ts"].cast(pa.timestamp(unit, "UTC"))
    plain = stamps.cast(pa.int64()).cast(pa.timestamp(unit, zone))
    pq.write_table(table.set_column(0, "ts", plain), tmp_path / "a.parquet", row_group_size=24)
    facts = look(tmp_path / "a.parquet")
    micros = [1_356_998_400_000_000 + day * 86_400_000_000 for day in range(5)]
    assert [part.low for part in facts.parts] == micros
    assert [part.high for part in facts.parts] == [low + 23 * 3_600_000_000 for low in micros]
    rows = source(tmp_path).batches(START + 2 * DAY, START + 3 * DAY).table()
    assert rows["id"].to_pylist() == list(range(48, 72))


def test_moments_as_dates_have_ends_too(tmp_path: Path) -> None:
    dates = pa.array([date(2013, 1, 1), date(2013, 1, 2)])
    pq.write_table(pa.table({"ts": dates, "id": [1, 2]}), tmp_path / "a.parquet")
    assert source(tmp_path).span() == (START, START + DAY)
    assert source(tmp_path).batches(START + DAY).table()["id"].to_pylist() == [2]


def test_fine_moments_are_not_lost_at_the_edge_of_a_row_group(tmp_path: Path) -> None:
    stamps = pa.array([-1, 1_999, 2_000], pa.timestamp("ns"))
    pq.write_table(pa.table({"ts": stamps, "id": [0, 1, 2]}), tmp_path / "a.parquet")
    edge = datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    assert source(tmp_path).batches(edge).table()["id"].to_pylist() == [1, 2]
    assert source(tmp_path).batches(None, edge).table()["id"].to_pylist() == [0]


def look(path: Path) -> Facts:
    return ParquetFormat().look(str(path), "ts")


def test_folders_named_by_value_become_columns(tmp_path: Path) -> None:
    for day in range(3):
        folder = tmp_path / f"day=2013-01-0{day + 1}" / f"shop={day}"
        folder.mkdir(parents=True)
        pq.write_table(day_table(day), folder / "part-0.parquet")
    table = source(tmp_path).batches(START + DAY, START + 2 * DAY).table()
    assert table.column_names == ["ts", "id", "x", "day", "shop"]
    assert set(table["day"].to_pylist()) == {date(2013, 1, 2)}
    assert set(table["shop"].to_pylist()) == {1}
    wanted = source(tmp_path).batches(columns=["shop"]).table()
    assert wanted.column_names == ["ts", "shop"]
    assert source(tmp_path).columns().names == ["ts", "id", "x", "day", "shop"]


def test_a_folder_value_can_be_the_moment(tmp_path: Path) -> None:
    for day in range(3):
        folder = tmp_path / f"day=2013-01-0{day + 1}"
        folder.mkdir()
        pq.write_table(day_table(day), folder / "part-0.parquet")
    days = source(tmp_path, "day")
    assert days.span() == (START, START + 2 * DAY)
    assert days.batches(START + DAY, START + 2 * DAY).table()["id"].to_pylist() == [*range(24, 48)]


def test_a_glob_with_spaces_is_read(tmp_path: Path) -> None:
    write_days(tmp_path)
    assert source(tmp_path / "day [01].parquet").batches().table().num_rows == 48


def test_two_columns_of_one_name_are_told(tmp_path: Path) -> None:
    write_days(tmp_path, 1)
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"])
    pq.write_table(twice, tmp_path / "twice.parquet")
    reading = source(tmp_path).batches()
    assert reading.table().num_rows == 24
    assert "two columns called x" in reading.problems[0].message


def test_a_column_with_dots_in_its_name_is_only_itself(tmp_path: Path) -> None:
    table = pa.table({"ts": [START], "a": [1], "a.b": [2], "s": [{"a": 1}]})
    pq.write_table(table, tmp_path / "a.parquet")
    assert source(tmp_path).batches(columns=["a"]).table().column_names == ["ts", "a"]
    assert source(tmp_path).batches().table().num_rows == 1


def test_small_files_of_one_kind_come_together(tmp_path: Path) -> None:
    write_days(tmp_path, 5)
    assert [t.num_rows for t in source(tmp_path).batches()] == [120]


def test_new_files_are_found(tmp_path: Path) -> None:
    write_days(tmp_path, 1)
    days = source(tmp_path)
    assert days.batches().table().num_rows == 24
    write_days(tmp_path, 2)
    assert days.batches().table().num_rows == 48


def test_a_missing_column_everywhere_names_what_there_is(tmp_path: Path) -> None:
    write_days(tmp_path, 2)
    with pytest.raises(ColumnError, match=r'no column "moment" \(columns: id, ts, x\)'):
        source(tmp_path, "moment").batches()
