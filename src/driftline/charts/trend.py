"""A performance metric over time: its interval, baseline and alarms, and label coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import plotly.graph_objects as go

from driftline.charts.look import ALARM, BLUE, GREY, axis_time, fade, figure, label, say
from driftline.records import Incident, MetricChange, PerformanceResult
from driftline.wording import KINDS, metric_name, number, percent, span

_COVERAGE = [0.0, 0.17]
_METRIC = [0.27, 1.0]


def performance_trend(
    results: Sequence[PerformanceResult],
    metric: str,
    incidents: Sequence[Incident] = (),
    drop: float | None = None,
) -> go.Figure:
    """One metric of the current spans, drawn at each span's end; label coverage as bars beneath.

    The newest judgement of a span counts. `drop` is the relative drop that alarms (0.05: 5 %);
    given, its threshold is drawn. Performance incidents are shaded from their start to their end.
    """
    newest = {r.span: r for r in sorted(results, key=lambda r: r.judged_at)}
    ordered = [newest[span] for span in sorted(newest)]
    if not ordered:
        return say(figure(200), "No labels have been joined yet")
    made = figure(380, hovermode="x", bargap=0)
    changes = [_enough(result).get(metric) for result in ordered]
    times = axis_time(result.span.end for result in ordered)
    _incidents(made, incidents, (ordered[0].span.end, ordered[-1].span.end))
    if any(change and change.current is not None for change in changes):
        _band(made, times, changes)
        _baseline(made, times, changes, drop)
        _line(made, times, ordered, changes)
        _alarms(made, times, changes)
    else:
        waiting = "Not enough labels yet to measure " + label(metric_name(metric))
        made.add_annotation(text=waiting, showarrow=False, xref="paper", x=0.5, yref="paper", y=0.6)
    _coverage(made, times, ordered)
    made.update_layout(
        xaxis={"type": "date", "anchor": "y2", "showgrid": False, "hoverformat": "%-d %b %Y %H:%M"},
        yaxis={"domain": _METRIC, "title": {"text": label(metric_name(metric))}, "nticks": 6},
        yaxis2={
            "domain": _COVERAGE,
            "range": [0, 105],
            "tickvals": [0, 100],
            "ticktext": ["0 %", "100 %"],
            "title": {"text": "Labelled"},
        },
    )
    return made


def _enough(result: PerformanceResult) -> Mapping[str, MetricChange]:
    """The metrics of a span; none where too few of its predictions have a label."""
    return {} if result.status == "too_few_labels" else result.metrics


def _values(changes: Sequence[MetricChange | None], name: str) -> list[float | None]:
    return [getattr(change, name) if change else None for change in changes]


def _band(made: go.Figure, times: Sequence[str], changes: Sequence[MetricChange | None]) -> None:
    sides = _values(changes, "low"), _values(changes, "high")
    _filled(made, times, sides, "interval", BLUE, 0.18)


def _filled(
    made: go.Figure,
    times: Sequence[str],
    sides: tuple[Sequence[float | None], Sequence[float | None]],
    name: str,
    colour: str,
    alpha: float,
) -> None:
    """The band between two lines, as one closed shape per stretch in which both are known."""
    shown = True
    stretch: list[tuple[str, float, float]] = []
    for time, low, high in [*zip(times, *sides, strict=True), ("", None, None)]:
        if low is not None and high is not None:
            stretch.append((time, low, high))
        elif stretch:
            made.add_scatter(
                x=[t for t, _, _ in stretch] + [t for t, _, _ in reversed(stretch)],
                y=[h for _, _, h in stretch] + [lo for _, lo, _ in reversed(stretch)],
                mode="lines",
                line={"width": 0},
                fill="toself",
                fillcolor=fade(colour, alpha),
                name=name,
                legendgroup=name,
                showlegend=shown,
                hoverinfo="skip",
            )
            shown, stretch = False, []


def _baseline(
    made: go.Figure,
    times: Sequence[str],
    changes: Sequence[MetricChange | None],
    drop: float | None,
) -> None:
    baselines = _values(changes, "baseline")
    line: dict[str, Any] = {"mode": "lines", "hoverinfo": "skip", "x": times}
    made.add_scatter(
        y=baselines, name="baseline", line={"color": GREY, "width": 1.5, "dash": "dash"}, **line
    )
    if drop:
        sign = 1 if _more_is_better(changes) else -1
        limits = [None if b is None else b - sign * drop * abs(b) for b in baselines]
        _filled(made, times, (baselines, limits), "allowed", GREY, 0.13)
        made.add_scatter(
            y=limits,
            name=f"alarm threshold ({percent(sign * -drop, sign=True)})",
            line={"color": ALARM, "width": 1.2, "dash": "dot"},
            **line,
        )


def _more_is_better(changes: Sequence[MetricChange | None]) -> bool:
    """Read off the results: where more is better, a fall of the metric is a positive drop."""
    for change in changes:
        if change and change.drop and change.current is not None and change.baseline is not None:
            return (change.current < change.baseline) == (change.drop > 0)
    return True


def _line(
    made: go.Figure,
    times: Sequence[str],
    results: Sequence[PerformanceResult],
    changes: Sequence[MetricChange | None],
) -> None:
    made.add_scatter(
        x=times,
        y=_values(changes, "current"),
        mode="lines" if len(times) > 1 else "markers",
        name="current span",
        legendrank=1,
        line={"color": BLUE, "width": 2},
        customdata=[_point(result, c) for result, c in zip(results, changes, strict=True)],
        hovertemplate="%{customdata}<extra></extra>",
    )


def _point(result: PerformanceResult, change: MetricChange | None) -> str:
    if change is None or change.current is None:
        return f"{span(result.span)}<br>not measured"
    words = f"{span(result.span)}<br><b>{number(change.current)}</b>"
    if change.low is not None and change.high is not None:
        words += f" ({number(change.low)} to {number(change.high)})"
    if change.baseline is not None:
        words += f"<br>baseline {number(change.baseline)}"
    if change.drop is not None:
        words += f"<br>{'worse' if change.drop > 0 else 'better'} by {percent(abs(change.drop))}"
    return words + ("<br><b>alarm</b>" if change.alarm else "")


def _alarms(made: go.Figure, times: Sequence[str], changes: Sequence[MetricChange | None]) -> None:
    points = [(t, c.current) for t, c in zip(times, changes, strict=True) if c and c.alarm]
    if points:
        made.add_scatter(
            x=[time for time, _ in points],
            y=[value for _, value in points],
            mode="markers",
            name="alarm",
            marker={"color": ALARM, "symbol": "diamond", "size": 7},
            hoverinfo="skip",
        )


def _incidents(
    made: go.Figure, incidents: Sequence[Incident], shown: tuple[datetime, datetime]
) -> None:
    """Shade performance incidents; the legend says what the shade is."""
    seen = False
    for incident in incidents:
        end = shown[1] if incident.is_open else incident.trouble.end
        if incident.kind != "performance" or end < shown[0] or incident.since > shown[1]:
            continue
        seen = True
        left, right = axis_time([max(incident.since, shown[0]), end])
        made.add_shape(
            type="rect",
            x0=left,
            x1=right,
            y0=_METRIC[0],
            y1=1,
            yref="paper",
            layer="below",
            line={"width": 0},
            fillcolor=fade(ALARM, 0.11),
        )
    if seen:
        made.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            marker={"color": fade(ALARM, 0.25), "symbol": "square", "size": 12},
            name=KINDS["performance"].lower(),
            legendrank=2000,
            hoverinfo="skip",
        )


def _coverage(made: go.Figure, times: Sequence[str], results: Sequence[PerformanceResult]) -> None:
    made.add_bar(
        x=times,
        y=[100 * result.coverage for result in results],
        yaxis="y2",
        name="predictions with a label",
        marker={"color": fade(GREY, 0.4), "line": {"width": 0}},
        customdata=[
            f"{percent(result.coverage)} labelled<br>{result.labelled:,} of {result.rows:,}"
            for result in results
        ],
        hovertemplate="%{customdata}<extra></extra>",
        showlegend=False,
    )
