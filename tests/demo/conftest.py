"""The demo's files, written once for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

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
