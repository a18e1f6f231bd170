"""What `driftline init` writes for a data file."""

from __future__ import annotations

import importlib.resources
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftline.errors import DataError, SourceError
from driftline.guesses import guess
from driftline.scaffold import file_source, settings_for
from driftline.settings import ModelSettings, ReferenceSpan, load_settings, parse_settings
from driftline.sources import open_source
from driftline.sources.csv import CsvSettings
from driftline.sources.parquet import ParquetSettings

START = datetime(2024, 3, 4, tzinfo=UTC)


def log(rows: int = 2000, step: timedelta = timedelta(hours=1)) -> pa.Table:
    rng = np.random.default_rng(0)
    score = rng.random(rows)
    return pa.table(
        {
            "scored_at": pa.array(
                [START + i * step for i in range(rows)], pa.timestamp("us", "UTC")
            ),
            "known_at": pa.array([START + (i + 9) * step for i in range(rows)]),
            "request_id": pa.array([f"r{i}" for i in range(rows)]),
            "customer_id": pa.array(rng.integers(0, 50, rows)),
            "amount": rng.normal(size=rows),
            "grade": pa.array(rng.integers(1, 6, rows)),
            "y_pred": pa.array((score > 0.5).astype(int)),
            "proba": score,
            "y_true": pa.array(rng.integers(0, 2, rows)),
        }
    )


def written(path: Path, folder: Path) -> ModelSettings:
    """The settings that are written for `path`, read back without a change."""
    file = folder / "driftline.yaml"
    file.write_text(settings_for(path, folder), encoding="utf-8")
    (model,) = load_settings(file).models
    assert open_source(model.predictions.origin, model.predictions.timestamp).span() is not None
    return model


def test_a_log_with_all_its_parts_is_ready_to_use(tmp_path: Path) -> None:
    pq.write_table(log(), tmp_path / "my log.parquet")
    model = written(tmp_path / "my log.parquet", tmp_path)
    predictions = model.predictions
    assert (model.name, model.task) == ("my log", "binary")
    assert predictions.origin == ParquetSettings(path=str(tmp_path / "my log.parquet"))
    assert (predictions.timestamp, predictions.id) == ("scored_at", "request_id")
    assert (predictions.prediction, predictions.score) == ("y_pred", "proba")
    assert predictions.ignore == ("y_true",)
    assert model.labels is not None
    assert (model.labels.id, model.labels.label) == ("request_id", "y_true")
    assert model.labels.timestamp == "known_at"


def test_guesses_and_what_else_it_could_be_are_told(tmp_path: Path) -> None:
    pq.write_table(log(), tmp_path / "log.parquet")
    text = settings_for(tmp_path / "log.parquet", tmp_path)
    assert "path: log.parquet\n" in text
    assert "the moment of each prediction; or known_at\n" in text
    assert "# categorical: [grade]\n" in text
    assert "2,000 rows of 9 columns, 2024-03-04 00:00 to 2024-05-26 07:00 UTC" in text
    assert max(len(line) for line in text.splitlines()) <= 100


def test_the_bundled_flights_can_be_begun_with(tmp_path: Path) -> None:
    data = importlib.resources.files("driftline.demo") / "data" / "flights.parquet"
    with importlib.resources.as_file(data) as path:
        model = written(path, tmp_path)
    assert isinstance(model.reference, ReferenceSpan)
    assert model.reference.start == datetime(2013, 1, 1, tzinfo=UTC)
    assert (
        datetime(2013, 6, 30, tzinfo=UTC) < model.reference.end < datetime(2013, 9, 3, tzinfo=UTC)
    )
    assert model.window == timedelta(days=1)


def test_a_csv_with_semicolons_is_known_as_such(tmp_path: Path) -> None:
    options = pa.csv.WriteOptions(delimiter=";")
    pa.csv.write_csv(log(500), tmp_path / "log.csv", options)
    model = written(tmp_path / "log.csv", tmp_path)
    assert model.predictions.origin == CsvSettings(path=str(tmp_path / "log.csv"), separator=";")
    assert model.predictions.timestamp == "scored_at"


def test_a_csv_of_another_country_is_known_as_such(tmp_path: Path) -> None:
    rows = "".join(f"2024-03-{1 + i % 30:02};{i / 10};Köln\n".replace(".", ",") for i in range(99))
    (tmp_path / "log.csv").write_bytes(f"ts;größe;stadt\n{rows}".encode("latin1"))
    model = written(tmp_path / "log.csv", tmp_path)
    assert model.predictions.origin == CsvSettings(
        path=str(tmp_path / "log.csv"), separator=";", encoding="latin1", decimal=","
    )


def test_a_folder_or_glob_of_files_is_known_by_their_endings(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for i in range(2):
        pa.csv.write_csv(log(1000).slice(500 * i, 500), tmp_path / "logs" / f"{i}.csv")
    assert written(tmp_path / "logs", tmp_path).name == "logs"
    model = written(tmp_path / "logs" / "*.csv", tmp_path)
    assert model.predictions.origin == CsvSettings(path=str(tmp_path / "logs" / "*.csv"))


@pytest.mark.parametrize("first", ["parquet", "csv"])
def test_files_of_another_kind_in_a_folder_are_named_as_not_read(
    tmp_path: Path, first: str
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    pq.write_table(log(), data / ("a.parquet" if first == "parquet" else "b.parquet"))
    assert "Not read" not in settings_for(data, tmp_path)
    other = data / ("a.csv" if first == "csv" else "b.csv")
    pyarrow.csv.write_csv(log(), other)
    left = "b.csv" if first == "parquet" else "b.parquet"
    text = settings_for(data, tmp_path)
    assert f'# Not read: 1 file of another kind, such as "{left}".\n' in text
    assert f"source: {first}\n" in text


def test_data_elsewhere_has_its_whole_path(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    pq.write_table(log(), tmp_path / "log.parquet")
    model = written(tmp_path / "log.parquet", tmp_path / "a")
    assert model.predictions.origin == ParquetSettings(path=str(tmp_path / "log.parquet"))


@pytest.mark.parametrize(
    ("rows", "step", "window"),
    [
        (2000, timedelta(hours=1), timedelta(days=1)),
        (3000, timedelta(minutes=3), timedelta(days=1)),
        (9000, timedelta(seconds=30), timedelta(hours=1)),
        (600, timedelta(days=1), timedelta(weeks=1)),
        (3, timedelta(seconds=1), timedelta(days=1)),
        (1, timedelta(seconds=1), timedelta(days=1)),
    ],
)
def test_the_window_goes_by_volume_and_the_reference_by_time(
    tmp_path: Path, rows: int, step: timedelta, window: timedelta
) -> None:
    pq.write_table(log(rows, step), tmp_path / "log.parquet")
    model = written(tmp_path / "log.parquet", tmp_path)
    assert model.window == window
    assert isinstance(model.reference, ReferenceSpan)
    if step * rows > timedelta(days=2):
        share = (model.reference.end - model.reference.start) / (step * rows)
        assert 0.49 < share < 0.68
    assert model.reference.start <= START


def test_without_parts_to_join_labels_are_only_told_of(tmp_path: Path) -> None:
    table = log().drop_columns(["request_id", "proba", "y_pred"])
    pq.write_table(table, tmp_path / "log.parquet")
    text = settings_for(tmp_path / "log.parquet", tmp_path)
    assert "y_true looks like the label, but there is no column for id and prediction or" in text
    model = written(tmp_path / "log.parquet", tmp_path)
    assert model.labels is None
    assert model.predictions.ignore == ("y_true",)


def test_what_the_model_said_is_known_by_its_score_whatever_its_name() -> None:
    table = log().rename_columns(
        {"y_pred": "will_return", "proba": "p_return", "y_true": "came_back"}
    )
    found = guess(table)
    assert (found.prediction, found.score, found.task) == ("will_return", "p_return", "binary")
    other = table.set_column(6, "will_return", pa.array(np.arange(2000) % 2))
    assert guess(other).prediction is None


def test_parts_of_the_date_and_counters_are_left_out() -> None:
    rows = 400
    table = log(rows).append_column("month", pa.array([3] * rows))
    table = table.append_column("serial", pa.array(np.arange(rows) * 3))
    table = table.append_column("week_number", pa.array([10] * rows))
    assert guess(table).calendar == ("month", "serial", "week_number")


def test_a_column_that_differs_in_every_row_is_the_id_whatever_its_name() -> None:
    rng = np.random.default_rng(1)
    table = log().drop_columns(["request_id"])
    words = pa.array([f"{number:x}" for number in rng.permutation(2000)])
    comments = pa.array([f"note {number}" for number in range(2000)])
    table = table.append_column("note", comments).append_column("nr", pa.array(np.arange(2000) + 7))
    assert guess(table).id == "nr"
    both = guess(table.append_column("ticket", words))
    assert (both.id, both.calendar) == ("ticket", ("nr",))
    assert guess(log().append_column("ticket", words)).id == "request_id"
    assert guess(log().drop_columns(["request_id"])).id is None


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["a", "b"] * 50, "binary"),
        ([True, False] * 50, "binary"),
        (["a", "b", "c", "d"] * 25, "multiclass"),
        ([1, 2, 3, 4] * 25, "multiclass"),
        ([i / 3 for i in range(100)], "regression"),
        (list(range(100)), "regression"),
    ],
)
def test_the_task_is_told_by_the_label(values: list[object], task: str) -> None:
    moments = [START + timedelta(hours=i) for i in range(100)]
    assert guess(pa.table({"ts": moments, "label": values})).task == task


def test_text_that_reads_as_moments_can_be_the_timestamp(tmp_path: Path) -> None:
    texts = [(START + timedelta(hours=i)).isoformat() for i in range(200)]
    table = pa.table({"shop": ["a", "b"] * 100, "when": texts, "x": list(range(200))})
    pq.write_table(table, tmp_path / "log.parquet")
    assert written(tmp_path / "log.parquet", tmp_path).predictions.timestamp == "when"


def test_data_without_moments_or_rows_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"x": [1, 2], "y": ["a", "b"]}), path)
    with pytest.raises(DataError, match=r"no column of moments .* among x, y; .*compare"):
        settings_for(path)
    pq.write_table(pa.table({"at": ["24/12/2024 18:00"], "x": [1]}), path)
    with pytest.raises(DataError, match=r'"at" holds "24/12/2024 18:00"; .* dd/mm/yyyy'):
        settings_for(path)
    pq.write_table(log(0), path)
    with pytest.raises(DataError, match="no rows; give a file with data"):
        settings_for(path)
    with pytest.raises(SourceError, match="no such file or folder"):
        settings_for(tmp_path / "none.csv")
    (tmp_path / "data.xlsx").write_bytes(b"x")
    with pytest.raises(SourceError, match=r"cannot tell what it is; names end in \.parquet"):
        file_source(tmp_path / "data.xlsx")


@settings(max_examples=50)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
        min_size=3,
        max_size=6,
        unique=True,
    )
)
def test_any_names_of_columns_are_read_back(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    rows = 120
    columns: list[object] = [[START + timedelta(hours=i) for i in range(rows)]]
    columns += [list(range(rows)), *([[1, 2, 3] * (rows // 3)] * (len(names) - 2))]
    table = pa.table(dict(zip(names, columns, strict=True)))
    pq.write_table(table, folder / "any.parquet")
    text = settings_for(folder / "any.parquet", folder)
    (model,) = parse_settings(text, {}, folder / "driftline.yaml").models
    assert model.predictions.timestamp == names[0]
    assert set(model.predictions.ignore) <= set(names)
