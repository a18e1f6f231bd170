"""Every record survives its way into a row and back, whatever it holds."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftline.alarms.blame import Group
from driftline.alarms.verdict import ColumnVerdict, Relation, Verdict
from driftline.errors import StoreError
from driftline.records import (
    Cause,
    Early,
    Event,
    Fault,
    Incident,
    IncidentKind,
    MetricChange,
    OutboxRow,
    PerformanceResult,
    SpanStatus,
    WindowResult,
    WindowStatus,
)
from driftline.stores import incident_rows, rows
from driftline.stores.packing import pack, unpack
from driftline.windows import Window

MOMENT = datetime(2026, 3, 1, tzinfo=UTC)

moments = st.datetimes(timezones=st.just(UTC))
words = st.text(st.characters(), max_size=12)
lines = st.lists(words, max_size=3).map(tuple)
floats = st.floats(allow_nan=False)
counts = st.integers(0, 2**62)
windows = st.tuples(moments, moments).map(lambda pair: Window(min(pair), max(pair)))
severities = st.sampled_from(["low", "medium", "high", "critical"])


def one_of_words(literal: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(get_args(literal))


def whole(record: type, **known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Records of which every field varies; a field that nobody thought of is an error."""
    assert known.keys() == {field.name for field in fields(record)}
    return st.builds(record, **known)


relations = whole(Relation, partner=words, usual=floats, now=st.none() | floats)
columns = whole(
    ColumnVerdict,
    **{field.name: floats for field in fields(ColumnVerdict)}
    | {
        "name": words,
        "kind": st.sampled_from(["numeric", "categorical"]),
        "alarm": st.booleans(),
        "statistic": words,
        "alarmed": st.lists(words, max_size=3).map(tuple),
        "relation": st.none() | relations,
        "newcomers": st.lists(st.tuples(words, floats), max_size=3).map(tuple),
    },
)
verdicts = whole(
    Verdict,
    alarm=st.booleans(),
    p_value=floats,
    columns=st.lists(columns, max_size=3).map(tuple),
    method=st.sampled_from(["calibrated", "independent_rows"]),
    note=words,
)
faults = whole(Fault, code=words, message=words, severity=severities, column=st.none() | words)
window_results = whole(
    WindowResult,
    window=windows,
    rows=counts,
    status=one_of_words(WindowStatus),
    verdict=st.none() | verdicts,
    faults=st.lists(faults, max_size=3).map(tuple),
    judged_at=moments,
)
metrics = whole(
    MetricChange,
    **{field.name: st.none() | floats for field in fields(MetricChange)} | {"alarm": st.booleans()},
)
earlies = whole(Early, span=windows, labelled=counts, change=metrics)
performances = whole(
    PerformanceResult,
    span=windows,
    baseline=windows,
    rows=counts,
    labelled=counts,
    status=one_of_words(SpanStatus),
    metrics=st.dictionaries(words, metrics, max_size=3),
    main=words,
    alarm=st.booleans(),
    severity=st.none() | severities,
    judged_at=moments,
    early=st.none() | earlies,
)
pairs = st.lists(st.tuples(words, floats), min_size=1, max_size=3)
groups = pairs.map(lambda found: Group(*zip(*found, strict=True)))
incidents = whole(
    Incident,
    groups=st.lists(groups, max_size=2).map(tuple),
    id=words,
    model=words,
    kind=one_of_words(IncidentKind),
    severity=severities,
    state=st.sampled_from(["open", "acknowledged", "snoozed", "resolved"]),
    opened=moments,
    updated=moments,
    resolved=st.none() | moments,
    since=moments,
    columns=lines,
    message=words,
    facts=lines,
    next_steps=lines,
    alarms=counts,
    quiet=counts,
    snoozed_until=st.none() | moments,
    magnitudes=st.lists(floats, max_size=3).map(tuple),
    metric=words,
    baseline=st.none() | floats,
    cause=st.none() | one_of_words(Cause),
    until=st.none() | moments,
)
events = whole(
    Event,
    id=words,
    incident=incidents,
    kind=st.sampled_from(["opened", "worsened", "resolved"]),
    at=moments,
    by=words,
    note=words,
)
outbox = whole(
    OutboxRow,
    id=words,
    event_id=words,
    model=words,
    channel=words,
    state=st.sampled_from(["pending", "claimed", "sent", "failed", "held", "dropped"]),
    due=moments,
    attempts=counts,
    error=words,
    batch=words,
    rest=st.lists(words, max_size=3).map(tuple),
    settled=st.none() | moments,
)


@given(window_results)
def test_window_results_come_back_equal(result: WindowResult) -> None:
    assert rows.window_result(rows.window_row(result)) == result


@given(performances)
def test_performance_results_come_back_equal(result: PerformanceResult) -> None:
    back = rows.performance_result(rows.performance_row(result))
    assert back == result
    assert list(back.metrics) == list(result.metrics)


@given(incidents)
def test_incidents_come_back_equal(incident: Incident) -> None:
    assert incident_rows.incident(incident_rows.incident_row(incident)) == incident


@given(events)
def test_events_come_back_equal(event: Event) -> None:
    assert incident_rows.event(incident_rows.event_row(event)) == event


@given(outbox)
def test_outbox_rows_come_back_equal(row: OutboxRow) -> None:
    assert incident_rows.outbox(incident_rows.outbox_row(row)) == row


def test_numbers_of_numpy_come_back_as_plain_ones() -> None:
    one: Any = np.float64(0.1)
    figures: Any = (one, one, one, np.float32(2), one, one, one)
    column = ColumnVerdict("x", "numeric", np.True_, "psi", *figures)  # type: ignore[arg-type]
    verdict = Verdict(np.False_, one, (column,), "calibrated")  # type: ignore[arg-type]
    window = Window(MOMENT, MOMENT + timedelta(days=1))
    result = WindowResult(window, np.int64(3), "judged", verdict, (), MOMENT)  # type: ignore[arg-type]
    back = rows.window_result(rows.window_row(result))
    assert back == result
    assert back.verdict is not None
    assert type(back.verdict.alarm) is bool
    assert type(back.verdict.columns[0].value) is float


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none_come_back_as_they_were(value: float) -> None:
    metric = MetricChange(value, value, None, None, None, None, None, False)
    window = Window(MOMENT, MOMENT + timedelta(days=1))
    result = PerformanceResult(
        *(window, window, 1, 1, "judged", {"rmse": metric}, "rmse", False, None, MOMENT)
    )
    back = rows.performance_result(rows.performance_row(result)).metrics["rmse"].current
    assert back is not None
    assert repr(back) == repr(value)


def test_a_verdict_of_another_version_is_an_error_that_says_so() -> None:
    figures = (0.1, 0.2, 0.3, 2.0, 0.0, 0.0, 0.02)
    column = ColumnVerdict("x", "numeric", True, "psi", *figures, ("psi",))
    window = Window(MOMENT, MOMENT + timedelta(days=1))
    verdict = Verdict(True, 0.1, (column,), "calibrated")
    row = rows.window_row(WindowResult(window, 9, "judged", verdict, (), MOMENT))
    body = unpack(row["body"])
    for later in ("relation", "least_effect"):
        del body["verdict"]["columns"][later]
    with pytest.raises(StoreError, match="no least_effect, relation: another version"):
        rows.window_result(row | {"body": pack(body)})


def test_the_rows_of_a_day_with_fifty_columns_stay_small() -> None:
    random = np.random.default_rng(3)
    verdict = Verdict(
        False,
        0.5,
        tuple(
            ColumnVerdict(f"c{n}", "numeric", False, "psi", a, b, c, d, e, f, 0.02)
            for n, (a, b, c, d, e, f) in enumerate(random.random((50, 6)).tolist())
        ),
        "calibrated",
    )
    window = Window(MOMENT, MOMENT + timedelta(days=1))
    result = WindowResult(window, 1000, "judged", verdict, (), MOMENT)
    assert len(rows.window_row(result)["body"]) < 4000


@pytest.mark.parametrize("body", [b"", b"not compressed", pack({"a": 1})[:-3]])
def test_a_damaged_body_is_an_error_that_says_so(body: bytes) -> None:
    row = incident_rows.outbox_row(OutboxRow("i", "e", "m", "c", "pending", MOMENT))
    with pytest.raises(StoreError, match="damaged"):
        incident_rows.outbox(row | {"body": body})


def test_records_of_two_moments_differ_by_a_microsecond() -> None:
    event = Event("e", replace(_incident(), opened=MOMENT), "opened", MOMENT)
    later = replace(event, at=MOMENT + timedelta(microseconds=1))
    assert incident_rows.event(incident_rows.event_row(event)) != incident_rows.event(
        incident_rows.event_row(later)
    )


def _incident() -> Incident:
    return Incident(
        *("i", "m", "data_drift", "high", "open", MOMENT, MOMENT, None, MOMENT, ("a",), "moved")
    )
