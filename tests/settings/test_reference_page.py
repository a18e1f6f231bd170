"""docs/reference/settings.md is what the code says."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

from driftline.settings import parse_settings

DOCS = Path(__file__).parents[2] / "docs"


def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_settings_page_is_generated_from_the_models() -> None:
    written = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
    assert written == generate().settings_page(), "run `python docs/generate.py`"


def test_every_key_is_described() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", generate().settings_page(), re.MULTILINE)
    assert len(rows) > 50
    assert [key for key, described in rows if not described] == []


def test_the_example_on_the_page_can_be_loaded() -> None:
    page = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert parse_settings(example, {}).models[0].name == "late-arrival"
