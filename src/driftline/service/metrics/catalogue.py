"""Every metric that `/metrics` tells, each with what it means. docs/reference/prometheus.md is
written from here, and the alert rules and the dashboard may ask for nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LONG = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)
"""Upper bounds of a histogram's buckets, in seconds."""


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
        labels: names of its labels.
        told: what it is, its unit, when it is missing.
        buckets: of a histogram, the upper bounds.
    """

    name: str
    kind: Literal["gauge", "counter", "histogram"]
    told: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


def _by_name(*metrics: Metric) -> Mapping[str, Metric]:
    return {metric.name: metric for metric in metrics}


_MODEL = ("model",)
_METRIC = ("model", "metric")

STATE = _by_name(
    Metric("driftline_store_up", "gauge", "1 when the store answered, 0 when it did not."),
    Metric(
        "driftline_judged_until_timestamp_seconds",
        "gauge",
        "Up to where the model's windows are judged, in seconds since 1970.",
        _MODEL,
    ),
    Metric(
        "driftline_windows_behind",
        "gauge",
        "Windows that had ended when the model was looked at last and are not judged. 0 when all is"
        " well, however seldom the model is looked at, and where nothing was ever judged.",
        _MODEL,
    ),
    Metric(
        "driftline_overdue_seconds",
        "gauge",
        "For how long the model should have been looked at and nobody is at it; 0 when it is not"
        " due.",
        _MODEL,
    ),
    Metric(
        "driftline_failures_in_a_row",
        "gauge",
        "How often in a row looking at the model has failed, mostly because its source could not be"
        " read.",
        _MODEL,
    ),
    Metric(
        "driftline_failing_seconds",
        "gauge",
        "For how long looking at the model has failed; 0 when it does not.",
        _MODEL,
    ),
    Metric(
        "driftline_last_look_seconds",
        "gauge",
        "How long the newest look at the model took.",
        _MODEL,
    ),
    Metric(
        "driftline_incidents_open",
        "gauge",
        "Incidents that are not resolved, by severity.",
        ("model", "severity"),
    ),
    Metric(
        "driftline_incidents_open_by_kind",
        "gauge",
        "Incidents that are not resolved, by kind.",
        ("model", "kind"),
    ),
    Metric("driftline_window_rows", "gauge", "Rows of the newest window.", _MODEL),
    Metric(
        "driftline_drift_alarm",
        "gauge",
        "1 when the newest window that was judged is an alarm, else 0.",
        _MODEL,
    ),
    Metric(
        "driftline_drift_p_value",
        "gauge",
        "Probability of a window as far out as the newest that was judged, without drift.",
        _MODEL,
    ),
    Metric(
        "driftline_columns_in_alarm",
        "gauge",
        "Columns that are part of the newest judged window's alarm.",
        _MODEL,
    ),
    Metric(
        "driftline_column_effect",
        "gauge",
        "How much a column changed in the newest judged window, 0 (not) to 1 (nothing in common)."
        " The most blamed columns only: `metrics_columns` of the settings' `api`.",
        ("model", "column"),
    ),
    Metric(
        "driftline_performance",
        "gauge",
        "A performance metric over the newest span that was judged.",
        _METRIC,
    ),
    Metric(
        "driftline_performance_baseline", "gauge", "The same over the span's baseline.", _METRIC
    ),
    Metric(
        "driftline_performance_drop",
        "gauge",
        "How much worse it is than its baseline, as a share of that; negative when better.",
        _METRIC,
    ),
    Metric(
        "driftline_performance_alarm",
        "gauge",
        "1 when the newest span that was judged is an alarm, else 0.",
        _MODEL,
    ),
    Metric(
        "driftline_labelled_share",
        "gauge",
        "Share of that span's predictions that have a label.",
        _MODEL,
    ),
    Metric(
        "driftline_outbox_notices",
        "gauge",
        "What a channel has still to send (pending, claimed), holds back while a model is muted"
        " (held) or could not send (failed: see `driftline channels failed`).",
        ("channel", "state"),
    ),
    Metric(
        "driftline_log_waiting_rows",
        "gauge",
        "Rows that were accepted and are not in the log's table yet. Driftline reads them all the"
        " same.",
        ("model", "kind"),
    ),
    Metric(
        "driftline_log_waiting_seconds",
        "gauge",
        "How long the oldest of them has waited.",
        ("model", "kind"),
    ),
)
"""How the store stands: every service of one store tells the same."""

PROCESS = _by_name(
    Metric(
        "driftline_windows_judged_total",
        "counter",
        "Windows that were judged, by what came of it (judged, too_few_rows, empty). One that is"
        " judged again counts again.",
        ("model", "status"),
    ),
    Metric("driftline_alarms_total", "counter", "Windows that were an alarm.", _MODEL),
    Metric(
        "driftline_incidents_opened_total",
        "counter",
        "Incidents that were opened.",
        ("model", "kind"),
    ),
    Metric(
        "driftline_failures_total",
        "counter",
        "Looks at the model that failed, mostly because its source could not be read.",
        _MODEL,
    ),
    Metric(
        "driftline_look_seconds",
        "histogram",
        "How long it takes to look at a model: read, judge, record.",
        buckets=LONG,
    ),
    Metric("driftline_notices_sent_total", "counter", "Notices that were sent.", ("channel",)),
    Metric(
        "driftline_notice_failures_total",
        "counter",
        "Tries to send a notice that failed; final: yes, it is not tried again by itself.",
        ("channel", "final"),
    ),
    Metric(
        "driftline_ingest_rows_total",
        "counter",
        "Rows that were accepted, those of a repeated request not counted again.",
        ("model", "kind"),
    ),
    Metric(
        "driftline_http_requests_total",
        "counter",
        "Requests to the HTTP API, by the path as /openapi.json has it and the status.",
        ("method", "path", "status"),
    ),
    Metric(
        "driftline_http_request_seconds",
        "histogram",
        "How long requests took.",
        ("path",),
        QUICK,
    ),
    Metric(
        "driftline_loop_failures",
        "gauge",
        "How often in a row a part of the service has failed (schedule, reminders, log, each"
        " channel), as when the store is away.",
        ("loop",),
    ),
    Metric("driftline_build_info", "gauge", "1; the label is the version.", ("version",)),
)
"""What one process did since it started: with several, take the sum."""

METRICS: Mapping[str, Metric] = {**STATE, **PROCESS}
