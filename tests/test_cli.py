"""The command line as a real process: it starts quickly and keeps its word about exit codes."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import driftline

SOURCE = str(Path(driftline.__file__).parents[1])
COMMAND = [sys.executable, "-c", "from driftline.cli import main; main()"]
HEAVY = ("pandas", "sklearn", "scipy", "sqlalchemy", "pyarrow", "numpy", "plotly", "pydantic")
COMMANDS = ("demo", "init", "check", "backtest", "compare", "report", "config")


ONE_THREAD = """
import sys
from driftline.cli import main
sys.argv = ["driftline", "--help"]
try:
    main()
finally:
    import numpy
    from threadpoolctl import threadpool_info
    print([one["num_threads"] for one in threadpool_info()], file=sys.stderr)
"""


def test_a_command_computes_in_one_thread_of_the_numeric_library() -> None:
    environment = {name: told for name, told in os.environ.items() if "NUM_THREADS" not in name}
    done = subprocess.run(
        [sys.executable, "-c", ONE_THREAD], env=environment, capture_output=True, text=True
    )
    assert done.stderr.strip() in ("[1]", "[]")  # none where NumPy has another library


def run(*words: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"PYTHONPATH": SOURCE}
    return subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, cwd=folder, env=environ
    )


def seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_help_names_every_command_in_less_than_six_tenths_of_a_second() -> None:
    run("--help")
    before = seconds_of_children()
    answer = run("--help")
    spent = seconds_of_children() - before
    assert answer.returncode == 0
    assert all(f" {name} " in answer.stdout for name in COMMANDS)
    assert spent < 0.6


def test_starting_the_command_imports_nothing_heavy() -> None:
    code = "import sys, driftline.cli; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "driftline.cli" in loaded
    assert [name for name in HEAVY if name in loaded] == []


@pytest.mark.parametrize("words", [[], ["nonsense"], ["check", "--nonsense"], ["compare", "one"]])
def test_words_that_are_no_command_are_exit_code_2(words: list[str]) -> None:
    answer = run(*words)
    assert answer.returncode == 2
    assert "Usage: " in answer.stdout + answer.stderr
    assert "Traceback" not in answer.stderr


def test_init_config_check_backtest_and_report_work_one_after_the_other(tmp_path: Path) -> None:
    rows = "".join(
        f"{i},2024-01-{1 + i % 31:02}T{i % 24:02}:00:00,{(i * 37) % 101},{'ab'[i * i % 7 % 2]}\n"
        for i in range(31 * 60)
    )
    (tmp_path / "served.csv").write_text("id,timestamp,amount,kind\n" + rows)
    said = {}
    for words in (
        ("init", "served.csv"),
        ("config", "check"),
        ("backtest",),
        ("check", "--now", "2024-02-01"),
        ("report", "-o", "report.html"),
        ("compare", "served.csv", "served.csv"),
    ):
        answer = run(*words, folder=tmp_path)
        assert answer.returncode == 0, (words, answer.stdout, answer.stderr)
        said[words[0]] = answer.stdout + answer.stderr
    assert sorted(os.listdir(tmp_path)) >= ["driftline.db", "driftline.yaml", "report.html"]
    assert "none in alarm" in said["backtest"]
    assert (tmp_path / "report.html").read_text().startswith("<!DOCTYPE html>")

    again = run("init", "served.csv", folder=tmp_path)
    assert again.returncode == 2
    assert "--force" in again.stderr


def test_a_terminal_that_knows_only_ascii_is_told_all_the_same(tmp_path: Path) -> None:
    rows = "\n".join(f"{number % 7}" for number in range(100))
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(f"größe\n{rows}\n", encoding="utf-8")
    environ = os.environ | {"PYTHONPATH": SOURCE, "PYTHONIOENCODING": "ascii"}
    answer = subprocess.run(
        [*COMMAND, "compare", "a.csv", "b.csv"], capture_output=True, cwd=tmp_path, env=environ
    )
    assert answer.returncode == 0, answer.stderr
    assert b"gr??e" in answer.stdout
