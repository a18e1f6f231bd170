"""Figures about the data in docs/explanation/demo-2013.md, computed again and compared.

Tables in the page follow a line `<!-- figures: NAME -->`; NAME is a function here or in
`test_story_of_the_model.py`. `planned` holds all flights, `scored` all predictions with labels.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

FLORIDA = ("EYW", "FLL", "JAX", "MCO", "MIA", "PBI", "RSW", "SRQ", "TPA")

Rows = list[list[str]]


def head(names: str) -> list[str]:
    return names.split("|")


def share(values: pd.Series) -> str:
    return f"{100 * values.astype('float64').mean():.1f} %"


def date_words(day: object) -> str:
    return f"{pd.Timestamp(str(day)):%-d %b}"


def by_month(scored: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(f"{rows['day'].min():%b}", rows) for _, rows in scored.groupby(scored.day.dt.month)]


def storms(planned: pd.DataFrame, scored: pd.DataFrame) -> Rows:
    rows = [head("day|scored|cancelled|no label")]
    cancelled = planned.groupby("day")["dep_delay"].agg(lambda delay: delay.isna().mean())
    for day, of_day in scored.groupby("day"):
        if cancelled[day] >= 0.1:
            lost = f"{100 * cancelled[day]:.1f} %"
            rows.append([date_words(day), str(len(of_day)), lost, share(of_day["actual"].isna())])
    return rows


def waiting(planned: pd.DataFrame, scored: pd.DataFrame) -> Rows:
    rows = [head("when|predictions with a label")]
    midnight = scored["day"] + pd.Timedelta("1D")
    known = scored["known_at"].dt.tz_localize(None)
    for words, days in (("midnight UTC after the flight", 0), ("a day later", 1), ("ever", 999)):
        rows.append([words, share(known <= midnight + pd.Timedelta(days=days))])
    return rows


def gaps(planned: pd.DataFrame, scored: pd.DataFrame) -> Rows:
    rows = [head("day|airports|flights without temp")]
    for day, of_day in scored.groupby("day"):
        without = of_day["temp"].isna()
        if without.mean() >= 0.01:
            airports = sorted(of_day.loc[without, "origin"].unique())
            rows.append([date_words(day), " ".join(airports), share(without)])
    return rows


def seasons(planned: pd.DataFrame, scored: pd.DataFrame) -> Rows:
    rows = [
        head(
            "month|temp|dewp|temp beyond Jan-Mar|dewp beyond Jan-Mar|gusts reported"
            "|wind_dir missing|rain|visib below 10"
        )
    ]
    past = scored[scored["day"] < pd.Timestamp("2013-04-01")]
    for month, of_month in by_month(scored):
        weather = of_month[of_month["visib"].notna()]
        beyond = [
            share((weather[name] > past[name].max()) | (weather[name] < past[name].min()))
            for name in ("temp", "dewp")
        ]
        rows.append(
            [
                month,
                *(f"{weather[name].median():.0f} °F" for name in ("temp", "dewp")),
                *beyond,
                share(weather["wind_gust"].notna()),
                share(weather["wind_dir"].isna()),
                share(weather["precip"] > 0),
                share(weather["visib"] < 10),
            ]
        )
    return rows


def schedule(planned: pd.DataFrame, scored: pd.DataFrame) -> Rows:
    rows = [
        head(
            "month|VX|EV|from LGA|to Florida|dest new since March|distance new since March"
            "|plane built 2011 or later|plane_seats"
        )
    ]
    past = scored[scored["day"] < pd.Timestamp("2013-04-01")]
    for month, of_month in by_month(scored):
        rows.append(
            [
                month,
                share(of_month["carrier"] == "VX"),
                share(of_month["carrier"] == "EV"),
                share(of_month["origin"] == "LGA"),
                share(of_month["dest"].isin(FLORIDA)),
                share(~of_month["dest"].isin(past["dest"].unique())),
                share(~of_month["distance"].isin(past["distance"].unique())),
                share(of_month["plane_year"].dropna() >= 2011),
                f"{of_month['plane_seats'].mean():.0f}",
            ]
        )
    return rows


def routes(planned: pd.DataFrame, scored: pd.DataFrame) -> Rows:
    rows = [head("carrier|from|to|first|last|flights")]
    local = planned["timestamp"].dt.tz_convert("America/New_York").dt.tz_localize(None)
    flown = planned.assign(local=local.dt.floor("D"))
    for names, of_route in flown.groupby(["carrier", "origin", "dest"], observed=True):
        first, last = of_route["local"].agg(["min", "max"])
        starts, ends = first >= pd.Timestamp("2013-04-01"), last < pd.Timestamp("2013-12-01")
        if len(of_route) >= 180 and (starts or ends):
            rows.append([*map(str, names), date_words(first), date_words(last), str(len(of_route))])
    return rows


FIGURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame], Rows]] = {
    function.__name__: function for function in (storms, waiting, gaps, seasons, schedule, routes)
}


@pytest.mark.parametrize("name", FIGURES)
def test_the_figures_in_the_page_are_those_of_the_data(
    name: str,
    planned: pd.DataFrame,
    scored: pd.DataFrame,
    table_in_page: Callable[[str], Rows],
) -> None:
    assert table_in_page(name) == FIGURES[name](planned, scored)


def test_what_is_said_of_missing_values_holds(planned: pd.DataFrame) -> None:
    wet = (planned["precip"] > 0) | (planned["visib"] < 10)
    assert share(planned.loc[wet, "pressure"].isna()) == "40.0 %"
    assert share(planned.loc[~wet, "pressure"].isna()) == "5.2 %"
    assert share(planned["wind_gust"].isna()) == "76.1 %"
    assert share(planned["plane_seats"].isna()) == "15.6 %"


def test_no_airline_begins_after_january(planned: pd.DataFrame) -> None:
    first = planned.groupby("carrier", observed=True)["day"].min()
    assert (first <= pd.Timestamp("2013-01-30")).all()


def test_the_fewest_predictions_after_march_are_on_the_day_after_thanksgiving(
    scored: pd.DataFrame,
) -> None:
    live = scored[scored["day"] >= pd.Timestamp("2013-04-01")].groupby("day").size()
    assert (date_words(live.idxmin()), live.min()) == ("29 Nov", 603)


def test_delays_last_from_24_june_to_13_july(scored: pd.DataFrame) -> None:
    late = (scored["dep_delay"] > 15).groupby(scored["day"]).mean()
    spell = late.loc["2013-06-24":"2013-07-13"]
    assert (len(spell), int((spell >= 1 / 3).sum())) == (20, 16)
