from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PYTHONS = ("3.11", "3.12", "3.13")
REGISTRY = re.compile(r"py[p]i\.org|python[h]osted|npm[j]s\.|deb\.[d]ebian")
MACHINE_PATH = re.compile(r"(?<![\w.~{}])/(?:work|root|farm|home)/")
TEMPORARY_PATH = re.compile(r"(?<![\w.~{}])/tmp/")
MAX_LINES = 300


def tracked() -> list[Path]:
    """The repository's files, those about to be added too."""
    told = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [path for name in told.split("\0") if name and (path := ROOT / name).is_file()]


def text_lines(*under: str) -> Iterator[tuple[str, str]]:
    """`file:number` and text of every line of text, in the given folders or everywhere."""
    for path in tracked():
        name = path.relative_to(ROOT).as_posix()
        if under and not name.startswith(under):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            yield f"{name}:{number}", line


def found(pattern: re.Pattern[str], *under: str) -> list[str]:
    return [f"{where} {line.strip()}" for where, line in text_lines(*under) if pattern.search(line)]


def locked() -> dict[str, list[str]]:
    """The lock's entries by package: for each, its version and marker as written."""
    entries: dict[str, list[str]] = {}
    for line in LOCK.splitlines():
        if line and not line.startswith((" ", "#")):
            entries.setdefault(line.partition("==")[0], []).append(line.removesuffix("\\").strip())
    return entries


def wanted() -> list[str]:
    groups: dict[str, list[str]] = PROJECT["dependency-groups"]
    return [*PROJECT["project"]["dependencies"], *groups["dev"]]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_no_package_registry_is_named() -> None:
    assert found(REGISTRY) == []


def test_no_path_of_somebodys_machine_is_named() -> None:
    assert found(MACHINE_PATH) == []


def test_product_and_docs_name_no_temporary_path() -> None:
    assert found(TEMPORARY_PATH, "src/", "docs/", "README.md", "examples/") == []


def test_source_files_are_short() -> None:
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for path in tracked()
        if path.suffix == ".py"
        and path.is_relative_to(ROOT / "src")
        and (lines := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert long == {}


def test_every_test_file_has_a_name_that_pytest_collects() -> None:
    stray = [
        path.relative_to(ROOT).as_posix()
        for path in tracked()
        if path.is_relative_to(ROOT / "tests")
        and path.suffix == ".py"
        and not path.name.startswith(("test_", "conftest"))
        and "def test_" in path.read_text(encoding="utf-8")
    ]
    assert stray == []


def test_the_lock_names_no_address() -> None:
    assert "://" not in LOCK
    assert not re.search(r"^-", LOCK, flags=re.MULTILINE)


def test_every_locked_version_has_hashes() -> None:
    entries = re.split(r"\n(?=\S)", LOCK.strip())
    assert len(entries) == sum(map(len, locked().values())) > 20
    for entry in entries:
        first, *rest = entry.splitlines()
        assert re.match(r"[a-z0-9-]+==\S+( ; .+)? \\$", first), first
        assert rest, first
        assert all(re.match(r"    --hash=sha256:[0-9a-f]{64}( \\)?$", line) for line in rest), first


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("requirement", wanted())
def test_the_lock_satisfies_pyproject(requirement: str, python: str) -> None:
    asked = Requirement(requirement)
    machine = {"python_version": python, "python_full_version": f"{python}.9"}
    versions = [
        str(entry.specifier).removeprefix("==")
        for line in locked().get(canonical(asked.name), [])
        if (entry := Requirement(line)).marker is None or entry.marker.evaluate(machine)
    ]
    assert len(versions) == 1, f"{requirement} is locked to {versions}; see CONTRIBUTING.md"
    assert asked.specifier.contains(versions[0], prereleases=True)


def test_the_supported_pythons_are_the_tested_ones() -> None:
    told = [line.rpartition(" ")[2] for line in PROJECT["project"]["classifiers"]]
    assert [version for version in told if re.fullmatch(r"3\.\d+", version)] == list(PYTHONS)


def test_every_page_of_the_docs_is_reached_from_its_index() -> None:
    pages = {path for path in tracked() if path.suffix == ".md" and (ROOT / "docs") in path.parents}
    reached = {ROOT / "docs" / "README.md"}
    todo = list(reached)
    while todo:
        for page in links(todo.pop()):
            if page in pages and page not in reached:
                reached.add(page)
                todo.append(page)
    assert sorted(str(page.relative_to(ROOT)) for page in pages - reached) == []


def test_no_page_links_to_a_file_that_is_not_there() -> None:
    dead = [
        f"{page.relative_to(ROOT)} -> {target.relative_to(ROOT)}"
        for page in tracked()
        if page.suffix == ".md"
        for target in links(page)
        if not target.exists()
    ]
    assert dead == []


def links(page: Path) -> list[Path]:
    """The files that a page links to, whether they exist or not."""
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", prose)
    return [(page.parent / target).resolve() for target in targets if "://" not in target]
