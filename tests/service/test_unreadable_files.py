"""Files that cannot be read are named, where people look, and are never "no rows"."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

if TYPE_CHECKING:
    from tests.service.conftest import World

DAMAGED = "cannot be read, half-written or damaged"


def damage(file: Path, column: str) -> bytes:
    """Overwrite the pages of one column, the footer is left; what the file was before."""
    before = file.read_bytes()
    footer = pq.ParquetFile(file).metadata
    names = [footer.schema.column(i).name for i in range(footer.num_columns)]
    chunk = footer.row_group(0).column(names.index(column))
    start, size = (
        chunk.dictionary_page_offset or chunk.data_page_offset,
        chunk.total_compressed_size,
    )
    file.write_bytes(before[:start] + b"\xa5" * size + before[start + size :])
    return before


@pytest.mark.parametrize("column", ["timestamp", "amount"])
def test_damaged_pages_under_a_whole_footer_are_told_by_the_name_of_their_file(
    world: World, column: str
) -> None:
    world.live(range(34))
    damage(world.file(32), column)
    world.settle()
    told = f"{world.file(32)}: {DAMAGED}"
    answer = world.check(34)
    assert answer.err.count(f"predictions: {told}") == 1
    (incident,) = answer.model["incidents"]
    assert incident["message"].startswith(told)
    assert "no rows" not in str(answer.model)
    people = world.run("check", "--now", world.day(34).isoformat())
    assert "1 that could not be read" in people.out
    assert "without rows" not in people.out


def test_a_damaged_column_that_only_labels_need_is_told_where_it_is_in_the_reference(
    world: World,
) -> None:
    rows = world.live(range(33))
    world.label(rows)
    damage(world.file(8), "id")
    world.settle(world.labelled())
    assert f"predictions: {world.file(8)}: {DAMAGED}" in world.check(33).err
    assert f"{world.file(8)}: {DAMAGED}" in world.run("config check").err


def test_a_file_that_is_mended_weeks_later_is_read_and_its_labels_are_joined(world: World) -> None:
    world.label(world.live(range(50)))
    whole = damage(world.file(32), "amount")
    world.settle(world.labelled())
    for day in range(33, 40):
        world.check(day)
    answer = world.check(40)
    assert [i["state"] for i in answer.model["incidents"]] == ["resolved"]
    assert [w["status"] for w in answer.model["windows"]].index("empty") == 2
    world.file(32).write_bytes(whole)
    answer = world.check(45)
    assert {w["status"] for w in answer.model["windows"]} == {"judged"}
    assert all(not w["faults"] for w in answer.model["windows"])
    spans = {span["end"][:10]: span for span in answer.model["performance"]}
    assert spans["2024-02-03"]["rows"] == 300
    assert spans["2024-02-05"]["labelled"] == 300
    assert len(answer.model["incidents"]) == 1
    assert world.check(45).found == answer.found


def test_a_file_without_a_footer_concerns_the_day_in_its_name_where_names_tell_days(
    world: World,
) -> None:
    world.live(range(50))
    whole = world.file(32).read_bytes()
    world.file(32).write_bytes(whole[: len(whole) // 2])
    world.settle()
    answer = world.check(40)
    assert [bool(window["faults"]) for window in answer.model["windows"]] == [
        i == 2 for i in range(10)
    ]
    (incident,) = answer.model["incidents"]
    assert incident["since"] == "2024-02-02T00:00:00Z"
    assert incident["message"].startswith(f"{world.file(32)}: {DAMAGED}")
    world.file(32).write_bytes(whole)
    answer = world.check(44)
    assert not any(window["faults"] for window in answer.model["windows"])
    assert answer.model["windows"][2]["status"] == "judged"
    assert [i["state"] for i in answer.model["incidents"]] == ["resolved"]


def test_a_file_without_a_footer_may_concern_every_window_where_names_tell_no_days(
    world: World,
) -> None:
    world.live(range(38))
    for number, file in enumerate(sorted(world.predictions.iterdir())):
        file.rename(world.predictions / f"part-{number}.parquet")
    broken = world.predictions / "part-32.parquet"
    whole = broken.read_bytes()
    broken.write_bytes(whole[: len(whole) // 2])
    world.settle()
    faults = [bool(window["faults"]) for window in world.check(36).model["windows"]]
    assert faults == [True] * 6
    broken.write_bytes(whole)
    answer = world.check(37)
    assert not any(window["faults"] for window in answer.model["windows"])
    assert answer.model["windows"][2]["status"] == "judged"


def test_many_files_with_one_fault_are_one_line(world: World) -> None:
    world.live(
        range(36),
        lambda day, f: f if day < 31 else f.assign(timestamp=f["timestamp"].astype(str) + "?"),
    )
    world.settle()
    lines = [line for line in world.check(36).err.splitlines() if "ISO 8601" in line]
    (line,) = [line for line in lines if line.startswith("driftline: ")]
    assert str(world.file(31)) in line
    assert line.endswith("; and so in 4 more files")
