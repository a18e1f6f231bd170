"""Reading driftline.yaml: what it becomes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from driftline.alarms.budget import Budget
from driftline.errors import SettingsError
from driftline.settings import (
    ReferenceSource,
    ReferenceSpan,
    Settings,
    load_settings,
    parse_settings,
    shown_url,
)
from driftline.settings.fields import parse_budget
from driftline.sources.csv import CsvSettings
from driftline.sources.parquet import ParquetSettings

SHORT = """
models:
  - name: late
    predictions: {source: parquet, path: predictions/*.parquet, timestamp: ts}
    reference: {from: 2013-01-01, to: 2013-04-01}
"""

FULL = """
store: postgresql://me:secret@db/driftline
url: http://localhost:8501/
alarms: {false_alarms: 1 per week, min_rows: 50}
performance: {drop: 10%}
every: 6h
channels: [{kind: stderr, min_severity: medium}]
models:
  - name: late
    version: ${VERSION:-2013-03}
    task: binary
    positive: yes
    predictions:
      source: csv
      path: /data/predictions.csv
      timestamp: ts
      id: id
      prediction: late
      score: probability
      features: [a, b]
      categorical: [b]
      ignore: [c]
    labels: {source: parquet, path: labels, id: id, label: late, timestamp: known_at, wait: 2w}
    reference: {source: parquet, path: train.parquet}
    window: 6h
    every: 1h
    alarms: {min_rows: 100}
  - name: other
    predictions: {source: parquet, path: p, timestamp: ts}
    reference: {from: 2013-01-01T06:00:00+02:00, to: 2013-04-01}
    channels: []
"""


def parse(text: str, **environ: str) -> Settings:
    return parse_settings(text, environ, "/etc/watch/driftline.yaml")


def faults(text: str, **environ: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        parse(text, **environ)
    return caught.value.faults


def test_what_is_not_said_has_its_default() -> None:
    settings = parse(SHORT)
    model = settings.model("late")
    assert settings.store.get_secret_value() == "sqlite:////etc/watch/driftline.db"
    assert settings.url is None
    assert [channel.name for channel in settings.channels] == ["stderr"]
    assert model.channels == settings.channels
    assert parse(SHORT + "channels: []\n").model("late").channels == ()
    assert model.window == model.every == timedelta(days=1)
    assert model.alarms.false_alarms == Budget(1, timedelta(days=30))
    assert model.alarms.min_rows == 20
    assert (model.performance.current, model.performance.baseline) == (
        timedelta(days=7),
        timedelta(days=30),
    )
    assert (model.performance.drop, model.performance.metric) == (0.05, None)
    assert (model.performance.min_labels, model.performance.min_coverage) == (100, 0.5)
    assert (model.labels, model.task, model.version, model.positive) == (None,) * 4


def test_all_that_can_be_said_is_read() -> None:
    settings = parse(FULL)
    late = settings.models[0]
    assert settings.url == "http://localhost:8501"
    assert late.version == "2013-03"
    assert late.positive == "yes"
    assert late.predictions.origin == CsvSettings(path="/data/predictions.csv")
    assert late.predictions.features == ("a", "b")
    assert (late.predictions.categorical, late.predictions.ignore) == (("b",), ("c",))
    assert late.labels is not None
    assert late.labels.origin == ParquetSettings(path="/etc/watch/labels")
    assert late.labels.wait == timedelta(days=14)
    assert isinstance(late.reference, ReferenceSource)
    assert late.reference.origin == ParquetSettings(path="/etc/watch/train.parquet")


def test_a_model_overrules_the_top_level_key_by_key() -> None:
    late, other = parse(FULL).models
    assert late.alarms.false_alarms == other.alarms.false_alarms == Budget(1, timedelta(days=7))
    assert (late.alarms.min_rows, other.alarms.min_rows) == (100, 50)
    assert (late.every, other.every) == (timedelta(hours=1), timedelta(hours=6))
    assert late.performance.drop == other.performance.drop == 0.1
    assert [channel.name for channel in late.channels] == ["stderr"]
    assert late.channels[0].min_severity == "medium"
    assert other.channels == ()


def test_a_reference_span_is_in_utc_and_dates_begin_at_midnight() -> None:
    reference = parse(FULL).models[1].reference
    assert isinstance(reference, ReferenceSpan)
    assert reference.start == datetime(2013, 1, 1, 4, tzinfo=UTC)
    assert reference.end == datetime(2013, 4, 1, tzinfo=UTC)


def test_json_is_read_with_tabs_escapes_and_all() -> None:
    tree = {
        "models": [
            {
                "name": "späť 😀",
                "predictions": {"source": "parquet", "path": "a/b", "timestamp": "ts"},
                "reference": {"from": "2013-01-01", "to": "2013-04-01"},
            }
        ]
    }
    for text in (json.dumps(tree), json.dumps(tree, indent="\t").replace("/", "\\/")):
        assert parse(text).models[0].name == "späť 😀"


def test_words_that_old_yaml_takes_for_truth_or_time_stay_text() -> None:
    text = SHORT.replace("timestamp: ts", "timestamp: on, id: no, prediction: 12:30:45")
    predictions = parse(text).models[0].predictions
    assert (predictions.timestamp, predictions.id) == ("on", "no")
    assert predictions.prediction == "12:30:45"


def test_the_environment_is_put_into_values() -> None:
    text = SHORT.replace("name: late", "name: a-${A}-${B:-b}-${C:-}-$${D}-$5")
    assert parse(text, A="1", B="").models[0].name == "a-1-b--${D}-$5"


def test_numbers_from_the_environment_are_numbers() -> None:
    text = SHORT + "    alarms: {min_rows: '${ROWS}'}\n"
    assert parse(text, ROWS="7").models[0].alarms.min_rows == 7


def test_anchors_and_merged_keys_are_read() -> None:
    text = """
    models:
      - &first
        name: a
        predictions: {source: parquet, path: p, timestamp: ts}
        reference: {from: 2013-01-01, to: 2013-04-01}
      - {<<: *first, name: b}
    """
    assert [model.name for model in parse(text).models] == ["a", "b"]


def test_a_key_without_a_value_is_as_if_it_were_not_there() -> None:
    assert parse(SHORT + "    alarms:\n    labels:\n") == parse(SHORT)


@pytest.mark.parametrize("window", ["1m", "15m", "30m", "1h", "90m", "3h", "8h", "12h", "1d", "1w"])
def test_windows_that_divide_the_clock_are_allowed(window: str) -> None:
    assert parse(SHORT + f"    window: {window}\n").models[0].window >= timedelta(minutes=1)


@pytest.mark.parametrize("window", ["7m", "5h", "2d", "2w", "30s", "0d", "day"])
def test_windows_that_do_not_are_faults(window: str) -> None:
    (fault,) = faults(SHORT + f"    window: {window}\n")
    assert fault.startswith("line 6: models[0] (late).window: ")
    assert window in fault


@pytest.mark.parametrize(
    ("text", "alarms", "period"),
    [
        ("1 per 30 days", 1, timedelta(days=30)),
        ("2 per 30 days", 2, timedelta(days=30)),
        ("1 per week", 1, timedelta(days=7)),
        ("1 per year", 1, timedelta(days=365)),
        ("1 per 12h", 1, timedelta(hours=12)),
        ("0.5 per month", 0.5, timedelta(days=30)),
        ("3 in 2w", 3, timedelta(days=14)),
    ],
)
def test_a_budget_is_said_in_words(text: str, alarms: float, period: timedelta) -> None:
    assert parse_budget(text) == Budget(alarms, period)


@pytest.mark.parametrize(
    "text", ["once", "0 per day", "1 per 0 days", "1 per moon", "per day", "1"]
)
def test_what_is_no_budget_is_a_fault(text: str) -> None:
    with pytest.raises(ValueError, match="so many false alarms in so long a time"):
        parse_budget(text)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("sqlite:///a/b.db", "sqlite:////etc/watch/a/b.db"),
        ("sqlite:////a/b.db", "sqlite:////a/b.db"),
        ("sqlite+pysqlite:///b.db?timeout=3", "sqlite+pysqlite:////etc/watch/b.db?timeout=3"),
        ("sqlite://", "sqlite://"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql+psycopg://me@db/x", "postgresql+psycopg://me@db/x"),
    ],
)
def test_a_relative_store_is_next_to_the_settings_file(url: str, kept: str) -> None:
    assert parse(f"store: '{url}'\n{SHORT}").store.get_secret_value() == kept


def test_a_password_is_never_shown() -> None:
    settings = parse(FULL)
    assert "secret" not in repr(settings) + str(settings) + settings.model_dump_json()
    assert shown_url(settings.store) == "postgresql://me:***@db/driftline"
    assert shown_url("postgresql://me:a:b@c@db/x") == "postgresql://me:***@db/x"
    assert shown_url("sqlite:///x.db") == "sqlite:///x.db"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me@server:s3cr3t@server.example.com:5432/db",
        "postgresql://me:s3cr3t?s3cr3t@host/db",
        "postgresql://me:s3cr3t@s3cr3t@host/db?sslmode=require",
        "postgresql://me:pw@host/db?password=a@s3cr3t",
        "postgresql://host:5432/db?password=a@s3cr3t",
        "postgresql+psycopg://me:s3cr3t/#:s3cr3t@host/db",
        "postgres//me:s3cr3t@host/db",
        "me:s3cr3t@host/db",
    ],
)
def test_no_piece_of_a_password_is_shown_however_the_url_is_written(url: str) -> None:
    assert "s3cr3t" not in shown_url(url)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse(SHORT).url = "http://x"


def test_paths_are_taken_from_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "driftline.yaml").write_text(SHORT)
    settings = load_settings(tmp_path / "driftline.yaml")
    origin = settings.models[0].predictions.origin
    assert origin == ParquetSettings(path=str(tmp_path / "predictions/*.parquet"))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file; `driftline init DATA` writes one"):
        load_settings(tmp_path / "none.yaml")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path)


OPTIONAL = """
models:
  - name: late
    predictions: {source: parquet, path: predictions/*.parquet, timestamp: ts}
    reference: {from: 2013-01-01, to: 2013-04-01}
channels:
  - {kind: slack, name: team, optional: true, webhook_url: "${SLACK:-}"}
  - {kind: stderr}
  - {kind: stderr, min_severity: hihg, name: second}
"""


def test_an_optional_channel_without_its_address_is_left_out_and_lines_stay_right() -> None:
    with pytest.raises(SettingsError) as error:
        parse_settings(OPTIONAL, {})
    (fault,) = error.value.faults
    assert fault.startswith("line 9: ")
    settings = parse_settings(OPTIONAL.replace("hihg", "high"), {"SLACK": ""})
    assert [channel.name for channel in settings.channels] == ["stderr", "second"]
    assert settings.models[0].channels == settings.channels


def test_an_optional_channel_with_its_address_is_there() -> None:
    environ = {"SLACK": "https://hooks.example.com/x"}
    settings = parse_settings(OPTIONAL.replace("hihg", "high"), environ)
    assert [channel.name for channel in settings.channels] == ["team", "stderr", "second"]


@pytest.mark.parametrize(
    "changed",
    [
        OPTIONAL.replace("optional: true, ", ""),
        OPTIONAL.replace('"${SLACK:-}"', '""'),
        OPTIONAL.replace("${SLACK:-}", "${SLACK}"),
        OPTIONAL.replace("optional: true", "optional: perhaps"),
    ],
)
def test_a_channel_without_its_address_is_a_fault_otherwise(changed: str) -> None:
    with pytest.raises(SettingsError) as error:
        parse_settings(changed.replace("hihg", "high"), {})
    assert {fault.partition(":")[0] for fault in error.value.faults} == {"line 7"}
