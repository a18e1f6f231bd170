"""How loud a drift is goes by its size; what no size can be told of is not the loudest."""

from __future__ import annotations

import pytest

from driftline.alarms.severity import drift_severity
from driftline.alarms.verdict import ColumnVerdict


@pytest.mark.parametrize(
    ("statistic", "effect", "share", "severity"),
    [
        ("kolmogorov_smirnov", 0.1, 0.1, "low"),
        ("kolmogorov_smirnov", 0.2, 0.1, "medium"),
        ("kolmogorov_smirnov", 0.5, 0.1, "high"),
        ("kolmogorov_smirnov", 0.5, 0.6, "critical"),
        ("new_category_share", 0.5, 0.1, "high"),
        ("new_value_share", 0.9, 0.1, "medium"),
        ("new_value_share", 0.1, 0.1, "low"),
        ("new_value_share", 0.9, 0.6, "high"),
    ],
)
def test_severity_goes_by_the_size_of_the_change(
    statistic: str, effect: float, share: float, severity: str
) -> None:
    column = ColumnVerdict(
        "x", "numeric", True, statistic, effect, 0.0, effect, 2.0, 0.0, 0.0, 0.02
    )
    assert drift_severity(column, share) == severity
