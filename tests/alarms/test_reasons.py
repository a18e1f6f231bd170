"""A column that looks changed and is no alarm is explained."""

from __future__ import annotations

import pytest

from driftline.alarms.reasons import why_no_alarm
from driftline.alarms.verdict import ColumnVerdict, Method, Verdict


def reason(
    p_value: float, effect: float, method: Method = "calibrated", alarm: bool = False
) -> str:
    column = ColumnVerdict(
        "x", "numeric", alarm, "kolmogorov_smirnov", effect, p_value, effect, 0.46, 0.0, 0.0, 0.02
    )
    return why_no_alarm(column, Verdict(alarm, p_value, (column,), method))


@pytest.mark.parametrize(("p_value", "effect"), [(0.5, 0.3), (0.02, 0.1), (1.0, 0.0)])
def test_what_looks_well_needs_no_reason(p_value: float, effect: float) -> None:
    assert reason(p_value, effect) == ""


def test_each_reason_is_told() -> None:
    assert reason(1e-9, 1.0, alarm=True) == ""
    assert reason(1e-9, 0.01) == "the change is too small to matter (an effect under 0.02)"
    assert reason(1e-9, 1.0).startswith("it is 46.0")
    assert "the reference's own windows" in reason(1e-9, 1.0)
    assert reason(0.04, 0.5, "independent_rows") == "it may be chance among the tests of 1 column"
