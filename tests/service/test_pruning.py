"""What is too old goes, and nothing that is still needed: short retention changes no judgement."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from driftline.errors import SettingsError
from driftline.service.pruning import aged_of
from driftline.settings import load_settings

if TYPE_CHECKING:
    from tests.service.conftest import World

DAY = timedelta(days=1)
SHORT = {"profiles": "1d", "results": "1d"}
FIRST, LAST = 32, 80


def eventful(day: int, frame: pd.DataFrame) -> pd.DataFrame:
    """A drift that lasts, one that ends, labels that turn."""
    if 31 <= day < 34 or day >= 60:
        frame["amount"] *= 3
    if 44 <= day < 52:
        frame["actual"] = 1 - frame["late"]
    return frame


def lived(world: World, retention: dict[str, str]) -> dict[str, Any]:
    """What is stored at the end when a check ran every sixth day."""
    world.live(range(LAST), eventful, rows=60)
    world.label()
    labels = {"source": "parquet", "path": "labels", "id": "id", "label": "actual"}
    labels |= {"timestamp": "known_at", "wait": "6d"}
    world.settle(world.labelled(labels=labels, retention=retention), channels=[{"kind": "stderr"}])
    events: dict[str, Any] = {}
    for day in range(FIRST, LAST + 1, 6):
        world.check(day)
        with world.store() as store:
            for incident in store.incidents():
                events |= {event.id: event for event in store.events(incident.id)}
    with world.store() as store:
        return {
            "windows": store.windows("late-arrival"),
            "profiles": store.profiles("late-arrival"),
            "outcomes": store.outcomes("late-arrival"),
            "performance": store.performance("late-arrival"),
            "open": store.incidents(open_only=True),
            "all": store.incidents(),
            "events": events,
        }


@pytest.mark.slow
def test_short_retention_keeps_little_and_changes_no_judgement(
    new_world: Callable[[Path], World], tmp_path: Path
) -> None:
    (tmp_path / "short").mkdir()
    (tmp_path / "never").mkdir()
    never = {"profiles": "never", "results": "never"}
    short = lived(new_world(tmp_path / "short"), SHORT)
    whole = lived(new_world(tmp_path / "never"), never)
    assert short["events"] == whole["events"]
    assert short["open"] == whole["open"]
    assert len(short["all"]) < len(whole["all"])
    for kind in ("windows", "performance"):
        assert 0 < len(short[kind]) < len(whole[kind])
        assert short[kind] == whole[kind][-len(short[kind]) :]
    for kind in ("profiles", "outcomes"):
        assert 0 < len(short[kind]) < len(whole[kind])
        assert short[kind].items() <= whole[kind].items()
    since = {incident.since for incident in short["open"]}
    assert since <= {window.start for window in short["profiles"]}


def test_results_are_kept_400_days_and_profiles_400_windows_by_default(world: World) -> None:
    at = world.day(1000)
    kept = {}
    for window in ("1h", "1d"):
        model = world.settle(world.model(window=window)).models[0]
        aged = aged_of(model, at)
        assert aged.profiles is not None
        assert aged.results == at - 400 * DAY
        kept[window] = at - aged.profiles
        assert aged.superseded == at - (7 * DAY if window == "1h" else 400 * DAY)
    assert kept == {"1h": 30 * DAY, "1d": 400 * DAY}


def test_what_is_still_needed_stays_whatever_retention_says(world: World) -> None:
    at = world.day(1000)
    model = world.settle(world.labelled(retention=SHORT)).models[0]
    aged = aged_of(model, at)
    assert aged.outcomes is not None
    assert aged.results is not None
    assert aged.outcomes <= at - 90 * DAY - 3 * DAY - 14 * DAY
    assert aged.results <= aged.outcomes
    assert aged.pictured == 7 * DAY


def test_what_an_accepted_change_or_a_rolling_reference_is_learned_from_stays(
    world: World,
) -> None:
    at, since = world.day(1000), world.day(500)
    model = world.settle(world.model(retention=SHORT)).models[0]
    aged = aged_of(model, at, [since])
    assert aged.results == since
    assert any(since in span and world.day(619) in span for span in aged.shown)
    span = {"from": "2024-01-01", "to": "2024-01-31", "rolling": "60d"}
    rolling = world.settle(world.model(retention=SHORT, reference=span)).models[0]
    aged = aged_of(rolling, at)
    assert aged.profiles is not None
    assert aged.profiles <= at - 6 * 60 * DAY
    assert aged.results == aged.profiles


def test_a_wrong_retention_is_told(world: World) -> None:
    with pytest.raises(SettingsError, match=r"retention.profiles.*or `never`"):
        world.settle(world.model(), retention={"profiles": "long"})


def test_a_model_may_keep_longer_than_the_others(world: World) -> None:
    mine = world.model(name="mine", retention={"results": "never"})
    world.settle(world.model(name="theirs"), mine, retention={"profiles": "60d"})
    theirs, kept = load_settings(world.config).models
    assert (theirs.kept_profiles, theirs.retention.results) == (60 * DAY, 400 * DAY)
    assert (kept.kept_profiles, kept.retention.results) == (60 * DAY, None)
