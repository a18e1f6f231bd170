"""The README and the pages that are no how-to do what they show; what does not work fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.docs.pages import (
    HOW_TO,
    NOT_RUN,
    PAGES,
    Block,
    blocks_of,
    name_of,
    run_as_shown,
    run_page,
)


@pytest.mark.parametrize("page", [page for page in PAGES if page not in HOW_TO], ids=name_of)
def test_the_code_of_a_page_runs_as_shown(page: Path, tmp_path: Path) -> None:
    run_as_shown(page, tmp_path)


def test_the_commands_that_are_not_run_are_on_a_page() -> None:
    shown = "\n".join(block.text for page in PAGES for block in blocks_of(page))
    assert [command for command in NOT_RUN if command not in shown] == []


@pytest.mark.parametrize(
    ("language", "text", "message"),
    [
        ("", "x = 1\n", "is none of"),
        ("bash", "ls\n", "is none of"),
        ("python", "train.no_such_thing\n", "no_such_thing"),
        ("python", ">>> len(today)\n2\n", "Expected"),
        ("sh", "no-such-command\n", "exit 127"),
        ("console", "ls\n", "begin with"),
        ("console", "$ ls train.parquet\ntrain.csv\n", "but this is printed"),
        ("yaml", "modles: []\n", "modles"),
        ("output", "x\n", "no block before it"),
        ("json", "{\n", "Expecting"),
    ],
)
def test_a_block_that_does_not_run_fails(
    language: str, text: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(BaseException, match=message):
        run_page([Block("page.md:1", 1, language, text)], tmp_path)


def test_blocks_that_run_pass_and_share_their_names(tmp_path: Path) -> None:
    run_page(
        [
            Block("page.md:1", 1, "python", "rows = len(train)\nprint('rows:', rows)\n"),
            Block("page.md:5", 5, "output", "rows: 12...\n"),
            Block("page.md:9", 9, "python", ">>> rows\n12000\n"),
            Block("page.md:15", 15, "console", "$ ls predictions\n2013.parquet\n"),
        ],
        tmp_path,
    )
