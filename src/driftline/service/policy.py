"""Policy: the rule of performance that a model's settings ask for."""

from __future__ import annotations

from dataclasses import replace

from driftline.performance.judge import PerformancePolicy
from driftline.performance.looks import LOOKS
from driftline.performance.share import EARLY, PART, Spans, level_for
from driftline.settings.models import ModelSettings


def policy_of(model: ModelSettings) -> PerformancePolicy:
    """The performance rule that the model's settings ask for."""
    performance = model.performance
    spans = Spans(performance.current, performance.baseline, model.window)
    rate = PART * model.alarms.false_alarms.per_window(spans.block)
    return PerformancePolicy(
        drop=performance.drop,
        metric=performance.metric,
        min_labels=performance.min_labels,
        min_coverage=performance.min_coverage,
        level=level_for(rate * (1 - EARLY), spans),
        early_level=level_for(rate * EARLY / len(LOOKS), replace(spans, current=spans.block)),
    )
