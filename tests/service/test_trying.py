"""`driftline config check`: what the settings get wrong about the data is told before anything is
judged."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

World = Any


@pytest.fixture
def labelled(world: World) -> World:
    world.live(range(31))
    world.label()
    return world


def checked(world: World, model: dict[str, Any]) -> Any:
    world.settle(model)
    return world.run("config check")


def with_predictions(world: World, **changes: Any) -> dict[str, Any]:
    model: dict[str, Any] = world.labelled()
    model["predictions"] |= changes
    return model


def test_settings_that_fit_their_data_are_well(labelled: World) -> None:
    promised = {"alarms": {"false_alarms": "1 per 20 days"}}
    answer = checked(labelled, labelled.labelled() | promised)
    assert (answer.code, answer.err) == (0, "")
    assert "well; watches late-arrival\n" in answer.out
    assert "no span of labels is judged yet" in answer.out


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"timestamp": "amount"}, "a timestamp column must hold timestamps, dates or ISO 8601"),
        ({"timestamp": "plan"}, '100 rows left out: "plan" is missing or is no ISO 8601 moment'),
        ({"prediction": "amount"}, 'prediction: "amount" of a binary model must name classes'),
        ({"prediction": "plan"}, 'found "'),
        ({"score": "plan"}, 'score: "plan" must hold numbers; found "'),
        ({"score": "amount"}, 'score: "amount" must be a probability from 0 to 1; 100.0% of'),
        ({"id": "plan"}, 'predictions like "'),
    ],
)
def test_a_column_of_another_kind_is_told(
    labelled: World, changes: dict[str, str], told: str
) -> None:
    answer = checked(labelled, with_predictions(labelled, **changes))
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err
    assert sum(told in line for line in answer.err.splitlines()) == 1


def test_scores_that_are_text_are_told_with_what_to_do_about_decimal_commas(world: World) -> None:
    def commas(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        text = frame["probability"].map("{:.4f}".format).str.replace(".", ",")
        return frame.assign(probability=text)

    world.live(range(31), commas)
    world.label()
    answer = checked(world, world.labelled())
    assert answer.code == 2
    assert 'score: "probability" must hold numbers; found "0,' in answer.err
    assert 'set `decimal: ","` for a csv source' in answer.err


def test_a_reference_without_rows_is_told_with_the_span_there_is(labelled: World) -> None:
    model = labelled.labelled(reference={"from": "2020-01-01", "to": "2020-02-01"})
    answer = checked(labelled, model)
    assert answer.code == 2
    assert "in the reference 2020-01-01T00:00:00Z to 2020-02-01T00:00:00Z; the data spans" in (
        answer.err
    )


def test_a_short_reference_is_noted_and_accepted(labelled: World) -> None:
    model = labelled.labelled(reference={"from": "2024-01-01", "to": "2024-01-11"})
    answer = checked(labelled, model)
    assert answer.code == 0
    assert "note: the reference has 10 windows of 1d with at least" in answer.err


@pytest.mark.parametrize(
    ("task", "column", "told"),
    [
        ("regression", "plan", 'prediction: "plan" of a regression model must hold numbers'),
        ("multiclass", "amount", "of a multiclass model must name classes; found"),
    ],
)
def test_a_prediction_that_does_not_suit_the_task_is_told(
    labelled: World, task: str, column: str, told: str
) -> None:
    model = with_predictions(labelled, prediction=column) | {"task": task}
    answer = checked(labelled, model)
    assert answer.code == 2
    assert told in answer.err


def test_labels_of_another_kind_are_told(labelled: World) -> None:
    model = labelled.labelled()
    model["labels"] |= {"label": "known_at", "timestamp": None}
    answer = checked(labelled, model)
    assert answer.code == 2
    assert 'label: "known_at" of a binary model must hold 0 and 1 or true and false' in answer.err


def test_labels_that_name_no_prediction_are_told_with_an_id_of_each(world: World) -> None:
    rows = world.live(range(31))
    world.label(rows.assign(id="order-" + rows["id"]))
    answer = checked(world, world.labelled())
    assert answer.code == 2
    assert "has the id of a prediction: labels have ids like " in answer.err
    assert '"order-' in answer.err


def test_faults_of_every_model_are_told_at_once(labelled: World) -> None:
    first = with_predictions(labelled, timestamp="amount")
    second = with_predictions(labelled, score="age") | {"name": "another"}
    labelled.settle(first, second)
    answer = labelled.run("config check")
    assert answer.code == 2
    assert "driftline: late-arrival: " in answer.err
    assert "driftline: another: score: " in answer.err


def test_a_few_scores_out_of_range_are_only_noted(world: World) -> None:
    def odd(day: int, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(probability=frame["probability"].where(frame.index != 0, 1.5))

    world.live(range(31), odd)
    world.label()
    answer = checked(world, world.labelled())
    assert answer.code == 0
    assert 'note: score: "probability" must be a probability from 0 to 1; 1.0% of values' in (
        answer.err
    )


def test_a_log_without_rows_yet_is_noted(world: World) -> None:
    model = world.model()
    model["predictions"] = {"source": "ingest", "timestamp": "timestamp", "id": "id"}
    answer = checked(world, model | {"task": None})
    assert answer.code == 0, answer.err
    assert "note: log of predictions of" in answer.err
    assert "yet: its columns are not known" in answer.err
