"""Power: what drop of performance would be seen with the labels that a model has."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from driftline.performance import metrics
from driftline.performance.detectable import Detectable, detectable
from driftline.performance.spans import BLOCK, span_of
from driftline.performance.usual import before_the_drop
from driftline.profiles.outcome_codec import decode_outcomes
from driftline.profiles.outcomes import Outcomes
from driftline.records import PerformanceResult
from driftline.reference import total_of
from driftline.service.ledger_store import score_grid_of
from driftline.service.policy import policy_of
from driftline.settings.models import ModelSettings
from driftline.stores import Store
from driftline.wording import count, listing, metric_name, number, percent

LATELY = timedelta(days=30)
"""How far back is looked for a span that could be judged."""


def power_of(model: ModelSettings, store: Store) -> Detectable | None:
    """What would be seen with the labels of the newest baseline; None without one.

    While a drop lasts it is the baseline before it, and days that are in a drop already are left
    out: what is normal tells what would be seen, and they are not.
    """
    if model.labels is None or model.task is None:
        return None
    state = store.model(model.name)
    if state is None:
        return None
    dropped = [i for i in store.incidents(model.name, open_only=True) if i.kind == "performance"]
    end = min([state.position, *(incident.since for incident in dropped)])
    judged = [r for r in store.performance(model.name, end - LATELY) if r.status == "judged"]
    if not judged:
        return None
    newest = max([r for r in judged if r.baseline.end <= end] or judged[:1], key=_begins)
    grid = score_grid_of(model, total_of(state.reference).grids)
    outcomes = {
        window: decode_outcomes(blob, grid)
        for window, blob in store.outcomes(
            model.name, newest.baseline.start, newest.baseline.end
        ).items()
    }
    block = max(BLOCK, model.window)
    metric, policy = metrics()[newest.main], policy_of(model)
    baseline = span_of(sorted(outcomes.items()), Outcomes.empty(model.task, grid))
    usual = before_the_drop(metric, baseline, policy.drop)
    found = detectable(metric, usual, max(1, model.performance.current // block), policy)
    return found and replace(found, per="day" if block == BLOCK else "window")


def _begins(result: PerformanceResult) -> tuple[datetime, datetime]:
    return result.span.start, result.judged_at


def power_in_words(found: Detectable) -> str:
    """`With 200 labels a day you would see accuracy fall by 12 points within 1 day, 6 points within
    3 days and 4.1 points within 7 days`; four times in five."""
    metric = metrics()[found.metric]
    verb = "fall" if metric.better == "more" else "grow"
    sizes = []
    for blocks, drop in found.drops.items():
        points = metric.unit == "share" and metric.better == "more"
        size = f"{number(100 * drop * found.value, 2)} points" if points else percent(drop)
        if drop <= 1 or metric.better == "less":
            sizes.append(f"{size} within {count(blocks, found.per)}")
    labels = f"With {count(round(found.labels), 'label')} a {found.per}"
    name = metric_name(found.metric)
    name = name if name.isupper() else name[0].lower() + name[1:]
    if not sizes:
        return f"{labels} no fall of {name} would be seen within a span"
    return f"{labels} you would see {name} {verb} by {listing(sizes, len(sizes))}"
