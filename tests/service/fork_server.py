"""Runs the `driftline` command in real processes that start at once, for tests that kill them.

Everything is imported once; each line on stdin, a JSON list of words, is run in a child of its own
whose pid is answered, and "wait PID" with its exit code. Children write to OUT.PID and ERR.PID in
the folder given.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import driftline.commands.watching
import driftline.stores.sql  # noqa: F401
from driftline.cli import main

OUTPUTS = ("OUT", "ERR")


def serve(folder: Path) -> None:
    for line in sys.stdin:
        if line.startswith("wait "):
            _, status = os.waitpid(int(line.split()[1]), 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            run(json.loads(line), folder)
        for name in OUTPUTS:
            (folder / f"{name}.{pid}").touch()  # a child may be killed before it writes a word
        print(pid, flush=True)


def run(words: list[str], folder: Path) -> None:
    for number, name in enumerate(OUTPUTS, 1):
        file = os.open(folder / f"{name}.{os.getpid()}", os.O_WRONLY | os.O_CREAT)
        os.dup2(file, number)
    os.close(0)
    sys.argv = ["driftline", *words]
    main()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
