"""The demo's files, written once for all tests of this folder."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from tests.demo.playing import Played, play_once

from driftline.demo.flights import flights_2013, write_demo


@pytest.fixture(scope="session")
def steps() -> list[tuple[str, int, int]]:
    """The progress that `write_demo` reported while it filled `demo`."""
    return []


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]]) -> Path:
    """The folder that `write_demo` filled; it made it first."""
    folder = tmp_path_factory.mktemp("demo") / "new" / "folder"
    settings = write_demo(folder, lambda *step: steps.append(step))
    assert settings == folder / "driftline.yaml"
    return folder


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Played:
    """The demo, played once for all processes that run tests."""
    own = tmp_path_factory.getbasetemp()
    return play_once((own if worker_id == "master" else own.parent) / "played")


@pytest.fixture(scope="session")
def flights() -> pd.DataFrame:
    """The bundled data as it is."""
    return flights_2013()


@pytest.fixture(scope="session")
def predicted(demo: Path) -> pd.DataFrame:
    """All prediction files, one after the other."""
    return pd.concat([pd.read_parquet(p) for p in sorted((demo / "predictions").iterdir())])


@pytest.fixture(scope="session")
def labelled(demo: Path) -> pd.DataFrame:
    """All label files, one after the other."""
    return pd.concat([pd.read_parquet(p) for p in sorted((demo / "labels").iterdir())])


@pytest.fixture(scope="session")
def outcomes(predicted: pd.DataFrame, labelled: pd.DataFrame) -> pd.DataFrame:
    """Every prediction with its label: `actual` is null where none came."""
    labels = labelled.rename(columns={"late": "actual"})
    return predicted.merge(labels, on="id", how="left", validate="one_to_one")


@pytest.fixture(scope="session")
def planned(flights: pd.DataFrame) -> pd.DataFrame:
    """All flights with `day`, the UTC day of scheduled departure."""
    return flights.assign(day=_day(flights["timestamp"]))


@pytest.fixture(scope="session")
def scored(outcomes: pd.DataFrame) -> pd.DataFrame:
    """All outcomes with `day` (of push-back) and `right` (null without a label)."""
    actual = outcomes["actual"].astype("boolean")
    return outcomes.assign(
        day=_day(outcomes["timestamp"]), actual=actual, right=outcomes["late"] == actual
    )


@pytest.fixture(scope="session")
def page() -> str:
    """The page about the demo's year."""
    return (Path(__file__).parents[2] / "docs" / "explanation" / "demo-2013.md").read_text()


@pytest.fixture(scope="session")
def table_in_page(page: str) -> Callable[[str], list[list[str]]]:
    """The cells of the table after `<!-- figures: NAME -->`, its head first."""

    def read(name: str) -> list[list[str]]:
        found = re.search(rf"<!-- figures: {name} -->\n((?:\|.*\n)+)", page)
        assert found, f"the page has no table called {name}"
        lines = [line.strip("|\n ").split(" | ") for line in found[1].splitlines()]
        return [lines[0], *lines[2:]]

    return read


def _day(moments: pd.Series) -> pd.Series:
    days: pd.Series = moments.dt.tz_localize(None).dt.floor("D")
    return days
