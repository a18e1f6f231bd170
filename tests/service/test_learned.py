"""What a reference teaches is learned once and kept in the store; what is kept is never trusted
where it could differ from what would be learned now."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sqlalchemy import text

from driftline.alarms import calibration
from driftline.alarms.evidence import Scorer
from driftline.errors import CodecError
from driftline.profiles.codec import LEARNED, pack, seal
from driftline.profiles.profile import Profile
from driftline.service import learned as learned_module
from driftline.service import shelf as shelf_module
from driftline.service.acts import acknowledge
from driftline.service.build import watched_of
from driftline.service.learned import Learned, Learning
from driftline.service.learned_codec import decode_learned, encode_learned, rule
from driftline.service.run import catch_up
from driftline.stores import open_store
from driftline.stores.engine import writing
from driftline.stores.sql import SqlStore, open_sql_store

if TYPE_CHECKING:
    from tests.service.conftest import World


@pytest.fixture
def taught(world: World) -> World:
    """The day after the reference is judged, and what that taught is kept; the next is changed."""
    world.live(range(32), lambda day, rows: rows.assign(amount=rows["amount"] * (1 + day // 31)))
    world.settle()
    world.check(31)
    return world


@pytest.fixture
def calibrations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of windows of each calibration that is made from now on."""
    made: list[int] = []
    calibrate = calibration.calibrate

    def noted(windows: Any, rate: float, **more: Any) -> Any:
        made.append(len(windows))
        return calibrate(windows, rate, **more)

    monkeypatch.setattr(learned_module, "calibrate", noted)
    return made


def store_of(world: World) -> SqlStore:
    return open_sql_store(f"sqlite:///{world.folder / 'driftline.db'}")


def learned_of(world: World, learning: Learning) -> Learned:
    model = world.settle().models[0]
    with closing(store_of(world)) as store:
        state = store.model(model.name)
        assert state is not None
        return learning.of(model, state, store)


def same(one: Any, other: Any) -> bool:
    """Whether two values hold the very same numbers."""
    return encode_learned(one) == encode_learned(other)


def test_what_is_kept_is_what_would_be_learned(taught: World, calibrations: list[int]) -> None:
    kept = learned_of(taught, Learning())
    assert calibrations == []
    with closing(store_of(taught)) as store, writing(store.engine) as connection:
        connection.execute(text("DELETE FROM driftline_learned"))
    anew = learned_of(taught, Learning())
    assert calibrations == [30]
    assert kept.windows == anew.windows
    assert len(kept.windows) == 30
    assert kept.expected == anew.expected
    assert kept.rate == anew.rate
    assert kept.reference.to_bytes() == anew.reference.to_bytes()
    assert same(kept._known[learned_module.OWN], anew._known[learned_module.OWN])
    found = kept._known[learned_module.OWN][1]
    assert found is not None
    score = found.scorer.score(kept.reference.total)
    assert np.isfinite(score.scores).all()


def test_a_check_calibrates_once_and_judges_alike(
    taught: World, calibrations: list[int], new_world: Callable[[Path], World], tmp_path: Path
) -> None:
    second = taught.check(32)
    assert calibrations == []
    (tmp_path / "another").mkdir()
    another = new_world(tmp_path / "another")
    another.live(range(32), lambda day, rows: rows.assign(amount=rows["amount"] * (1 + day // 31)))
    another.settle()
    whole = another.check(32)
    assert calibrations == [30]
    assert second.found == whole.found
    assert second.model["windows"][1]["alarm"]


def damage(store: SqlStore) -> None:
    with writing(store.engine) as connection:
        body = connection.execute(text("SELECT body FROM driftline_learned")).scalar_one()
        middle = len(body) // 2
        worse = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
        connection.execute(text("UPDATE driftline_learned SET body = :b"), {"b": worse})


def cut_off(store: SqlStore) -> None:
    with writing(store.engine) as connection:
        connection.execute(text("UPDATE driftline_learned SET body = substr(body, 1, 99)"))


@pytest.mark.parametrize("spoil", [damage, cut_off])
def test_what_is_damaged_is_learned_anew(
    taught: World, calibrations: list[int], spoil: Callable[[SqlStore], None]
) -> None:
    with closing(store_of(taught)) as store:
        spoil(store)
    assert taught.check(32).model["windows"][1]["alarm"]
    assert calibrations == [30]
    assert taught.check(32).code == 1
    assert calibrations == [30]


def test_what_other_code_has_learned_is_learned_anew(
    taught: World, calibrations: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf_module, "rule", lambda: b"other code")
    taught.check(32)
    assert calibrations == [30]


def test_another_budget_or_reference_is_learned_from_anew(
    taught: World, calibrations: list[int]
) -> None:
    taught.settle(taught.model(alarms={"false_alarms": "1 per 90 days"}))
    taught.check(32)
    assert calibrations == [30]
    reference = {"from": f"{taught.day(0):%Y-%m-%d}", "to": f"{taught.day(25):%Y-%m-%d}"}
    taught.settle(taught.model(reference=reference))
    taught.check(32)
    assert calibrations == [30, 25]
    with closing(store_of(taught)) as store, writing(store.engine) as connection:
        count = text("SELECT count(*) FROM driftline_learned")
        assert connection.execute(count).scalar() == 1


def test_the_rule_is_a_digest_of_the_code_and_quickly_made() -> None:
    began = time.process_time()
    assert len(rule.__wrapped__()) == 16
    assert rule.__wrapped__() == rule()
    assert time.process_time() - began < 5


@dataclass(frozen=True)
class Foreign:
    number: int


def test_nothing_but_what_is_learned_is_kept_or_made() -> None:
    none = Profile(0, {})
    with pytest.raises(TypeError, match="Foreign"):
        encode_learned(Foreign(1))
    with pytest.raises(TypeError, match="object"):
        encode_learned((none, object()))
    for tree in (
        {"class": ["tests.service.test_learned", "Foreign"], "fields": {"number": 1}},
        {"class": ["driftline.alarms.calibration", "calibrate"], "fields": {}},
        {"class": ["driftline.alarms.calibration", "Calibration"], "fields": {"x": 1}},
        {"class": ["driftline.alarms.nowhere", "Calibration"], "fields": {}},
        {"array": 0, "type": "|O", "shape": [1]},
        {"array": 3, "type": "<f8", "shape": [1]},
        {"profile": 0, "columns": ["x"]},
        {"what": 1},
    ):
        with pytest.raises(CodecError):
            decode_learned(seal(LEARNED, {"tree": tree}, pack([b"12345678"])), {})


def test_values_come_back_equal() -> None:
    value = {
        "numbers": (1, 2.5, float("inf"), np.float64(0.1), True, None),
        "texts": frozenset({"a", "b", "étage ☂"}),
        "empty": (),
        "array": np.arange(6.0).reshape(2, 3).T,
        "flags": np.array([True, False]),
    }
    found = decode_learned(encode_learned(value), {})
    for name in ("array", "flags"):
        assert found[name].dtype == value[name].dtype  # type: ignore[attr-defined]
        assert np.array_equal(found.pop(name), value.pop(name))  # type: ignore[arg-type]
    assert found == value


def test_a_service_scores_a_window_once_and_judges_as_checks_do(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.live(range(44), lambda day, rows: rows.assign(amount=rows["amount"] * (1 + day // 38)))
    (model,) = world.settle().models
    daily, served = open_store("memory://"), open_store("memory://")
    for day in range(31, 44):
        catch_up(watched_of(model), daily, world.day(day))
    scored: list[int] = []
    score = Scorer.score

    def noted(scorer: Scorer, window: Profile, *more: Any) -> Any:
        scored.append(window.rows)
        return score(scorer, window, *more)

    monkeypatch.setattr(Scorer, "score", noted)
    learning, counts = Learning(), []
    for day in range(31, 44):
        if day == 41:  # somebody does something between two runs
            incident = served.incidents(model.name, open_only=True)[0]
            acknowledge(served, incident.id, "ann", "", world.day(41))
        before = len(scored)
        catch_up(watched_of(model), served, world.day(day), learning=learning)
        counts.append(len(scored) - before)
    assert counts == [1] * 10 + [8] + [1] * 2
    assert served.windows(model.name) == daily.windows(model.name)
    assert any(result.alarm for result in served.windows(model.name))
    assert [one.alarms for one in served.incidents()] == [one.alarms for one in daily.incidents()]
