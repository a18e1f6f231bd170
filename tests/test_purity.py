"""The core takes values and gives values: no files, network, clock or unseeded randomness; and
`import driftline` stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import driftline

ROOT = Path(driftline.__file__).parent
CORE = (
    "profiles",
    "statistics",
    "alarms",
    "performance",
    "acceptance.py",
    "change_words.py",
    "comparison.py",
    "digest.py",
    "incidents.py",
    "kept_rows.py",
    "labels.py",
    "mutes.py",
    "notices.py",
    "records.py",
    "tally.py",
    "windows.py",
    "wording.py",
)
BANNED = {
    "asyncio",
    "duckdb",
    "fcntl",
    "getpass",
    "glob",
    "http",
    "httpx",
    "importlib",
    "io",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "pickle",
    "plotly",
    "random",
    "requests",
    "secrets",
    "shutil",
    "smtplib",
    "socket",
    "sqlalchemy",
    "sqlite3",
    "ssl",
    "streamlit",
    "subprocess",
    "sys",
    "tempfile",
    "time",
    "urllib",
    "uuid",
}
RIM = {
    "cli",
    "client",
    "dashboard",
    "demo",
    "report",
    "service",
    "settings",
    "sources",
    "stores",
    "channels",
    "reference",
}
EXCEPTIONS = {("profiles/profile.py", "os")}
"""`os.cpu_count` says how many threads to use; it changes no result."""

FORBIDDEN_CALLS = {"open", "print", "input", "exec", "eval", "breakpoint"}
FORBIDDEN_METHODS = {"now", "utcnow", "today", "default_rng", "seed", "read_table", "read_csv"}


def _core_files() -> list[Path]:
    found = [path for name in CORE for path in sorted((ROOT / name).rglob("*.py"))]
    return [*found, *(ROOT / name for name in CORE if (ROOT / name).is_file())]


def _imports(tree: ast.AST) -> set[str]:
    """Full names of all modules imported anywhere in the file, within functions too."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def _faults(source: str, where: str) -> list[str]:
    tree = ast.parse(source)
    faults = []
    for name in sorted(_imports(tree)):
        top, _, rest = name.partition(".")
        if top in BANNED and (where, top) not in EXCEPTIONS:
            faults.append(f"{where} imports {name}")
        if top == "driftline" and rest.split(".")[0] in RIM:
            faults.append(f"{where} imports {name} from the rim")
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id in FORBIDDEN_CALLS:
            faults.append(f"{where}:{node.lineno} calls {called.id}")
        if isinstance(called, ast.Attribute):
            unseeded = called.attr == "default_rng" and not node.args
            clock_or_file = called.attr in FORBIDDEN_METHODS - {"default_rng"}
            if unseeded or clock_or_file:
                faults.append(f"{where}:{node.lineno} calls {called.attr}")
    return faults


@pytest.mark.parametrize("path", _core_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_core_reads_nothing_but_its_arguments(path: Path) -> None:
    assert _faults(path.read_text(), path.relative_to(ROOT).as_posix()) == []


@pytest.mark.parametrize(
    "source",
    [
        "import os",
        "from pathlib import Path",
        "def f():\n    import time",
        "from urllib import request",
        "from driftline.stores import memory",
        "from driftline import settings",
        "datetime.now(UTC)",
        "np.random.default_rng()",
        "open('x')",
    ],
)
def test_what_is_impure_is_found(source: str) -> None:
    assert _faults(source, "x.py")


def test_only_one_thing_of_the_operating_system_is_used() -> None:
    tree = ast.parse((ROOT / "profiles" / "profile.py").read_text())
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    }
    assert used == {"cpu_count"}


def _modules_after(statement: str) -> set[str]:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path[:0] = {sys.path!r}; {statement}; print(*sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    ["import driftline", "from driftline.statistics import statistics; statistics()"],
)
def test_importing_loads_nothing_heavy(statement: str) -> None:
    heavy = {"sklearn", "scipy.stats", "pandas", "streamlit", "sqlalchemy", "plotly", "duckdb"}
    assert not heavy & _modules_after(statement)
