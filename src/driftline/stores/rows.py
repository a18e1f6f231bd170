"""Results as rows of tables and back. Each pair of functions undoes the other exactly.

What is searched for is a column of its own; the rest is one packed body: JSON, compressed. Floats
come back bit for bit. A verdict's columns are kept field by field, which packs smaller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from driftline.alarms.verdict import ColumnVerdict, Relation, Verdict
from driftline.errors import StoreError
from driftline.records import (
    Early,
    Fault,
    MetricChange,
    PerformanceResult,
    WindowResult,
)
from driftline.stores.packing import Row, float_or_none, pack, unpack
from driftline.windows import Window, from_micros, to_micros


def _relation_document(relation: Relation | None) -> list[object] | None:
    if relation is None:
        return None
    return [relation.partner, float(relation.usual), float_or_none(relation.now)]


COLUMN_FIELDS: Mapping[str, Callable[[Any], object]] = {
    "name": str,
    "kind": str,
    "alarm": bool,
    "statistic": str,
    "value": float,
    "p_value": float,
    "effect": float,
    "blame": float,
    "missing": float,
    "reference_missing": float,
    "least_effect": float,
    "alarmed": tuple,
    "relation": _relation_document,
    "newcomers": tuple,
}


def window_row(result: WindowResult) -> Row:
    body = {
        "verdict": None if result.verdict is None else _verdict_document(result.verdict),
        "faults": [[f.code, f.message, f.severity, f.column] for f in result.faults],
    }
    return {
        "starts": result.window.start,
        "ends": result.window.end,
        "rows": int(result.rows),
        "status": result.status,
        "judged_at": result.judged_at,
        "body": pack(body),
    }


def window_result(row: Row) -> WindowResult:
    body = unpack(row["body"])
    return WindowResult(
        window=Window(row["starts"], row["ends"]),
        rows=row["rows"],
        status=row["status"],
        verdict=None if body["verdict"] is None else _verdict(body["verdict"]),
        faults=tuple(Fault(*fault) for fault in body["faults"]),
        judged_at=row["judged_at"],
    )


def _verdict_document(verdict: Verdict) -> dict[str, Any]:
    return {
        "alarm": bool(verdict.alarm),
        "p_value": float(verdict.p_value),
        "columns": {
            name: [kind(getattr(column, name)) for column in verdict.columns]
            for name, kind in COLUMN_FIELDS.items()
        },
        "method": verdict.method,
        "note": verdict.note,
    }


def _column(told: dict[str, Any]) -> dict[str, Any]:
    relation = told["relation"]
    return told | {
        "alarmed": tuple(told["alarmed"]),
        "relation": None if relation is None else Relation(*relation),
        "newcomers": tuple((name, share) for name, share in told["newcomers"]),
    }


def _verdict(document: Mapping[str, Any]) -> Verdict:
    lacking = COLUMN_FIELDS.keys() - document["columns"].keys()
    if lacking:
        raise StoreError(
            f"a stored verdict has no {', '.join(sorted(lacking))}: another version of Driftline "
            "wrote it; use that one, or begin with a new store"
        )
    sides = [document["columns"][name] for name in COLUMN_FIELDS]
    columns = [
        ColumnVerdict(**_column(dict(zip(COLUMN_FIELDS, values, strict=True))))
        for values in zip(*sides, strict=True)
    ]
    return Verdict(
        alarm=document["alarm"],
        p_value=document["p_value"],
        columns=tuple(columns),
        method=document["method"],
        note=document["note"],
    )


def performance_row(result: PerformanceResult) -> Row:
    body = {
        "baseline": [to_micros(result.baseline.start), to_micros(result.baseline.end)],
        "rows": int(result.rows),
        "labelled": int(result.labelled),
        "metrics": {name: _metric_document(m) for name, m in result.metrics.items()},
        "main": result.main,
        "alarm": bool(result.alarm),
        "severity": result.severity,
        "early": None if result.early is None else _early_document(result.early),
    }
    return {
        "starts": result.span.start,
        "ends": result.span.end,
        "judged_at": result.judged_at,
        "status": result.status,
        "body": pack(body),
    }


def performance_result(row: Row) -> PerformanceResult:
    body = unpack(row["body"])
    return PerformanceResult(
        span=Window(row["starts"], row["ends"]),
        baseline=Window(*map(from_micros, body["baseline"])),
        rows=body["rows"],
        labelled=body["labelled"],
        status=row["status"],
        metrics={name: MetricChange(**metric) for name, metric in body["metrics"].items()},
        main=body["main"],
        alarm=body["alarm"],
        severity=body["severity"],
        judged_at=row["judged_at"],
        early=_early(body["early"]) if body.get("early") else None,
    )


def _early_document(early: Early) -> dict[str, Any]:
    return {
        "span": [to_micros(early.span.start), to_micros(early.span.end)],
        "labelled": int(early.labelled),
        "change": _metric_document(early.change),
    }


def _early(document: Mapping[str, Any]) -> Early:
    span = Window(*map(from_micros, document["span"]))
    return Early(span, document["labelled"], MetricChange(**document["change"]))


def _metric_document(metric: MetricChange) -> dict[str, Any]:
    return {
        "current": float_or_none(metric.current),
        "baseline": float_or_none(metric.baseline),
        "drop": float_or_none(metric.drop),
        "low": float_or_none(metric.low),
        "high": float_or_none(metric.high),
        "drop_low": float_or_none(metric.drop_low),
        "drop_high": float_or_none(metric.drop_high),
        "alarm": bool(metric.alarm),
    }
