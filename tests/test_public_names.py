from __future__ import annotations

import ast
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import driftline

ROOT = Path(__file__).parent.parent
HEAVY = (
    "sklearn",
    "scipy.stats",
    "pandas",
    "sqlalchemy",
    "plotly",
    "pyarrow",
    "numpy",
    "streamlit",
)


@pytest.mark.parametrize("name", driftline.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(driftline, name).__name__ == name


def test_the_names_that_type_checkers_see_are_the_public_names() -> None:
    tree = ast.parse(Path(driftline.__file__).read_text(encoding="utf-8"))
    seen = {
        alias.asname: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }
    assert seen == driftline._HOMES


def test_no_public_name_is_hidden_by_a_module_of_the_same_name() -> None:
    modules = {module.name for module in pkgutil.iter_modules(driftline.__path__)}
    assert modules.isdisjoint(driftline.__all__)


def test_the_docs_list_the_public_names() -> None:
    page = (ROOT / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE)
    assert listed == sorted(driftline.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'refrence'"):
        driftline.refrence  # noqa: B018


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert driftline.__version__ in {project["version"], "0 (not installed)"}


def test_the_package_is_typed() -> None:
    assert Path(driftline.__file__).with_name("py.typed").is_file()


@pytest.mark.parametrize("module", ["driftline", "driftline.cli"])
def test_neither_importing_driftline_nor_starting_its_command_imports_anything_heavy(
    module: str,
) -> None:
    code = f"import sys, {module}; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert module in loaded
    assert [name for name in HEAVY if name in loaded] == []
