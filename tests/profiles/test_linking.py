"""Columns that go together are watched together: a link's sums add, and tell when it is gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from driftline.alarms.calibration import calibrate
from driftline.alarms.judge import judge
from driftline.alarms.relation import relation_in
from driftline.change_words import change_in_words
from driftline.profiles.codec import decode_grids, decode_profile, encode_grids, encode_profile
from driftline.profiles.profile import Profile, profile_batches, profile_groups, profile_table
from driftline.reference import Reference, profile_windows
from driftline.statistics.coupling import covariance

DAYS, ROWS = 40, 200
Table = dict[str, np.ndarray[Any, Any]]


def days(seed: int, count: int = DAYS) -> Table:
    """Speed and load go together, and so do load and plan; noise with none."""
    random = np.random.default_rng(seed)
    day = np.repeat(np.arange(count), ROWS)
    load = random.normal(size=len(day)) + random.normal(0, 0.3, count)[day]
    speed = -load + 0.5 * random.normal(size=len(day))
    plan = np.where(load + random.normal(size=len(day)) > 0, "large", "small").astype(object)
    plan[random.random(len(day)) < 0.02] = None
    return {
        "when": np.datetime64("2024-01-01", "us") + day.astype("timedelta64[D]"),
        "load": load,
        "speed": speed,
        "plan": plan,
        "noise": random.normal(size=len(day)),
    }


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference.fit(days(0), timestamp="when")


def test_related_columns_are_linked_each_pair_once_and_noise_is_not(reference: Reference) -> None:
    links = {name: grid.link for name, grid in reference.grids.items()}
    pairs = [frozenset((name, link.partner)) for name, link in links.items() if link]
    assert frozenset(("load", "speed")) in pairs
    assert frozenset(("load", "plan")) in pairs
    assert len(set(pairs)) == len(pairs)
    assert links["noise"] is None
    assert all("noise" not in pair for pair in pairs)


def test_the_sums_are_those_of_the_rows(reference: Reference) -> None:
    table = pa.table(days(1, 1))
    profile = reference.profile(table)
    for name, summary in profile.columns.items():
        link = summary.grid.link
        if link is None:
            assert (summary.together, summary.partner) == (0, 0)
            continue
        marks = []
        for column, coding in ((name, link.own), (link.partner, link.other)):
            values = table[column].to_pylist()
            if coding.cuts:
                bins = np.searchsorted(coding.cuts, values) + 1
            else:
                known = list(reference.grids[column].names[:-2])  # type: ignore[union-attr]
                last = len(coding.marks) - 2
                bins = np.array([0 if v is None else min(known.index(v), last) + 1 for v in values])
            marks.append(np.array(coding.marks)[bins])
        own, other = marks
        assert summary.together == int(own @ other)
        assert summary.partner == int(other.sum())
        assert covariance(summary) == pytest.approx(float(np.cov(own, other, bias=True)[0, 1]))
        found, varied = relation_in(profile, name)
        assert varied == pytest.approx(float(np.std(own) * np.std(other)))
        assert found == pytest.approx(float(np.corrcoef(own, other)[0, 1]))


def test_sums_add_over_batches_and_groups_and_subtract(reference: Reference) -> None:
    table = pa.table(days(2, 3))
    whole = reference.profile(table)
    assert profile_batches(reference.grids, table.to_batches(max_chunksize=70)) == whole
    random = np.random.default_rng(0)
    groups = random.integers(0, 4, table.num_rows)
    parts = profile_groups(reference.grids, table, groups, 4)
    for number, part in enumerate(parts):
        picked = table.take(pa.array(np.flatnonzero(groups == number)))
        assert part == profile_table(reference.grids, picked)
    assert sum(parts[1:], parts[0]) == whole
    assert whole - parts[0] == sum(parts[2:], parts[1])


def test_links_and_sums_are_stored(reference: Reference) -> None:
    assert decode_grids(encode_grids(reference.grids)) == reference.grids
    profile = next(iter(reference.windows.values()))
    assert decode_profile(encode_profile(profile), reference.grids) == profile
    assert Reference.from_bytes(reference.to_bytes()).windows == reference.windows


def test_a_window_without_the_partner_has_no_relation_with_it(reference: Reference) -> None:
    table = pa.table(days(3, 1)).drop_columns(["plan"])
    window = reference.profile(table)
    for name, summary in window.columns.items():
        if summary.grid.link and "plan" in (name, summary.grid.link.partner):
            assert covariance(summary) == pytest.approx(0.0)
            found, varied = relation_in(window, name)
            assert np.isnan(found)
            assert varied == 0.0


def test_nothing_is_said_of_a_relation_with_a_column_that_is_gone(reference: Reference) -> None:
    calibration = calibrate(list(reference.windows.values()), 1 / 30)
    live = pa.table(days(3, 1)).drop_columns(["speed"])
    window = reference.profile(live)
    told = judge(calibration, [calibration.scorer.score(window)], window)
    assert [column.name for column in told.blamed] == ["speed"]


@pytest.mark.parametrize("changed", ["load", "speed", "plan"])
def test_a_column_is_not_blamed_for_a_partner_that_leaves_its_range(
    reference: Reference, changed: str
) -> None:
    live = days(4, 8)
    if changed == "plan":
        live["plan"] = np.where(live["plan"] == "small", "tiny", live["plan"]).astype(object)
    else:
        live[changed] = live[changed] * 10
    calibration = calibrate(list(reference.windows.values()), 1 / 30)
    windows = _windows(reference, live)
    scores = [calibration.scorer.score(window) for window in windows]
    for i, window in enumerate(windows):
        told = judge(calibration, scores[: i + 1], window)
        assert [column.name for column in told.blamed] == [changed]


def test_a_relation_that_is_lost_is_an_alarm_that_names_the_column(reference: Reference) -> None:
    live = days(4, 8)
    random = np.random.default_rng(1)
    day = np.arange(len(live["speed"])) // ROWS
    live["speed"] = live["speed"][np.lexsort((random.random(len(day)), day))]
    calibration = calibrate(list(reference.windows.values()), 1 / 30)
    windows = _windows(reference, live)
    told = judge(calibration, [calibration.scorer.score(window) for window in windows], windows[-1])
    assert told.alarm
    assert "speed" in [column.name for column in told.columns[:3] if column.alarm]
    assert told.columns[0].statistic == "coupling"
    for column in (column for column in told.blamed if column.statistic == "coupling"):
        relation = column.relation
        assert relation is not None
        assert relation.now is not None
        assert "speed" in (column.name, relation.partner)
        assert relation.usual > 0.5
        assert abs(relation.now) < 0.2
        sides = (side.columns[column.name] for side in (reference.total, windows[-1]))
        said = change_in_words(column, *sides)
        assert said.startswith(f"{column.name}: relation with {relation.partner} weaker: ")
    honest = _windows(reference, days(4, 8))
    scores = [calibration.scorer.score(window) for window in honest]
    assert not judge(calibration, scores, honest[-1]).alarm


def _windows(reference: Reference, table: Table) -> list[Profile]:
    found = profile_windows(reference.grids, pa.table(table), "when", timedelta(days=1))
    return list(found.values())
