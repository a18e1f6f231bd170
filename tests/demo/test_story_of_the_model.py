"""Figures about the model in docs/explanation/demo-2013.md, computed again and compared.

What the model says may differ by half a point from one version of scikit-learn to another.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.metrics import f1_score, roc_auc_score

from driftline.demo.model import FEATURES

OUTPUT = ("probability", "late")
SLACK = {"said late": 0.5, "accuracy": 0.5, "30 days before": 0.5, "drop": 0.5}
SLACK |= {"AUC": 0.005, "F1": 0.01}
SPELLS = ("2013-04-26", "2013-06-19", "2013-08-14", "2013-12-11")
MONTHS = ["Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
LIVE = pd.Timestamp("2013-04-01")

Rows = list[list[str]]


def head(names: str) -> list[str]:
    return names.split("|")


def share(values: pd.Series) -> str:
    return f"{100 * values.astype('float64').mean():.1f} %"


def date_words(day: object) -> str:
    return f"{pd.Timestamp(str(day)):%-d %b}"


def labelled_rows(scored: pd.DataFrame) -> pd.DataFrame:
    return scored[scored["actual"].notna()]


def performance(scored: pd.DataFrame) -> list[str]:
    known = labelled_rows(scored)
    actual = known["actual"].astype(bool)
    return [
        share(actual),
        share(known["late"]),
        share(known["right"]),
        f"{roc_auc_score(actual, known['probability']):.3f}",
        f"{f1_score(actual, known['late']):.2f}",
    ]


def months(planned: pd.DataFrame, scored: pd.DataFrame) -> Rows:
    rows = [head("month|scored|cancelled|no label|arrive late|said late|accuracy|AUC|F1")]
    for _, of_month in scored.groupby(scored["day"].dt.month):
        due = planned[planned["day"].between(*of_month["day"].agg(["min", "max"]))]
        rows.append(
            [
                f"{of_month['day'].min():%b}",
                f"{len(of_month):,}",
                share(due["dep_delay"].isna()),
                share(of_month["actual"].isna()),
                *performance(of_month),
            ]
        )
    return rows


def weeks(planned: pd.DataFrame, scored: pd.DataFrame) -> Rows:
    rows = [head("Monday|scored|arrive late|said late|accuracy|AUC|F1")]
    monday = scored["day"] - pd.to_timedelta(scored["day"].dt.day_of_week, unit="D")
    for start, of_week in scored.groupby(monday):
        rows.append([date_words(start), f"{len(of_week):,}", *performance(of_week)])
    return rows


def spells(planned: pd.DataFrame, scored: pd.DataFrame) -> Rows:
    rows = [
        head(
            "seven days|arrive late|said late|accuracy|30 days before|drop"
            "|late though left on time|rain|seeing less than 10 miles"
        )
    ]
    known = labelled_rows(scored)
    ends = [pd.Timestamp(text) for text in SPELLS]
    spans = [(last - pd.Timedelta("6D"), last) for last in ends]
    for first, last in [(pd.Timestamp("2013-01-01"), LIVE - pd.Timedelta("1D")), *spans]:
        span = known[known["day"].between(first, last)]
        past = known[known["day"].between(first - pd.Timedelta("30D"), first - pd.Timedelta("1D"))]
        drop = 1 - span["right"].mean() / past["right"].mean() if len(past) else 0.0
        rows.append(
            [
                f"{date_words(first)} to {date_words(last)}",
                share(span["actual"]),
                share(span["late"]),
                share(span["right"]),
                share(past["right"]) if len(past) else "none",
                f"{100 * drop:.1f} %" if len(past) else "none",
                share(span.loc[span["dep_delay"] <= 15, "actual"]),
                share(span["precip"] > 0),
                share(span["visib"] < 10),
            ]
        )
    return rows


def delay_days(planned: pd.DataFrame, scored: pd.DataFrame) -> Rows:
    rows = [head("day|left more than 15 minutes late|arrive late|accuracy|cancelled|precip|visib")]
    for day, of_day in scored[scored["day"] >= LIVE].groupby("day"):
        if (of_day["dep_delay"] > 15).mean() >= 0.45:
            rows.append(
                [
                    date_words(day),
                    share(of_day["dep_delay"] > 15),
                    share(of_day["actual"].dropna()),
                    share(of_day["right"].dropna()),
                    share(planned.loc[planned["day"] == day, "dep_delay"].isna()),
                    f"{of_day['precip'].mean():.3f}",
                    f"{of_day['visib'].mean():.1f}",
                ]
            )
    return rows


def unlike_any(planned: pd.DataFrame, scored: pd.DataFrame) -> Rows:
    """Live days further from January to March than 87 of its own 90 days."""
    rows = [["column", "limit", *MONTHS]]
    table = distances(scored)
    for name, limit in limits(table).items():
        beyond = table[name].iloc[90:] > max(limit, 0.02)
        counts = beyond.groupby(pd.DatetimeIndex(beyond.index).month).sum()
        if counts.sum() > 27:
            rows.append([str(name), f"{limit:.2f}", *(str(count) for count in counts)])
    return rows


def limits(table: pd.DataFrame) -> dict[str, float]:
    return {name: float(table[name].iloc[:90].nlargest(4).iloc[-1]) for name in table.columns}


def distances(scored: pd.DataFrame) -> pd.DataFrame:
    """How far each day lies from January to March (from the other days of it, in January to March).

    Kolmogorov-Smirnov distance for numbers, total variation for categories, and the difference of
    missing shares as a column of its own (`temp missing`).
    """
    start = pd.Timestamp("2013-01-01")
    day = (scored["day"] - start).dt.days.to_numpy().astype(np.int64)
    past = np.arange(365) < 90
    found: dict[str, NDArray[np.float64]] = {}
    for name in (*FEATURES, *OUTPUT):
        counts, missing = day_counts(scored[name], day)
        rest = counts[:90].sum(axis=0) - np.where(past[:, None], counts, 0)
        shares, others = (c / np.maximum(c.sum(axis=1, keepdims=True), 1) for c in (counts, rest))
        if scored[name].dtype in ("category", "bool"):
            found[name] = np.abs(shares - others).sum(axis=1) / 2
        else:
            found[name] = np.abs(shares.cumsum(axis=1) - others.cumsum(axis=1)).max(axis=1)
        if missing.any():
            gone = missing[:90].sum() - np.where(past, missing, 0)
            own = missing / (counts.sum(axis=1) + missing)
            found[f"{name} missing"] = np.abs(own - gone / (rest.sum(axis=1) + gone))
    return pd.DataFrame(found, index=pd.date_range(start, periods=365))


def day_counts(
    values: pd.Series, day: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows of each day by value, and those without."""
    codes = values.astype("category").cat.codes.to_numpy().astype(np.int64)
    counts = np.zeros((365, codes.max() + 2))
    np.add.at(counts, (day, codes), 1)
    return counts[:, :-1], counts[:, -1]


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Rows]] = {
    function.__name__: function for function in (months, weeks, spells, delay_days, unlike_any)
}


def number(text: str) -> float | None:
    found = re.match(r"[\d.]+", text)
    return float(found[0]) if found else None


@pytest.mark.parametrize("name", FIGURES)
def test_the_figures_in_the_page_are_those_of_the_model(
    name: str,
    planned: pd.DataFrame,
    scored: pd.DataFrame,
    table_in_page: Callable[[str], Rows],
) -> None:
    shown, computed = table_in_page(name), FIGURES[name](planned, scored)
    assert shown[0] == computed[0]
    assert len(shown) == len(computed)
    for there, here in zip(shown[1:], computed[1:], strict=True):
        for column, left, right in zip(shown[0], there, here, strict=True):
            if column in SLACK and number(left) is not None:
                assert number(left) == pytest.approx(number(right), abs=SLACK[column]), there
            else:
                assert left == right, (there, column)


def test_every_table_in_the_page_has_its_test(page: str) -> None:
    elsewhere = {"storms", "waiting", "gaps", "seasons", "schedule", "routes", "found"}
    assert set(re.findall(r"<!-- figures: (\w+) -->", page)) == elsewhere | set(FIGURES)


def test_accuracy_falls_by_five_percent_four_times_and_no_more(scored: pd.DataFrame) -> None:
    right = labelled_rows(scored).groupby("day")["right"].agg(["sum", "count"])
    current, baseline = right.rolling(7).sum(), right.rolling(30).sum().shift(7)
    drop = 1 - (current["sum"] / current["count"]) / (baseline["sum"] / baseline["count"])
    days = drop.index[(drop.index >= LIVE) & (drop >= 0.05)].to_series()
    runs = days.groupby((days.diff() > pd.Timedelta("1D")).cumsum())
    assert [(date_words(run.iloc[0]), date_words(run.iloc[-1])) for _, run in runs] == [
        ("22 Apr", "29 Apr"),
        ("18 Jun", "19 Jun"),
        ("13 Aug", "14 Aug"),
        ("8 Dec", "15 Dec"),
    ]


def test_delays_at_the_gate_are_as_ever_in_the_week_when_arrivals_leap(
    scored: pd.DataFrame,
) -> None:
    table = distances(scored)[["dep_delay", *OUTPUT]]
    week = table.loc["2013-04-22":"2013-04-26"]
    assert len(week) == 5
    assert (week <= pd.Series(limits(table))).to_numpy().all()
    on_time = labelled_rows(scored[scored["dep_delay"] <= 15])
    days = on_time["day"].between(pd.Timestamp("2013-04-22"), pd.Timestamp("2013-04-26"))
    assert share(on_time.loc[days, "actual"]) == "27.4 %"
    assert share(on_time.loc[on_time["day"] < LIVE, "actual"]) == "8.0 %"


def test_the_worst_days_by_accuracy_are_in_april_and_june(scored: pd.DataFrame) -> None:
    daily = labelled_rows(scored).groupby("day")["right"].mean().astype(float)
    assert [date_words(day) for day in daily.nsmallest(2).index] == ["25 Apr", "13 Jun"]
