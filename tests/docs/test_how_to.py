"""The how-to pages do what they show."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.docs.pages import HOW_TO, name_of, run_as_shown


@pytest.mark.parametrize("page", HOW_TO, ids=name_of)
def test_the_code_of_a_page_runs_as_shown(page: Path, tmp_path: Path) -> None:
    run_as_shown(page, tmp_path)
