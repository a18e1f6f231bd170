"""Which files a path stands for."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from driftline.errors import SourceError
from driftline.sources import finding
from driftline.sources.finding import find_files

ENDINGS = (".parquet",)


def names(path: Path | str, root: Path) -> list[str]:
    return [str(Path(found.path).relative_to(root)) for found in find_files(str(path), ENDINGS)]


def touch(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"x")


def test_a_file_is_itself_whatever_it_is_called(tmp_path: Path) -> None:
    touch(tmp_path, "_odd [1] name.dat")
    assert names(tmp_path / "_odd [1] name.dat", tmp_path) == ["_odd [1] name.dat"]


def test_a_folder_is_its_files_at_any_depth_in_order(tmp_path: Path) -> None:
    touch(tmp_path, "b.parquet", "a/c.PARQUET", "a/b/d.snappy.parquet", "README.txt")
    assert names(tmp_path, tmp_path) == ["a/b/d.snappy.parquet", "a/c.PARQUET", "b.parquet"]


def test_temporary_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "a.parquet", ".b.parquet", "_c.parquet", "_tmp/d.parquet", ".x/e.parquet")
    assert names(tmp_path, tmp_path) == ["a.parquet"]
    assert names(tmp_path / "*.parquet", tmp_path) == ["a.parquet"]
    assert names(tmp_path / "**" / "*.parquet", tmp_path) == ["a.parquet"]


def test_folders_above_may_have_any_name(tmp_path: Path) -> None:
    touch(tmp_path, "_data/.v1/a.parquet")
    assert names(tmp_path / "_data" / ".v1", tmp_path) == ["_data/.v1/a.parquet"]
    assert names(tmp_path / "_data" / ".v1" / "*", tmp_path) == ["_data/.v1/a.parquet"]


def test_a_glob_may_hold_spaces_and_folders(tmp_path: Path) -> None:
    touch(tmp_path, "my data/day 1/a b.parquet", "my data/day 2/c.parquet", "my data/x.csv")
    found = names(tmp_path / "my data" / "day *" / "*.parquet", tmp_path)
    assert found == ["my data/day 1/a b.parquet", "my data/day 2/c.parquet"]


def test_folders_with_equals_signs_give_columns(tmp_path: Path) -> None:
    touch(tmp_path, *(f"day=2013-01-0{i}/shop={i}/city=New%20York/a.parquet" for i in (1, 2)))
    first, second = find_files(str(tmp_path), ENDINGS)
    assert first.values == {
        "day": (date(2013, 1, 1), pa.date32()),
        "shop": (1, pa.int64()),
        "city": ("New York", pa.string()),
    }
    assert second.values["day"][0] == date(2013, 1, 2)


def test_a_folder_value_is_text_where_one_is_and_may_be_missing(tmp_path: Path) -> None:
    touch(tmp_path, *(f"shop={v}/a.parquet" for v in ("1", "x", "__HIVE_DEFAULT_PARTITION__")))
    values = [found.values["shop"] for found in find_files(str(tmp_path), ENDINGS)]
    assert values == [("1", pa.string()), (None, pa.string()), ("x", pa.string())]


def test_the_kind_of_what_folders_give_is_found_once_however_many_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    kind = finding._kind

    def noted(texts: list[str]) -> pa.DataType:
        asked.append(len(texts))
        return kind(texts)

    monkeypatch.setattr(finding, "_kind", noted)
    touch(tmp_path, *(f"day={day}/shop={day % 3}/a.parquet" for day in range(50)), "b.parquet")
    values = [found.values for found in find_files(str(tmp_path), ENDINGS)]
    assert asked == [50, 50]
    assert values[0] == {}
    assert sorted(value["day"][0] for value in values[1:]) == list(range(50))


def test_nothing_found_is_an_error_and_not_no_rows(tmp_path: Path) -> None:
    touch(tmp_path, "folder/notes.txt")
    with pytest.raises(SourceError, match=r"no \.parquet file in .*folder \(1 other files?\)"):
        find_files(str(tmp_path / "folder"), ENDINGS)
    with pytest.raises(SourceError, match=r"no file matches .*\*\.parquet"):
        find_files(str(tmp_path / "*.parquet"), ENDINGS)
    with pytest.raises(SourceError, match=r"no such file or folder: .*x.parquet"):
        find_files(str(tmp_path / "x.parquet"), ENDINGS)
    with pytest.raises(SourceError, match=r"there is no folder .*gone"):
        find_files(str(tmp_path / "gone" / "*.parquet"), ENDINGS)
