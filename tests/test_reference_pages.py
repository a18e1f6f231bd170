"""Reference pages are what the code says and leave nothing out; pictures are there and small."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from driftline.performance import metrics
from driftline.statistics import statistics

DOCS = Path(__file__).parents[1] / "docs"


def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", sorted(generate().PAGES))
def test_a_generated_page_is_what_the_code_says(page: str) -> None:
    written = (DOCS / page).read_text(encoding="utf-8")
    assert written == generate().PAGES[page](), "run `python docs/generate.py`"


def test_every_statistic_has_its_section_with_an_example_that_runs() -> None:
    page = generate().statistics_page()
    for name in statistics():
        section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert f'>>> {name} = statistics()["{name}"]' in section, name
        assert "**Formula:**" in section, name


def test_every_metric_has_its_section() -> None:
    page = generate().metrics_page()
    assert [name for name in metrics() if f"\n## {name}\n" not in page] == []


def test_every_command_is_there_with_every_option_described() -> None:
    page = generate().commands_page()
    for words in ("check", "backtest", "compare REFERENCE CURRENT", "init DATA", "config check"):
        assert f"\n## driftline {words}\n" in page
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) > 15
    assert [row for row in rows if row.split(" | ")[1] in ("", "None")] == []


def test_pictures_are_used_and_load_quickly() -> None:
    pages = [DOCS.parent / "README.md", *DOCS.rglob("*.md")]
    used = {
        (page.parent / name).resolve()
        for page in pages
        for name in re.findall(r'(?:src|srcset)="([^"]+)"', page.read_text(encoding="utf-8"))
    }
    assert used == set((DOCS / "images").iterdir())
    for picture in used:
        data = picture.read_bytes()
        assert data.startswith(b"\x89PNG"), picture
        assert len(data) < 300_000, picture
