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
