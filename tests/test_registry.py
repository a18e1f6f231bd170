"""Parts are found in a package's folder and among entry points."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftline.errors import PartError
from driftline.registry import parts
from driftline.statistics import Statistic

MODULE = """
from driftline.statistics import Statistic

thing = Statistic(name="{name}", compute=lambda reference, current: 0.0)
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an importable empty package of this test's own."""
    name = f"parts_of_{tmp_path.name}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


def _announce(folder: Path, package: str, value: str) -> None:
    info = folder / "acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{package}]\nthing = {value}\n")


def test_modules_and_folders_with_a_part_are_found_and_helpers_passed_over(
    tmp_path: Path, package: str
) -> None:
    (tmp_path / package / "second.py").write_text(MODULE.format(name="zeta"))
    (tmp_path / package / "first").mkdir()
    (tmp_path / package / "first" / "__init__.py").write_text(MODULE.format(name="alpha"))
    (tmp_path / package / "helper.py").write_text("from driftline.statistics import Statistic\n")
    assert list(parts(package, Statistic)) == ["alpha", "zeta"]


def test_a_part_that_another_module_imports_is_still_one_part(tmp_path: Path, package: str) -> None:
    (tmp_path / package / "one.py").write_text(MODULE.format(name="alpha"))
    (tmp_path / package / "two.py").write_text(f"from {package}.one import thing\n")
    assert list(parts(package, Statistic)) == ["alpha"]


def test_entry_points_of_other_distributions_are_found(tmp_path: Path, package: str) -> None:
    (tmp_path / f"{package}_plugin.py").write_text(MODULE.format(name="theirs"))
    _announce(tmp_path, package, f"{package}_plugin:thing")
    assert parts(package, Statistic)["theirs"].name == "theirs"


def test_two_parts_of_one_name_are_an_error_that_says_where_both_are(
    tmp_path: Path, package: str
) -> None:
    (tmp_path / package / "ours.py").write_text(MODULE.format(name="same"))
    (tmp_path / f"{package}_plugin.py").write_text(MODULE.format(name="same"))
    _announce(tmp_path, package, f"{package}_plugin:thing")
    with pytest.raises(PartError, match=r'name "same".*\.ours.*"thing" of acme; rename'):
        parts(package, Statistic)


@pytest.mark.parametrize("value", ["no_such_module_at_all:thing", "driftline.windows:nothing"])
def test_an_entry_point_that_cannot_be_loaded_names_its_distribution(
    tmp_path: Path, package: str, value: str
) -> None:
    _announce(tmp_path, package, value)
    with pytest.raises(PartError, match=r"of acme .* cannot be loaded: .*uninstall"):
        parts(package, Statistic)


def test_an_entry_point_of_another_type_is_refused(tmp_path: Path, package: str) -> None:
    _announce(tmp_path, package, "driftline.windows:iso")
    with pytest.raises(PartError, match="must be a Statistic; found a function"):
        parts(package, Statistic)
