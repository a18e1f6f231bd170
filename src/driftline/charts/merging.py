"""Fewer windows than there are, for charts of a long time: neighbours as one. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from driftline.alarms.verdict import ColumnVerdict, Verdict
from driftline.records import PerformanceResult, WindowResult
from driftline.windows import Window


def merged(windows: Sequence[WindowResult], most: int) -> list[WindowResult]:
    """At most `most` windows, each of equally many neighbours (in order of time), with all their
    rows and, of each column, the verdict with the largest effect; one that alarmed has alarmed."""
    size = math.ceil(len(windows) / most)
    if size <= 1:
        return list(windows)
    return [_one(windows[at : at + size]) for at in range(0, len(windows), size)]


def _one(windows: Sequence[WindowResult]) -> WindowResult:
    judged = [window for window in windows if window.verdict is not None]
    shown = judged[-1] if judged else max(windows, key=lambda window: window.rows)
    return replace(
        shown,
        window=Window(windows[0].window.start, windows[-1].window.end),
        rows=sum(window.rows for window in windows),
        verdict=_worst([window.verdict for window in judged if window.verdict]),
        faults=tuple(fault for window in windows for fault in window.faults),
    )


def _worst(verdicts: Sequence[Verdict]) -> Verdict | None:
    if not verdicts:
        return None
    columns: dict[str, ColumnVerdict] = {}
    for verdict in verdicts:
        for column in verdict.columns:
            known = columns.get(column.name)
            if known is None or (column.alarm, column.effect) > (known.alarm, known.effect):
                columns[column.name] = column
    ordered = sorted(columns.values(), key=lambda column: -column.blame)
    return replace(
        min(verdicts, key=lambda verdict: verdict.p_value),
        alarm=any(verdict.alarm for verdict in verdicts),
        columns=tuple(ordered),
    )


def thinned(results: Sequence[PerformanceResult], most: int) -> list[PerformanceResult]:
    """At most `most` spans, of equally many neighbours the newest that alarmed, or the newest."""
    size = math.ceil(len(results) / most)
    if size <= 1:
        return list(results)
    groups = [results[at : at + size] for at in range(0, len(results), size)]
    return [next((r for r in reversed(group) if r.alarm), group[-1]) for group in groups]
