"""How loud a drift is goes by its size; what no size can be told of is not the loudest."""

from __future__ import annotations

import pytest

from driftline.alarms.severity import drift_severity
from driftline.alarms.verdict import ColumnVerdict


def drifting(statistic: str, effect: float, alarm: bool = True) -> ColumnVerdict:
    return ColumnVerdict("x", "numeric", alarm, statistic, effect, 0.0, effect, 2.0, 0.0, 0.0, 0.02)


@pytest.mark.parametrize(
    ("statistic", "effect", "others", "severity"),
    [
        ("kolmogorov_smirnov", 0.1, (), "low"),
        ("kolmogorov_smirnov", 0.2, (), "medium"),
        ("kolmogorov_smirnov", 0.5, (), "high"),
        ("kolmogorov_smirnov", 0.1, (0.1,) * 4, "medium"),
        ("kolmogorov_smirnov", 0.5, (0.1,) * 4, "critical"),
        ("missing_share", 0.9, (0.1,) * 3, "high"),
        ("missing_share", 0.9, (0.9,) * 3, "critical"),
        ("kolmogorov_smirnov", 0.2, (0.9,) * 3, "medium"),
        ("new_category_share", 0.5, (), "high"),
        ("new_value_share", 0.9, (), "medium"),
        ("new_value_share", 0.1, (), "low"),
        ("out_of_range_share", 0.9, (), "medium"),
        ("new_value_share", 0.9, (0.9,) * 4, "high"),
    ],
)
def test_severity_goes_by_the_size_of_the_change(
    statistic: str, effect: float, others: tuple[float, ...], severity: str
) -> None:
    """In a verdict on ten columns, of which this one and the others drift."""
    column = drifting(statistic, effect)
    columns = [column, *(drifting("missing_share", other) for other in others)]
    columns += [drifting("missing_share", 0.0, alarm=False)] * (10 - len(columns))
    assert drift_severity(column, columns) == severity
