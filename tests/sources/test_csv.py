"""CSV files, whole and damaged."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from driftline.errors import ColumnError, SourceError
from driftline.sources import csv as csv_module
from driftline.sources import open_source
from driftline.sources.csv import CsvSettings
from driftline.sources.files import FileSource
from driftline.sources.protocol import Source
from driftline.sources.sniffing import sniffed

START = datetime(2013, 1, 1, tzinfo=UTC)


def lines(first: int, last: int) -> str:
    rows = (
        f"{(START + timedelta(hours=i)).isoformat()},{i},{i / 4},{'ab'[i % 2]}"
        for i in range(first, last)
    )
    return "".join(f"{row}\n" for row in rows)


HEADER = "ts,id,x,kind\n"


def ids(tables: Iterable[pa.Table]) -> list[int]:
    return [number for table in tables for number in table["id"].to_pylist()]


def source(path: Path, timestamp: str | None = "ts", **more: object) -> Source:
    settings = CsvSettings.model_validate({"path": str(path), **more})
    return open_source(settings, timestamp)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_module, "BLOCK_BYTES", 2000)


def test_compressed_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress((HEADER + lines(0, 48)).encode()))
    (tmp_path / "b.csv").write_text(HEADER + lines(48, 72))
    assert source(tmp_path).batches().table()["id"].to_pylist() == list(range(72))
    assert source(tmp_path).span() == (START, START + timedelta(hours=71))


def test_a_half_written_compressed_file_is_told_and_what_is_there_is_used(
    tmp_path: Path, small_blocks: None
) -> None:
    whole = gzip.compress((HEADER + lines(0, 5000)).encode())
    (tmp_path / "a.csv.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "b.csv").write_text(HEADER + lines(5000, 5010))
    reading = source(tmp_path).batches()
    rows = reading.table().num_rows
    assert 10 < rows < 4000
    (problem,) = reading.problems
    assert problem.path.endswith("a.csv.gz")
    assert f"the {rows - 10:,} rows before that were used" in problem.message


@pytest.mark.parametrize(
    ("late", "kind"),
    [("1.5", "double"), ("n/k", "string"), ("", "int64")],
)
def test_a_type_that_changes_later_loses_no_row(
    tmp_path: Path, small_blocks: None, late: str, kind: str
) -> None:
    (tmp_path / "a.csv").write_text(
        "id,n\n" + "".join(f"{i},{i}\n" for i in range(2000)) + f"2000,{late}\n2001,5\n"
    )
    one = source(tmp_path / "a.csv", None)
    for _ in range(2):
        tables = list(one.batches())
        assert ids(tables) == list(range(2002))
        assert str(tables[-1]["n"].type) == kind
        assert str(tables[-1]["n"][-1].as_py()) in ("5", "5.0")


def test_a_column_that_begins_empty_is_read_when_values_come(
    tmp_path: Path, small_blocks: None
) -> None:
    text = "id,n,s\n" + "".join(f"{i},,\n" for i in range(2000)) + "2000,1.5,x\n"
    (tmp_path / "a.csv").write_text(text)
    table = list(source(tmp_path / "a.csv", None).batches())[-1]
    assert (table["n"][-1].as_py(), table["s"][-1].as_py()) == (1.5, "x")


def test_several_columns_may_change_and_be_read_alone(tmp_path: Path, small_blocks: None) -> None:
    text = "id,n,m\n" + "".join(f"{i},{i},{i}\n" for i in range(2000))
    (tmp_path / "a.csv").write_text(text + "2000,x,1.5\n" + "2001,y,z\n")
    one = source(tmp_path / "a.csv", None)
    wanted = list(one.batches(columns=["m"]))
    assert sum(t.num_rows for t in wanted) == 2002
    assert wanted[-1].column_names == ["m"]
    assert wanted[-1]["m"].to_pylist()[-2:] == ["1.5", "z"]
    everything = list(one.batches())
    assert ids(everything) == list(range(2002))
    assert everything[-1]["n"].to_pylist()[-2:] == ["x", "y"]


def test_a_moment_that_is_none_is_told_and_the_others_kept(
    tmp_path: Path, small_blocks: None
) -> None:
    (tmp_path / "a.csv").write_text(HEADER + lines(0, 200) + "soon,200,1,a\n" + lines(201, 300))
    reading = source(tmp_path / "a.csv").batches(START + timedelta(hours=190))
    assert ids(reading) == [i for i in range(190, 300) if i != 200]
    (problem,) = reading.problems
    assert (problem.code, problem.rows) == ("bad_timestamps", 1)
    assert '"soon"' in problem.message


def test_moments_in_another_way_of_writing_are_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("ts,id\n31/01/2024 10:00,1\n01/02/2024 10:00,2\n")
    reading = source(tmp_path / "a.csv").batches()
    assert list(reading) == []
    (problem,) = reading.problems
    assert problem.rows == 2
    assert "written as dd/mm/yyyy: write 2024-01-31T10:00:00" in problem.message


def test_lines_that_are_no_row_are_counted_and_told(tmp_path: Path) -> None:
    text = HEADER + lines(0, 5) + "broken\n" + lines(5, 10) + "2013-01-01T10:00:00+00:00,10"
    (tmp_path / "a.csv").write_text(text)
    reading = source(tmp_path / "a.csv").batches()
    assert reading.table()["id"].to_pylist() == list(range(10))
    (problem,) = reading.problems
    assert (problem.code, problem.rows) == ("bad_lines", 2)
    assert problem.message == '2 lines left out: 1 values instead of 4 in "broken"'


def test_empty_files_are_told_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("")
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b""))
    (tmp_path / "c.csv").write_text(HEADER)
    reading = source(tmp_path).batches()
    assert list(reading) == []
    assert [problem.code for problem in reading.problems] == ["empty_source"] * 3
    assert source(tmp_path).span() is None


def test_a_file_that_is_no_csv_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(b"this is not gzip")
    with pytest.raises(SourceError, match=r"a\.csv\.gz: cannot be read, half-written or damaged"):
        source(tmp_path).batches()


def test_missing_values_are_missing_in_text_too(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id,x,s\n1,,\n2,NA,NA\n3,NaN,None\n4,1,"a ""b"", c\nd"\n')
    table = source(tmp_path / "a.csv", None).batches().table()
    assert table["x"].to_pylist() == [None, None, None, 1]
    assert table["s"].to_pylist() == [None, None, None, 'a "b", c\nd']


def test_what_is_missing_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,x,s\n1,?,NA\n")
    table = source(tmp_path / "a.csv", None, missing=["?"]).batches().table()
    assert (table["x"].to_pylist(), table["s"].to_pylist()) == ([None], ["NA"])


def test_other_ways_to_write_it_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("id;x;s\n1;1,5;Zürich\n".encode("latin1"))
    more = {"separator": ";", "decimal": ",", "encoding": "latin1"}
    table = source(tmp_path / "a.csv", None, **more).batches().table()
    assert (table["x"].to_pylist(), table["s"].to_pylist()) == ([1.5], ["Zürich"])
    (tmp_path / "b.tsv").write_text("\ufeffid\tx\n1\t2\n", encoding="utf8")
    assert source(tmp_path / "b.tsv", "id").columns().names == ["id", "x"]


@pytest.mark.parametrize(
    ("text", "more", "told"),
    [
        ("ts;id\n2013-01-01;1\n", {}, '`separator: ";"`'),
        ("ts\tid\n2013-01-01\t1\n", {}, '`separator: "\\\\t"`'),
        ("ts,id\n2013-01-01,1\n", {"separator": ";"}, '`separator: ","`'),
    ],
)
def test_another_separator_than_the_settings_say_is_told(
    tmp_path: Path, text: str, more: dict[str, str], told: str
) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ColumnError, match=f'no column "ts" .*: one column; set {told}'):
        source(tmp_path / "a.csv", **more).span()


def test_one_file_of_several_with_another_separator_says_which(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("ts,id\n2013-01-01,1\n")
    (tmp_path / "b.csv").write_text("ts;id\n2013-01-02;2\n")
    reading = source(tmp_path).batches()
    assert reading.table().num_rows == 1
    (problem,) = reading.problems
    assert problem.message == (
        'no column "ts": one column; set `separator: ";"`?; its rows are left out'
    )


@pytest.mark.parametrize("row", [1, 900])
def test_one_value_that_is_no_number_leaves_those_with_a_decimal_comma_numbers(
    tmp_path: Path, small_blocks: None, row: int
) -> None:
    rows = [f"2013-01-01T00:00:00;{i};{i},25;a,b\n" for i in range(1000)]
    rows[row] = "2013-01-01T00:00:00;0;1.234,50;a,b\n"
    (tmp_path / "a.csv").write_text("ts;id;x;kind\n" + "".join(rows))
    table = source(tmp_path / "a.csv", separator=";", decimal=",").batches().table()
    values = table["x"].to_pylist()
    assert values.pop(row) in (None, "1.234,50")
    numbers = [float(value) for value in values]
    assert numbers == [i + 0.25 for i in range(1000) if i != row]
    assert set(table["kind"].to_pylist()) == {"a,b"}


def test_bytes_that_are_no_text_are_replaced_and_told(tmp_path: Path, small_blocks: None) -> None:
    rows = [f"{i},K\u00f6ln,{i}" for i in range(300)]
    text = "\n".join(["id,city,n", *rows]).encode()
    (tmp_path / "a.csv").write_bytes(text.replace(b"250,K\xc3\xb6ln", b"250,K\xf6ln"))
    reading = source(tmp_path / "a.csv", None).batches()
    table = reading.table()
    assert table["id"].to_pylist() == list(range(300))
    assert table["city"].to_pylist()[249:252] == ["K\u00f6ln", "K\ufffdln", "K\u00f6ln"]
    (problem,) = reading.problems
    assert (problem.code, problem.rows) == ("bad_encoding", 1)
    assert 'in Latin-1 the first reads "250,K\u00f6ln,250"' in problem.message
    assert "set `encoding: latin1`" in problem.message


def test_a_malformed_line_with_bytes_that_are_no_text_is_passed_over(
    tmp_path: Path, small_blocks: None, capfd: pytest.CaptureFixture[str]
) -> None:
    good = "".join(f"{i},{i}\n" for i in range(2000)).encode()
    (tmp_path / "a.csv").write_bytes(b"id,n\n" + good + b"1,2,\xf6\n" + b"2000,2000\n")
    reading = source(tmp_path / "a.csv", None).batches()
    assert ids(reading) == list(range(2001))
    assert {problem.code: problem.rows for problem in reading.problems} == {
        "bad_lines": 1,
        "bad_encoding": 1,
    }
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("encoding", ["latin1", "cp1252", "utf16"])
def test_names_of_columns_that_are_not_utf_8_are_told_with_the_encoding_to_set(
    tmp_path: Path, encoding: str
) -> None:
    mark = "\u20ac" if encoding == "cp1252" else ""
    (tmp_path / "a.csv").write_bytes(f"id,gr\u00f6\u00dfe{mark}\n1,2\n".encode(encoding))
    with pytest.raises(SourceError, match=f'such as {encoding}, .* reads "id,größe{mark}"'):
        source(tmp_path / "a.csv", None).batches()
    read = source(tmp_path / "a.csv", None, encoding=encoding).batches().table()
    assert read.column_names == ["id", f"größe{mark}"]


def test_an_encoding_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='found "klingon"'):
        source(tmp_path, encoding="klingon")


def test_how_a_file_is_written_is_told_from_its_beginning(tmp_path: Path) -> None:
    path = str(tmp_path / "a.csv")
    for text, encoding, separator, decimal in (
        ("id;x\n1;0,5\n2;1\n", "utf8", ";", ","),
        ("id;x\n1;0.5\n2;1,5\n", "utf8", ";", "."),
        ('id,x,s\n1,0.5,"1,5"\n', "utf8", ",", "."),
        ("id\tstraße\n1\tx\n", "latin1", "\t", "."),
        ("id,s\n1,5\u20ac\n", "cp1252", ",", "."),
        ("id,s\n1,ä\n", "utf16", ",", "."),
    ):
        (tmp_path / "a.csv").write_bytes(text.encode(encoding))
        found = sniffed(path, path)
        assert (found.encoding, found.separator, found.decimal) == (encoding, separator, decimal)
    (tmp_path / "a.csv").write_bytes("ä,ö,ü,ß\n".encode() + b"\xff,1,2,3\n")
    assert sniffed(path, path).encoding == "utf8"


def test_a_misspelt_column_is_told_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + lines(0, 5))
    with pytest.raises(ColumnError, match='no column "tss"; did you mean "ts"'):
        source(tmp_path, "tss").batches()


def test_the_ends_of_a_file_are_remembered_once_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + lines(0, 48))
    one = source(tmp_path)
    assert isinstance(one, FileSource)
    list(one.batches())
    (facts,) = one._known.values()
    assert facts.parts[0].low == 1_356_998_400_000_000
    later = START + timedelta(days=3)
    assert list(one.batches(later)) == []
    with (tmp_path / "a.csv").open("a") as file:
        file.write(lines(48, 96))
    assert one.batches(later).table()["id"].to_pylist() == list(range(72, 96))
