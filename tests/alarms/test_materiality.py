"""What is too small to matter is no alarm, however many rows say it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri

from driftline.alarms.calibration import calibrate
from driftline.alarms.judge import judge, judge_independent
from driftline.alarms.materiality import Least
from driftline.alarms.reasons import why_no_alarm
from driftline.alarms.verdict import Verdict
from driftline.profiles.profile import Profile
from driftline.reference import Reference

NORMAL = ndtri((np.arange(2500) + 0.5) / 2500)


def ten_millions(reference: Reference, shift: float) -> Profile:
    """A window of ten million rows as if of a normal distribution, moved by `shift`."""
    profile = reference.profile({"x": NORMAL + shift, "y": NORMAL})
    for _ in range(12):
        profile = profile + profile
    assert profile.rows > 10_000_000
    return profile


@pytest.fixture(scope="module")
def reference() -> Reference:
    spread = np.concatenate([NORMAL, NORMAL + 0.5, NORMAL - 0.5])
    return Reference.fit({"x": spread, "y": spread})


def calibrated(reference: Reference, shift: float, least: Least) -> Verdict:
    random = np.random.default_rng(5)
    own = [ten_millions(reference, moved) for moved in random.normal(0, 0.001, 40)]
    calibration = calibrate(own, 1 / 30)
    window = ten_millions(reference, shift)
    return judge(calibration, [calibration.scorer.score(window)], window, least)


@pytest.mark.parametrize(
    ("shift", "least", "alarm"),
    [
        (0.02, {}, False),  # an effect of 0.008
        (0.1, {}, True),  # 0.04
        (0.1, {"x": 0.1}, False),
        (0.1, {"y": 0.1}, True),
        (0.3, {"x": 0.1}, True),  # 0.12
        (0.02, {"x": 0.004}, True),
    ],
)
def test_ten_million_rows_make_no_trifle_an_alarm(
    reference: Reference, shift: float, least: Least, alarm: bool
) -> None:
    verdict = calibrated(reference, shift, least)
    assert verdict.alarm == alarm
    usual = ten_millions(reference, 0)
    independent = judge_independent(usual, ten_millions(reference, shift), 0.01, least)
    assert independent.alarm == alarm
    for told in (verdict, independent):
        column = next(column for column in told.columns if column.name == "x")
        assert column.alarm == alarm
        assert column.least_effect == least.get("x", 0.02)
        small = f"too small to matter (an effect under {column.least_effect:g})"
        assert alarm or small in why_no_alarm(column, told)
