"""Labels without ids: `{url}/ground-truth` gives what was said and what was true of a span."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from driftline.errors import SettingsError
from driftline.windows import iso

World = Any
Start = Callable[..., Any]
DAY = timedelta(days=1)


def truth_of(world: World, days: range, right: float = 0.85, part: float = 1.0) -> dict[str, Any]:
    """What the service knows of some days: of each the first `part` of its pairs, a share of
    `right` of them right."""
    known = {}
    for number in days:
        pairs = int(100 * part)
        said = [i % 2 for i in range(pairs)]
        true = [s if (7 * i) % 100 < 100 * right else 1 - s for i, s in enumerate(said)]
        known[iso(world.day(number))] = {"true_labels": true, "predictions": said}
    return known


def labelled(world: World, service: Any, **more: Any) -> dict[str, Any]:
    labels = {"source": "http", "url": service.url, "retries": 0, "label": "true_labels"}
    spans = {"current": "3d", "baseline": "14d", "drop": 0.15}
    model: dict[str, Any] = world.model(
        labels={**labels, "prediction": "predictions", **more}, performance=spans
    )
    return model


def accuracies(answer: Any) -> list[float | None]:
    return [
        round(p["metrics"]["accuracy"]["current"], 3) if p["metrics"] else None
        for p in answer.model["performance"]
    ]


def test_the_outcomes_of_a_window_are_its_pairs_and_a_drop_alarms(
    world: World, rows_service: Start
) -> None:
    service = rows_service(truth=truth_of(world, range(36)) | truth_of(world, range(36, 40), 0.5))
    world.live(range(40))
    answer = world.run_settled(labelled(world, service))
    assert answer.code == 1
    found = answer.model["performance"]
    assert [p["labelled"] for p in found] == [300] * 10
    assert accuracies(answer)[:6] == [0.85] * 6
    assert accuracies(answer)[-1] == 0.5
    assert [i["kind"] for i in answer.model["incidents"]] == ["performance"]
    asked = {(q["start_time"], q["end_time"]) for path, q, _ in service.asked if "truth" in path}
    assert (iso(world.day(39)), iso(world.day(40))) in asked


def test_pairs_that_come_late_are_found_and_days_judged_as_a_whole(
    world: World, rows_service: Start
) -> None:
    service = rows_service(truth=truth_of(world, range(33)))
    world.live(range(40))
    world.settle(labelled(world, service, wait="30d"))
    world.check(33)
    early = world.check(34)
    assert early.model["performance"][-1]["labelled"] == 200
    service.truth |= truth_of(world, range(33, 34), part=0.5)
    assert world.check(34).model["performance"][-1]["labelled"] == 250
    service.truth |= truth_of(world, range(33, 35))
    late = world.check(35)
    assert [p["labelled"] for p in late.model["performance"]][-2:] == [300, 300]
    assert {p["rows"] for p in late.model["performance"]} == {300}


def test_late_predictions_keep_their_windows_pairs(world: World, rows_service: Start) -> None:
    service = rows_service(truth=truth_of(world, range(40)))
    world.live(range(33))
    world.live(range(33, 34), rows=60)
    world.settle(labelled(world, service))
    assert world.check(34).model["performance"][-1]["labelled"] == 300
    world.live(range(33, 34), rows=150)
    last = world.check(34).model["performance"][-1]
    assert (last["rows"], last["labelled"]) == (350, 300)


def test_lists_of_different_lengths_are_told_and_nothing_is_paired(
    world: World, rows_service: Start
) -> None:
    service = rows_service(truth={"": {"true_labels": [1, 0], "predictions": [1]}})
    world.live(range(33))
    world.settle(labelled(world, service))
    answer = world.check(33)
    assert answer.code == 2
    assert "lists of different lengths: true_labels has 2, predictions has 1" in answer.err
    assert len(answer.model["windows"]) == 3
    assert all(p["labelled"] == 0 for p in answer.model["performance"])


def test_rows_of_a_file_may_be_pairs_with_the_moment_of_the_prediction(world: World) -> None:
    rows = world.live(range(40))
    (world.folder / "pairs").mkdir()
    pairs = rows.rename(columns={"timestamp": "at"})[["at", "late", "probability", "actual"]]
    pairs.to_parquet(world.folder / "pairs" / "all.parquet")
    keys = {"label": "actual", "prediction": "late", "score": "probability", "timestamp": "at"}
    labels = {"source": "parquet", "path": "pairs", **keys}
    spans = {"current": "3d", "baseline": "14d", "drop": 0.15}
    by_pairs = world.run_settled(world.model(labels=labels, performance=spans))
    world.label()
    by_id = world.run_settled(world.labelled(performance=spans))
    ours, theirs = (answer.model["performance"] for answer in (by_pairs, by_id))
    assert [p["labelled"] for p in ours] == [300] * 10
    last = next(p for p in ours if p["end"] == theirs[-1]["end"])
    assert last["metrics"] == theirs[-1]["metrics"]


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({"source": "http", "url": "http://h"}, "give `id`, the column that names the prediction"),
        ({"source": "csv", "path": "p", "prediction": "late"}, "without `id` give `timestamp`"),
        ({"source": "csv", "path": "p", "id": "id", "score": "s"}, "only without `id`"),
    ],
)
def test_labels_that_cannot_be_paired_are_refused(
    world: World, labels: dict[str, Any], told: str
) -> None:
    with pytest.raises(SettingsError, match=told):
        world.settle(world.model(labels={**labels, "label": "actual"}))


def test_a_service_of_ground_truth_is_checked_with_the_settings(
    world: World, rows_service: Start
) -> None:
    service = rows_service(truth={"": {"true_labels": [1], "prediction": [1]}})
    world.live(range(33))
    world.settle(labelled(world, service))
    answer = world.run("config check")
    assert answer.code == 2
    assert 'no column "predictions"; did you mean "prediction"' in answer.err
