"""Findings: what one window or span says that its owner should hear of. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from driftline.alarms.blame import Group
from driftline.alarms.severity import drift_severity
from driftline.alarms.verdict import ColumnVerdict
from driftline.change_words import change_in_words
from driftline.incidents import Finding
from driftline.performance import metrics
from driftline.performance.judge import PerformancePolicy
from driftline.profiles.profile import Profile
from driftline.profiles.summary import Summary
from driftline.records import (
    Fault,
    Incident,
    IncidentKind,
    MetricChange,
    PerformanceResult,
    WindowResult,
)
from driftline.service.bad_labels import OF_LABELS
from driftline.statistics import statistics
from driftline.wording import count, listing, metric_name, moment, number, percent, span

GROUPS = 4
"""Groups of columns whose shares are told one by one."""


def drift_findings(
    result: WindowResult,
    reference: Profile,
    current: Profile,
    outputs: Collection[str],
    drifting: Collection[str] = (),
) -> list[Finding]:
    """A finding for each column that the verdict blames.

    `outputs` are the model's own columns. Missing values and new categories are the data's quality;
    but new categories of a column that is `drifting` already are part of that drift.
    """
    if result.verdict is None or not result.verdict.alarm:
        return []
    found = []
    for column in result.verdict.blamed:
        sides = reference.columns[column.name], current.columns[column.name]
        for statistic in _untold(result, column.name, _to_tell(column, drifting)):
            kind: IncidentKind = "data_drift"
            if column.name in outputs:
                kind = "prediction_drift"
            elif statistic == "missing_share" or (
                statistic == "new_category_share" and column.name not in drifting
            ):
                kind = "data_quality"
            told = column if statistic == column.statistic else _by(statistic, column, sides)
            severity = drift_severity(told, result.verdict.columns)
            words = change_in_words(told, *sides)
            seen = result.window
            found.append(
                Finding(
                    kind,
                    severity,
                    column.name,
                    words,
                    seen.start,
                    told.effect,
                    until=seen.end,
                )
            )
    return found


def _untold(result: WindowResult, name: str, statistics: Sequence[str]) -> Sequence[str]:
    """Those of some statistics of a column that its faults do not speak of already."""
    codes = {f.code for f in result.faults if f.column == name} - OF_LABELS
    if codes <= {"infinite_values", "stuck_column"}:
        return [s for s in statistics if not codes or s == "missing_share"]
    return []


def _to_tell(column: ColumnVerdict, drifting: Collection[str]) -> list[str]:
    """The statistics to tell of: one about the column's values and one about those it lacks.

    Drift that lasts must not hide a feed that dies, nor a new category pass for a change of the
    known ones.
    """
    told = [statistic for statistic in column.alarmed if statistic != "missing_share"]
    if "new_category_share" in told and column.name not in drifting:
        told = ["new_category_share"]
    elif column.statistic in told:
        told = [column.statistic]
    missing = ["missing_share"] if "missing_share" in column.alarmed else []
    return [*told[:1], *missing]


def _by(statistic: str, column: ColumnVerdict, sides: tuple[Summary, Summary]) -> ColumnVerdict:
    """The column as another statistic than the furthest out sees it."""
    known = statistics()
    distance = "kolmogorov_smirnov" if column.kind == "numeric" else "total_variation"
    sized = statistic if statistic.endswith("_share") else distance
    value, effect = known[statistic](*sides), known[sized](*sides)
    return replace(
        column, statistic=statistic, value=value, effect=0.0 if math.isnan(effect) else effect
    )


def quality_findings(result: WindowResult) -> list[Finding]:
    """A finding for each fault of the window."""
    start = result.window.start
    return [
        Finding(
            "data_quality",
            fault.severity,
            fault.column,
            _since(fault, start),
            start,
            until=result.window.end,
            of_labels=fault.code in OF_LABELS,
        )
        for fault in result.faults
    ]


def _since(fault: Fault, start: datetime) -> str:
    if fault.code != "no_rows":
        return fault.message
    return f"{fault.message.removesuffix(' in this window')} since {moment(start)}"


def performance_findings(
    result: PerformanceResult, policy: PerformancePolicy, lasting: Incident | None = None
) -> list[Finding]:
    """The finding of a span whose performance has dropped, or is not back yet.

    `lasting` is the open incident about performance. As long as its metric is by the policy's drop
    below the baseline at its opening the trouble lasts, however far the baseline has come down
    since. Spans that end before the incident's first one say nothing of that.
    """
    name, found, seen = result.main, result.metrics[result.main], result.span
    if result.early is not None:
        found, seen = result.early.change, result.early.span
    if lasting is not None and result.span.end > lasting.since:
        now = against(result.metrics.get(lasting.metric), lasting, policy)
        if now is not None:
            name, found, seen = lasting.metric, now, result.span
    if not found.alarm:
        return []
    return [
        Finding(
            "performance",
            policy.severity(found.drop),
            None,
            drop_in_words(result, name, found),
            seen.start,
            # errors where there were none have no relative drop: their size orders them
            found.drop if found.drop is not None else found.current or 0.0,
            name,
            found.baseline,
            seen.end,
        )
    ]


def against(
    change: MetricChange | None, incident: Incident, policy: PerformancePolicy
) -> MetricChange | None:
    """A span's metric against the baseline at the opening of `incident`, as an alarm while it is
    not back; None when it is."""
    if change is None or incident.baseline is None:
        return None
    metric = metrics()[incident.metric]
    drop = metric.drop(change.current, incident.baseline)
    if drop is None:  # from a perfect 0
        down = incident.baseline == 0 and change.low is not None and change.low > 0
    else:
        down = drop >= policy.drop
    return replace(change, baseline=incident.baseline, drop=drop, alarm=True) if down else None


def drop_in_words(result: PerformanceResult, name: str, change: MetricChange) -> str:
    """`F1 fell from 0.62 to 0.55 (11.3 % worse) over 20 – 26 Apr 2013; 90 of 100 predictions
    labelled`"""
    verb = "worsened" if (change.current or 0) > (change.baseline or 0) else "fell"
    drop = "" if change.drop is None else f" ({percent(change.drop)} worse)"
    before, now = number(change.baseline), number(change.current)
    told = f"{metric_name(name)} {verb} from {before} to {now}{drop}"
    if result.early is not None and change == result.early.change:
        labels = count(result.early.labelled, "label")
        return f"{told} over {span(result.early.span)}; {labels}"
    labelled = f"{result.labelled:,} of {count(result.rows, 'prediction')} labelled"
    return f"{told} over {span(result.span)}; {labelled}"


@dataclass(frozen=True)
class Known:
    """What is known of performance: the newest span, and the newest that could be judged."""

    newest: PerformanceResult | None = None
    judged: PerformanceResult | None = None

    @classmethod
    def of(cls, results: Iterable[PerformanceResult]) -> Known:
        """What some results say, which come newest first: no more of them is read than needed."""
        newest = None
        for result in results:
            newest = newest or result
            if result.status == "judged":
                return cls(newest, result)
        return cls(newest)


def performance_in_words(known: Known, dropped: Incident | None) -> str:
    """What is known of performance, for an incident about drift: drift need not mean a drop.

    `dropped` is the incident about performance that is open and not quiet. Of the time since the
    newest span that could be judged nothing is claimed.
    """
    latest, newest = known.judged, known.newest
    if newest is None:
        return "Performance: not known, no labels"
    if latest is None:
        return f"Performance: not known yet ({percent(newest.coverage)} of predictions labelled)"
    name, before = latest.main, latest.metrics[latest.main].baseline
    if dropped is not None and dropped.metric in latest.metrics:
        name, before = dropped.metric, dropped.baseline
    current = latest.metrics[name].current
    told = f"{metric_name(name)} {number(current)}, before {number(before)}"
    down = latest.alarm or dropped is not None
    if latest.span.end < newest.span.end:
        since, until = moment(latest.span.end), "it had dropped" if down else "no drop"
        labelled = f"{percent(newest.coverage)} of predictions labelled"
        return f"Performance: not known since {since}, {labelled}; until then {until} ({told})"
    return f"Performance: {'dropped too' if down else 'no drop seen'} ({told})"


def groups_in_words(groups: Sequence[Group]) -> str:
    """`Shares: temp, dewp and humid move together (temp first), 81 % of the change; wind 19 %`"""
    told: list[str] = []
    for group in groups[:GROUPS]:
        names, share = listing(group.columns, 5), percent(group.share)
        if len(group.columns) > 1:
            names, share = f"{names} move together ({group.columns[0]} first),", f"{share}"
        told.append(f"{names} {share}" + ("" if told else " of the change"))
    left = groups[GROUPS:]
    if left:
        rest = count(sum(len(group.columns) for group in left), "other column")
        told.append(f"{rest} {percent(sum(group.share for group in left))}")
    return f"Shares: {'; '.join(told)}" if told else ""


def drift_in_words(columns: Sequence[str]) -> str:
    """What is known of drift, for an incident about performance."""
    if not columns:
        return "Drift: no column is in alarm"
    return f"Drift: {listing(columns, 5)} in alarm at the same time"
