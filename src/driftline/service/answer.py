"""Answers: what the store holds of a model as the JSON that `check` and `backtest` print."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from driftline.acceptance import Acceptance
from driftline.alarms.verdict import ColumnVerdict
from driftline.performance.detectable import Detectable
from driftline.records import Early, Incident, PerformanceResult, WindowResult
from driftline.reference import left_out_of
from driftline.service.power import power_in_words
from driftline.service.run import Told
from driftline.stores import Store
from driftline.tally import Tally
from driftline.windows import iso

COLUMNS = 10
"""Columns told of each window, most blamed first; those in alarm are all told."""


def answer(store: Store, models: Mapping[str, Told]) -> dict[str, Any]:
    """The answer about each of `models`, by name, with what their run had to tell."""
    return {"models": [_model(store, name, run) for name, run in models.items()]}


def _model(store: Store, name: str, run: Told) -> dict[str, Any]:
    state = store.model(name)
    told: dict[str, Any] = {
        "name": name,
        "windows": [window_answer(result) for result in store.windows(name)],
        "performance": [performance_answer(result) for result in store.performance(name)],
        "incidents": [incident_answer(incident) for incident in store.incidents(name)],
    }
    if state is not None:
        told["left_out"] = left_out_of(state.reference)
    if run.detectable is not None:
        told["detectable"] = detectable_answer(run.detectable)
    if run.notes:
        told["notes"] = list(run.notes)
    if run.error:
        told["error"] = run.error
    return told


def window_answer(result: WindowResult) -> dict[str, Any]:
    verdict = result.verdict
    columns = verdict.columns if verdict else ()
    most = max(COLUMNS, sum(column.alarm for column in columns))
    return {
        "start": iso(result.window.start),
        "end": iso(result.window.end),
        "rows": result.rows,
        "alarm": result.alarm,
        "p_value": _finite(verdict.p_value) if verdict else None,
        "status": result.status,
        "method": verdict.method if verdict else None,
        "columns": [column_answer(column) for column in columns[:most]],
        "faults": [
            {"code": f.code, "column": f.column, "severity": f.severity, "message": f.message}
            for f in result.faults
        ],
    }


def column_answer(column: ColumnVerdict) -> dict[str, Any]:
    return {
        "name": column.name,
        "alarm": column.alarm,
        "statistic": column.statistic,
        "value": _finite(column.value),
        "p_value": _finite(column.p_value),
        "effect": _finite(column.effect),
        "least_effect": column.least_effect,
        "missing": column.missing,
        "newcomers": [{"category": name, "share": share} for name, share in column.newcomers],
    }


def performance_answer(result: PerformanceResult) -> dict[str, Any]:
    return {
        "start": iso(result.span.start),
        "end": iso(result.span.end),
        "rows": result.rows,
        "labelled": result.labelled,
        "alarm": result.alarm,
        "status": result.status,
        "metrics": {
            name: {
                "current": _finite(change.current),
                "baseline": _finite(change.baseline),
                "drop": _finite(change.drop),
                "low": _finite(change.low),
                "high": _finite(change.high),
            }
            for name, change in result.metrics.items()
        },
        "early": _early(result.early) if result.early else None,
    }


def _early(early: Early) -> dict[str, Any]:
    return {
        "start": iso(early.span.start),
        "end": iso(early.span.end),
        "labelled": early.labelled,
        "current": _finite(early.change.current),
        "baseline": _finite(early.change.baseline),
        "drop": _finite(early.change.drop),
    }


def incident_answer(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "kind": incident.kind,
        "severity": incident.severity,
        "state": incident.state,
        "opened": iso(incident.opened),
        "resolved": iso(incident.resolved) if incident.resolved else None,
        "since": iso(incident.since),
        "until": iso(incident.until) if incident.until else None,
        "columns": list(incident.columns),
        "message": incident.message,
        "facts": list(incident.facts),
        "next_steps": list(incident.next_steps),
        "magnitude": _finite(incident.magnitude),
        "metric": incident.metric or None,
        "baseline": _finite(incident.baseline),
        "groups": [
            {"columns": list(group.columns), "shares": list(group.shares), "share": group.share}
            for group in incident.groups
        ],
    }


def tally_answer(found: Tally) -> dict[str, Any]:
    return {
        "days": found.days,
        "windows": found.windows,
        "judged": found.judged,
        "alarms": found.alarms,
        "incidents": len(found.incidents),
        "incidents_in_30_days": found.in_thirty_days,
        "days_in_incident": found.days_in_incident,
    }


def detectable_answer(found: Detectable) -> dict[str, Any]:
    return {
        "metric": found.metric,
        "value": _finite(found.value),
        "labels": found.labels,
        "per": found.per,
        "drops": [{"within": n, "drop": _finite(drop)} for n, drop in found.drops.items()],
        "message": power_in_words(found),
    }


def acceptance_answer(one: Acceptance) -> dict[str, Any]:
    return {
        "id": one.id,
        "model": one.model,
        "since": iso(one.since),
        "at": iso(one.at),
        "by": one.by,
        "reason": one.reason,
        "columns": list(one.columns),
        "performance": one.performance,
        "holds": one.holds,
        "undone_at": iso(one.undone_at) if one.undone_at else None,
        "undone_by": one.undone_by,
        "undone_reason": one.undone_reason,
    }


def _finite(value: float | None) -> float | None:
    """JSON has no NaN and no infinity."""
    return value if value is not None and math.isfinite(value) else None
