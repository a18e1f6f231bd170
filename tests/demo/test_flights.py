from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from driftline.demo.clock import END, LAST_LABEL, REFERENCE_START, demo_moment
from driftline.demo.flights import LIVE_START, NIGHTLY_CARRIERS, bundled, daily, known_at
from driftline.demo.model import FEATURES, TRAINED_UNTIL, model_inputs, score
from driftline.demo.play import play
from driftline.errors import DataError


def pushed_back(flights: pd.DataFrame) -> pd.DataFrame:
    """A twentieth of the flights that left, with the moment they did; quick to train on."""
    left = flights[flights["dep_delay"].notna()].iloc[::20].copy()
    left["pushed_back"] = left["timestamp"] + pd.to_timedelta(left["dep_delay"], unit="min")
    return left.sort_values("pushed_back", ignore_index=True)


def test_the_bundled_data_is_every_flight_of_2013(flights: pd.DataFrame) -> None:
    assert flights.shape == (336_776, 23)
    assert flights["timestamp"].is_monotonic_increasing
    assert sorted(flights["origin"].unique()) == ["EWR", "JFK", "LGA"]
    assert flights["carrier"].nunique() == 16
    assert flights["target"].isna().equals(flights["arr_delay"].isna())
    known = flights[flights["target"].notna()]
    assert ((known["arr_delay"] > 15) == (known["target"] == 1)).all()


def test_planned_minutes_fit_the_distance(flights: pd.DataFrame) -> None:
    expected = 45 + flights["distance"] / 7.3
    assert (flights["planned_minutes"] - expected).abs().max() < 100
    assert (flights["planned_minutes"] - expected).abs().quantile(0.99) < 35


def test_there_is_a_prediction_file_for_each_day_and_rows_are_in_the_right_one(demo: Path) -> None:
    names = sorted(path.stem for path in (demo / "predictions").iterdir())
    assert names == [str(day.date()) for day in pd.date_range("2013-01-01", "2013-12-31")]
    for name in ("2013-01-01", "2013-04-01", "2013-12-31"):
        table = pq.read_table(demo / "predictions" / f"{name}.parquet")
        assert table.schema.field("timestamp").type == pa.timestamp("us", tz="UTC")
        assert set(table["timestamp"].to_numpy().astype("datetime64[D]").astype(str)) == {name}


def test_all_prediction_files_have_one_schema(demo: Path) -> None:
    schemas = [pq.read_schema(path) for path in (demo / "predictions").iterdir()]
    assert all(schema == schemas[0] for schema in schemas)
    assert schemas[0].names == ["timestamp", "id", *FEATURES, "probability", "late"]


def test_ids_are_unique_and_every_label_has_its_prediction(
    predicted: pd.DataFrame, labelled: pd.DataFrame
) -> None:
    assert predicted["id"].is_unique
    assert labelled["id"].is_unique
    assert set(labelled["id"]) <= set(predicted["id"])


def test_only_flights_that_left_are_predicted(
    flights: pd.DataFrame, predicted: pd.DataFrame
) -> None:
    left = flights["dep_delay"].notna()
    moments = flights["timestamp"] + pd.to_timedelta(flights["dep_delay"], unit="min")
    assert len(predicted) == (left & (moments < END)).sum()
    assert predicted["dep_delay"].notna().all()


def test_the_model_never_sees_what_happened_afterwards(predicted: pd.DataFrame) -> None:
    afterwards = {"arr_delay", "target", "arrived", "known_at", "planned_minutes"}
    assert not afterwards & set(FEATURES)
    assert not afterwards & set(predicted.columns)


def test_a_label_becomes_known_after_its_prediction(outcomes: pd.DataFrame) -> None:
    known = outcomes[outcomes["actual"].notna()]
    wait = known["known_at"] - known["timestamp"]
    assert wait.min() > pd.Timedelta("30min")
    assert wait.max() < pd.Timedelta("36h")


def test_labels_tell_what_happened(flights: pd.DataFrame, labelled: pd.DataFrame) -> None:
    row = labelled["id"].str.removeprefix("flight-").astype(int).to_numpy() - 1
    assert np.array_equal(labelled["late"].to_numpy(), flights["arr_delay"].to_numpy()[row] > 15)


def test_label_files_hold_what_became_known_that_day(demo: Path) -> None:
    for path in sorted((demo / "labels").iterdir())[::30]:
        known = pq.read_table(path)["known_at"].to_numpy().astype("datetime64[D]").astype(str)
        assert set(known) == {path.stem}


def test_regional_carriers_tell_once_a_night() -> None:
    landed = pd.Series(pd.to_datetime(["2013-05-01T07:59Z", "2013-05-01T08:01Z"]))
    for carrier in NIGHTLY_CARRIERS:
        told = known_at(landed, pd.Series([carrier, carrier])).tolist()
        assert told == [pd.Timestamp("2013-05-01T08:00Z"), pd.Timestamp("2013-05-02T08:00Z")]
    assert known_at(landed, pd.Series(["UA", "UA"])).tolist() == landed.tolist()


def test_the_reference_is_predicted_by_models_that_have_not_seen_it(
    outcomes: pd.DataFrame, flights: pd.DataFrame
) -> None:
    """Predictions about flights the model was trained on look better than they will ever be."""
    from sklearn.metrics import roc_auc_score

    reference = outcomes[(outcomes["timestamp"] < LIVE_START) & outcomes["actual"].notna()]
    honest = roc_auc_score(reference["actual"].astype(bool), reference["probability"])
    sample = pushed_back(flights)
    past = sample[(sample["pushed_back"] < TRAINED_UNTIL) & sample["target"].notna()]
    doubled = pd.concat(
        [past, past.assign(pushed_back=past["pushed_back"] + pd.Timedelta("365D"))],
        ignore_index=True,
    )
    scores = score(doubled, seed=1)
    seen = roc_auc_score(past["target"], scores[len(past) :])
    unseen = roc_auc_score(past["target"], scores[: len(past)])
    assert seen > unseen + 0.02
    assert honest < seen - 0.02


def test_the_answer_is_the_score_cut_at_a_half(predicted: pd.DataFrame) -> None:
    assert predicted["probability"].between(0, 1).all()
    assert (predicted["late"] == (predicted["probability"] >= 0.5)).all()


def test_scores_depend_on_the_seed_and_the_inputs_alone(flights: pd.DataFrame) -> None:
    sample = pushed_back(flights)
    shown = sample[[*FEATURES, "pushed_back", "target"]]
    assert score(sample, seed=1).tobytes() == score(shown, seed=1).tobytes()


def test_labels_after_the_training_do_not_reach_the_model(flights: pd.DataFrame) -> None:
    sample = pushed_back(flights)
    turned = sample.copy()
    live = turned["pushed_back"] >= TRAINED_UNTIL
    turned.loc[live, "target"] = 1 - turned.loc[live, "target"]
    assert np.array_equal(score(sample, seed=1), score(turned, seed=1))


def test_nulls_reach_the_model_as_missing(flights: pd.DataFrame) -> None:
    inputs = model_inputs(flights.tail(100))
    assert tuple(inputs.columns) == FEATURES
    assert inputs["temp"].isna().all()


def test_progress_goes_up_to_the_whole(demo: Path, steps: list[tuple[str, int, int]]) -> None:
    assert all(0 <= done <= total for _, done, total in steps)
    assert [text for text, done, total in steps if done == total] == [
        "training on January to March",
        "writing predictions and labels",
    ]


def test_a_table_falls_into_days() -> None:
    moments = pd.to_datetime(["2013-01-01T00:00Z", "2013-01-01T23:59Z", "2013-01-03T00:00Z"])
    days = daily(pa.table({"timestamp": moments, "x": [1, 2, 3]}))
    assert {day: table["x"].to_pylist() for day, table in days.items()} == {
        date(2013, 1, 1): [1, 2],
        date(2013, 1, 3): [3],
    }


def test_the_settings_name_what_is_there(demo: Path, predicted: pd.DataFrame) -> None:
    settings = yaml.safe_load((demo / "driftline.yaml").read_text())
    (model,) = settings["models"]
    assert (model["name"], model["version"], model["task"]) == ("late-arrival", "2013-03", "binary")
    asked = model["predictions"]
    named = {asked[key] for key in ("timestamp", "id", "prediction", "score")}
    assert named | set(asked["ignore"]) <= set(predicted.columns)
    assert sorted(demo.glob(asked["path"])) == sorted((demo / "predictions").iterdir())
    assert sorted(demo.glob(model["labels"]["path"])) == sorted((demo / "labels").iterdir())
    assert model["reference"] == {"from": REFERENCE_START.date(), "to": LIVE_START.date()}


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_trained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match=r"cannot write the demo's files .* with --dir"):
        play(tmp_path / "file" / "demo")


def test_the_clock_of_a_demo_stands_at_the_end_of_its_data(tmp_path: Path) -> None:
    (tmp_path / "demo.yaml").write_bytes(bundled("driftline.yaml"))
    assert demo_moment(tmp_path / "demo.yaml") == LAST_LABEL
    (tmp_path / "own.yaml").write_text("store: sqlite:///x.db\n")
    assert demo_moment(tmp_path / "own.yaml") is None
    assert demo_moment(tmp_path / "none.yaml") is None
