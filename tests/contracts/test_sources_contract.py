"""What every source must do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from driftline.errors import ColumnError
from driftline.sources import Source, open_source
from driftline.sources.csv import CsvSettings
from driftline.sources.dataframe import frame_source
from driftline.sources.parquet import ParquetSettings

START = datetime(2013, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)

Open = Callable[..., Source]


def hourly(rows: int = 240) -> pa.Table:
    moments = [START + i * HOUR for i in range(rows)]
    return pa.table(
        {
            "ts": pa.array(moments, pa.timestamp("us", "UTC")),
            "id": pa.array(range(rows), pa.int64()),
            "x": pa.array([i / 7 for i in range(rows)], pa.float64()),
            "kind": pa.array([["a", "b", None][i % 3] for i in range(rows)], pa.string()),
        }
    )


def open_parquet(
    folder: Path, table: pa.Table, timestamp: str | None, required: tuple[str, ...]
) -> Source:
    pq.write_table(table, folder / "data.parquet", row_group_size=50)
    settings = ParquetSettings(path=str(folder / "data.parquet"))
    return open_source(settings, timestamp, required)


def open_csv(
    folder: Path, table: pa.Table, timestamp: str | None, required: tuple[str, ...]
) -> Source:
    pa.csv.write_csv(table, folder / "data.csv")
    return open_source(CsvSettings(path=str(folder / "data.csv")), timestamp, required)


def open_frame(
    folder: Path, table: pa.Table, timestamp: str | None, required: tuple[str, ...]
) -> Source:
    return frame_source(table, timestamp, required)


@pytest.fixture(params=[open_parquet, open_csv, open_frame], ids=["parquet", "csv", "dataframe"])
def source_of(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    def made(
        table: pa.Table, timestamp: str | None = "ts", required: tuple[str, ...] = ()
    ) -> Source:
        opened: Source = request.param(tmp_path, table, timestamp, required)
        return opened

    return made


def ids(source: Source, start: datetime | None = None, end: datetime | None = None) -> list[int]:
    table = source.batches(start, end).table()
    return sorted(table["id"].to_pylist()) if table.num_rows else []


def test_it_gives_all_rows_with_their_values(source_of: Open) -> None:
    table = source_of(hourly()).batches().table()
    assert table.column_names == ["ts", "id", "x", "kind"]
    assert table["x"].to_pylist() == pytest.approx([i / 7 for i in range(240)])
    assert table["kind"].to_pylist() == hourly()["kind"].to_pylist()


def test_a_span_holds_its_start_and_not_its_end(source_of: Open) -> None:
    source = source_of(hourly())
    assert ids(source, START + 24 * HOUR, START + 48 * HOUR) == list(range(24, 48))
    assert ids(source, START + 100 * HOUR) == list(range(100, 240))
    assert ids(source, None, START + 3 * HOUR) == [0, 1, 2]
    assert ids(source, START + 1000 * HOUR, START + 1001 * HOUR) == []


def test_windows_side_by_side_hold_each_row_once(source_of: Open) -> None:
    source = source_of(hourly())
    days = [ids(source, START + i * 24 * HOUR, START + (i + 1) * 24 * HOUR) for i in range(10)]
    assert sorted(chain.from_iterable(days)) == list(range(240))


def test_rows_may_be_out_of_order(source_of: Open) -> None:
    table = hourly()
    shuffled = table.take(pa.array([(i * 97) % 240 for i in range(240)]))
    assert ids(source_of(shuffled), START + 24 * HOUR, START + 48 * HOUR) == list(range(24, 48))


def test_moments_without_a_zone_are_utc(source_of: Open) -> None:
    table = hourly().set_column(0, "ts", hourly()["ts"].cast(pa.timestamp("ms")))
    source = source_of(table)
    assert ids(source, START + 24 * HOUR, START + 26 * HOUR) == [24, 25]
    assert source.span() == (START, START + 239 * HOUR)


def test_the_bounds_may_be_in_any_zone(source_of: Open) -> None:
    from_elsewhere = datetime.fromisoformat("2013-01-02T02:00:00+02:00")
    assert ids(source_of(hourly()), from_elsewhere, START + 25 * HOUR) == [24]


def test_the_span_is_from_the_first_to_the_last_moment(source_of: Open) -> None:
    assert source_of(hourly()).span() == (START, START + 239 * HOUR)


def test_without_a_timestamp_column_all_rows_are_given(source_of: Open) -> None:
    source = source_of(hourly().drop_columns(["ts"]), timestamp=None)
    assert ids(source, START, START + HOUR) == list(range(240))
    assert source.span() is None


def test_rows_without_a_moment_are_counted_and_told(source_of: Open) -> None:
    moments = hourly()["ts"].to_pylist()
    moments[5] = moments[7] = None
    table = hourly().set_column(0, "ts", pa.array(moments, pa.timestamp("us", "UTC")))
    reading = source_of(table).batches()
    assert sorted(reading.table()["id"].to_pylist()) == [i for i in range(240) if i not in (5, 7)]
    (problem,) = reading.problems
    assert (problem.code, problem.rows) == ("bad_timestamps", 2)
    assert '2 rows left out: "ts" is missing or is no ISO 8601 moment' in problem.message


def test_moments_may_be_text_and_bad_ones_are_told(source_of: Open) -> None:
    texts = [stamp.isoformat() for stamp in hourly()["ts"].to_pylist()]
    texts[3] = "yesterday"
    source = source_of(hourly().set_column(0, "ts", pa.array(texts)))
    reading = source.batches(START, START + 5 * HOUR)
    assert reading.table()["id"].to_pylist() == [0, 1, 2, 4]
    (problem,) = reading.problems
    assert '1 row left out: "ts"' in problem.message
    assert '(such as "yesterday")' in problem.message
    assert source.span() == (START, START + 239 * HOUR)


def test_only_the_wanted_columns_and_the_moments_are_read(source_of: Open) -> None:
    table = source_of(hourly()).batches(columns=["x", "absent"]).table()
    assert table.column_names == ["ts", "x"]
    assert table.num_rows == 240


def test_columns_have_names_and_types(source_of: Open) -> None:
    columns = source_of(hourly()).columns()
    assert columns.names == ["ts", "id", "x", "kind"]
    assert [str(columns.field(name).type) for name in ("id", "x", "kind")] == [
        "int64",
        "double",
        "string",
    ]


def test_a_missing_timestamp_column_is_told_with_the_nearest(source_of: Open) -> None:
    with pytest.raises(ColumnError, match='no column "tz"; did you mean "ts"'):
        source_of(hourly(), "tz").batches()


def test_a_missing_required_column_is_told_with_the_nearest(source_of: Open) -> None:
    with pytest.raises(ColumnError, match='no column "ids"; did you mean "id"'):
        source_of(hourly(), "ts", ("ids",)).batches()


def test_no_rows_are_no_error(source_of: Open) -> None:
    source = source_of(hourly(0))
    assert list(source.batches()) == []
    assert source.span() is None


def test_a_source_can_be_read_again(source_of: Open) -> None:
    source = source_of(hourly())
    assert ids(source) == ids(source) == list(range(240))


def test_a_source_has_a_name(source_of: Open) -> None:
    assert source_of(hourly()).name
