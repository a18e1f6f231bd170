"""Every code block of the README and the docs is run, page by page, from top to bottom.

What a block is, its first line says: python, yaml (a settings file), sh or console (commands; in
console they follow "$ " and what they print may follow them), output (what the block before it
prints; "..." stands for anything), json, toml; text and mermaid are not code. Anything else fails,
so that no block can slip in that nobody runs. A page's blocks share one folder and one namespace,
with the data of `lay_out` at hand.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import json
import os
import re
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftline.settings import parse_settings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
HOW_TO = [page for page in PAGES if page.is_relative_to(ROOT / "docs" / "how-to")]
NOT_RUN = {
    "./run demo": "takes minutes and ends in a page that is served; tests/demo runs it",
    "./run test": "is what runs this",
    "./run lint": "is a step of .ci/run",
    "driftline serve": "runs until it is stopped; tests/service starts it, stops it and kills it",
    "curl http://127.0.0.1:8501/": "asks a service that runs; tests/log sends such bodies",
    "uv pip compile": "asks a package index; tests check the locks",
}
"""Commands by how they begin that are shown but not run here, and why."""

FENCE = re.compile(r"^( *)```(.*?)\n(.*?)^\1``` *$", re.DOTALL | re.MULTILINE)
LOOSE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
ALARM = 1
"""Exit code of a driftline command that worked and found an alarm."""


@dataclass(frozen=True)
class Block:
    where: str
    line: int
    language: str
    text: str


@dataclass
class Page:
    """A page while its blocks are run: its folder, its names and what the last block printed."""

    folder: Path
    names: dict[str, Any] = field(default_factory=dict)
    printed: str | None = None


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    name = page.relative_to(ROOT).as_posix()
    found = []
    for fence in FENCE.finditer(text):
        line = text.count("\n", 0, fence.start()) + 1
        code = textwrap.dedent(fence[3])
        found.append(Block(f"{name}:{line}", line, fence[2].strip(), code))
    return found


def lay_out(folder: Path) -> dict[str, Any]:
    """The data that pages may use: frames `train` and `today`, the same as parquet files, and a
    month of predictions and labels in folders of those names."""
    random = np.random.default_rng(2013)

    def rows(days: int, start: str, temp: float) -> pd.DataFrame:
        size = 200 * days
        ts = pd.Timestamp(start, tz="UTC") + pd.to_timedelta(np.arange(size) * 432, unit="s")
        return pd.DataFrame(
            {
                "ts": ts,
                "carrier": random.choice(["AA", "DL", "UA"], size),
                "age": random.integers(18, 80, size),
                "temp": random.normal(temp, 5, size).round(1),
            }
        )

    train, today = rows(60, "2013-01-01", 10.0), rows(1, "2013-03-02", 30.0)
    train.to_parquet(folder / "train.parquet")
    today.to_parquet(folder / "today.parquet")
    scored = pd.concat([train, today], ignore_index=True).rename(columns={"ts": "timestamp"})
    score = random.uniform(size=len(scored))
    scored = scored.assign(id=np.arange(len(scored)), late=score > 0.5, probability=score)
    late = random.uniform(size=len(scored)) < score
    labels = scored[["id"]].assign(late=late, known_at=scored["timestamp"] + pd.Timedelta("3h"))
    for name, frame in (("predictions", scored), ("labels", labels)):
        (folder / name).mkdir()
        frame.to_parquet(folder / name / "2013.parquet")
    return {"train": train, "today": today}


def run_python(block: Block, page: Page) -> None:
    if block.text.lstrip().startswith(">>>"):
        examples = doctest.DocTestParser().get_doctest(
            block.text, page.names, block.where, block.where, block.line
        )
        told: list[str] = []
        doctest.DocTestRunner(optionflags=LOOSE).run(examples, out=told.append, clear_globs=False)
        assert not told, "".join(told)
        page.names.update(examples.globs)
        return
    code = compile("\n" * block.line + block.text, block.where.partition(":")[0], "exec")
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(code, page.names)
    page.printed = out.getvalue()


def run_commands(block: Block, page: Page) -> None:
    lines = block.text.replace("\\\n", " ").splitlines()
    commands = [line for line in lines if line.strip() and not line.startswith("#")]
    page.printed = "".join(run_command(command, block, page) or "" for command in commands)


def run_console(block: Block, page: Page) -> None:
    head, *told = re.split(r"^\$ ", block.text.replace("\\\n", " "), flags=re.MULTILINE)
    if head.strip() or not told:
        pytest.fail(f'{block.where}: commands of a console begin with "$ "')
    for part in told:
        command, _, expected = part.partition("\n")
        printed = run_command(command, block, page)
        if printed is not None and expected.strip():
            compare(expected, printed, block)


def run_command(command: str, block: Block, page: Page) -> str | None:
    """What the command prints; None when it is one of those that are not run."""
    if any(command.startswith(begun) for begun in NOT_RUN):
        return None
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=page.folder,
        env={**os.environ, "PATH": f"{page.folder / '.bin'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    fine = {0, ALARM} if re.match(r"driftline |\./run ", command) else {0}
    trouble = done.returncode not in fine or "Traceback" in done.stderr
    assert not trouble, f"{block.where}: {command}: exit {done.returncode}\n{done.stderr}"
    return done.stdout


def run_settings(block: Block, page: Page) -> None:
    secrets = dict.fromkeys(re.findall(r"\$\{(\w+)\}", block.text), "https://hooks.example.com/x")
    file = page.folder / "driftline.yaml"
    assert parse_settings(block.text, secrets, file).models, block.where
    file.write_text(block.text, encoding="utf-8")


def run_output(block: Block, page: Page) -> None:
    assert page.printed is not None, f"{block.where}: no block before it was run"
    compare(block.text, page.printed, block)


def compare(expected: str, printed: str, block: Block) -> None:
    same = doctest.OutputChecker().check_output(expected, printed, LOOSE)
    assert same, f"{block.where} shows\n{expected}\nbut this is printed:\n{printed}"


RUNNERS: dict[str, Callable[[Block, Page], object]] = {
    "python": run_python,
    "sh": run_commands,
    "console": run_console,
    "yaml": run_settings,
    "output": run_output,
    "json": lambda block, _: json.loads(block.text),
    "toml": lambda block, _: tomllib.loads(block.text),
    "text": lambda *_: None,
    "mermaid": lambda *_: None,
}


def run_page(blocks: list[Block], folder: Path) -> None:
    """Run the blocks of a page in order, in `folder`, with the documented data there."""
    page = Page(folder, {"__name__": "page", **lay_out(folder)})
    install_commands(folder)
    with contextlib.chdir(folder):
        for block in blocks:
            known = ", ".join(RUNNERS)
            assert block.language in RUNNERS, (
                f'{block.where}: "{block.language}" is none of {known}'
            )
            RUNNERS[block.language](block, page)


def install_commands(folder: Path) -> None:
    """`driftline` and `./run` as commands that run this very code on this very Python."""
    (folder / ".bin").mkdir()
    code = "from driftline.cli import main; main()"
    for path in (folder / ".bin" / "driftline", folder / "run"):
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{code}" "$@"\n', encoding="utf-8")
        path.chmod(0o755)


def run_as_shown(page: Path, folder: Path) -> None:
    """Run all that the page shows; AssertionError where something is not as it says."""
    blocks = blocks_of(page)
    fences = len(re.findall(r"^ *```", page.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert fences == 2 * len(blocks), "a block is not closed, or not as it was opened"
    if blocks:
        run_page(blocks, folder)


def name_of(page: Path) -> str:
    """The page as a test is named after it."""
    return page.relative_to(ROOT).as_posix()
