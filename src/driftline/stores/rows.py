"""Results as rows of tables and back. Each pair of functions undoes the other exactly.

What is searched for is a column of its own; the rest is one packed body: JSON, compressed. Floats
come back bit for bit. A verdict's columns are kept field by field, which packs smaller.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from driftline.alarms.verdict import ColumnVerdict, Verdict
from driftline.errors import StoreError
from driftline.records import (
    Event,
    Fault,
    Incident,
    MetricChange,
    OutboxRow,
    PerformanceResult,
    WindowResult,
)
from driftline.windows import Window, from_micros, to_micros

Row = dict[str, Any]

COLUMN_FIELDS: Mapping[str, type] = {
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
    "alarmed": tuple,
}


def pack(document: Mapping[str, Any]) -> bytes:
    """A document of JSON's own types as compressed bytes.

    >>> unpack(pack({"p_value": 0.1}))
    {'p_value': 0.1}
    """
    return zlib.compress(json.dumps(document, separators=(",", ":")).encode(), 6)


def unpack(body: bytes) -> dict[str, Any]:
    """Undo `pack`; StoreError for bytes that are damaged."""
    try:
        document: dict[str, Any] = json.loads(zlib.decompress(body))
    except (zlib.error, ValueError) as error:
        raise StoreError(
            f"a stored result is damaged ({error}); restore the store from a backup"
        ) from error
    return document


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


def _verdict(document: Mapping[str, Any]) -> Verdict:
    sides = [document["columns"][name] for name in COLUMN_FIELDS]
    columns = [
        ColumnVerdict(
            **{**dict(zip(COLUMN_FIELDS, values, strict=True)), "alarmed": tuple(values[-1])}
        )
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
    )


def _metric_document(metric: MetricChange) -> dict[str, Any]:
    return {
        "current": _float(metric.current),
        "baseline": _float(metric.baseline),
        "drop": _float(metric.drop),
        "low": _float(metric.low),
        "high": _float(metric.high),
        "drop_low": _float(metric.drop_low),
        "drop_high": _float(metric.drop_high),
        "alarm": bool(metric.alarm),
    }


def incident_row(incident: Incident) -> Row:
    return {
        "id": incident.id,
        "model": incident.model,
        "state": incident.state,
        "opened": incident.opened,
        "body": pack(_incident_document(incident)),
    }


def incident(row: Row) -> Incident:
    return _incident(unpack(row["body"]))


def _incident_document(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "model": incident.model,
        "kind": incident.kind,
        "severity": incident.severity,
        "state": incident.state,
        "opened": to_micros(incident.opened),
        "updated": to_micros(incident.updated),
        "resolved": _micros(incident.resolved),
        "since": to_micros(incident.since),
        "columns": list(incident.columns),
        "message": incident.message,
        "facts": list(incident.facts),
        "next_steps": list(incident.next_steps),
        "alarms": int(incident.alarms),
        "quiet": int(incident.quiet),
        "snoozed_until": _micros(incident.snoozed_until),
    }


def _incident(document: Mapping[str, Any]) -> Incident:
    return Incident(
        id=document["id"],
        model=document["model"],
        kind=document["kind"],
        severity=document["severity"],
        state=document["state"],
        opened=from_micros(document["opened"]),
        updated=from_micros(document["updated"]),
        resolved=_moment(document["resolved"]),
        since=from_micros(document["since"]),
        columns=tuple(document["columns"]),
        message=document["message"],
        facts=tuple(document["facts"]),
        next_steps=tuple(document["next_steps"]),
        alarms=document["alarms"],
        quiet=document["quiet"],
        snoozed_until=_moment(document["snoozed_until"]),
    )


def event_row(event: Event) -> Row:
    body = {
        "incident": _incident_document(event.incident),
        "kind": event.kind,
        "by": event.by,
        "note": event.note,
    }
    return {
        "id": event.id,
        "incident_id": event.incident.id,
        "at": event.at,
        "body": pack(body),
    }


def event(row: Row) -> Event:
    body = unpack(row["body"])
    return Event(
        id=row["id"],
        incident=_incident(body["incident"]),
        kind=body["kind"],
        at=row["at"],
        by=body["by"],
        note=body["note"],
    )


def outbox_row(row: OutboxRow) -> Row:
    return {
        "id": row.id,
        "event_id": row.event_id,
        "model": row.model,
        "channel": row.channel,
        "state": row.state,
        "due": row.due,
        "attempts": int(row.attempts),
        "body": pack({"error": row.error}),
    }


def outbox(row: Row) -> OutboxRow:
    return OutboxRow(
        id=row["id"],
        event_id=row["event_id"],
        model=row["model"],
        channel=row["channel"],
        state=row["state"],
        due=row["due"],
        attempts=row["attempts"],
        error=unpack(row["body"])["error"],
    )


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else to_micros(moment)


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
