"""Settling: what was written to a Delta table in a folder survives a power cut from then on.

The Delta Lake library leaves it to the operating system when bytes reach the disk. Rows leave the
journal, which is on disk, only after their table is as well. Object storage answers when it has
them.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import unquote


def settle(table: Path, since: int) -> None:
    """Have the commits of the table in folder `table` after version `since` on the disk: their
    entries in its log, the files they added, and the folders of these."""
    entries = [
        entry
        for entry in (table / "_delta_log").glob("*.json")
        if entry.stem.isdecimal() and int(entry.stem) > since
    ]
    files = {table / path for entry in entries for path in _added(entry)}
    for file in sorted(files):
        _sync(file)
    folders = {parent for file in files for parent in file.parents if parent.is_relative_to(table)}
    for folder in sorted({table, table.parent, table.parent.parent, *folders}):
        _sync(folder)
    for entry in sorted(entries):
        _sync(entry)
    _sync(table / "_delta_log")


def _added(entry: Path) -> list[str]:
    """The files that a commit added, relative to the table."""
    actions = [json.loads(line) for line in entry.read_text("utf-8").splitlines()]
    return [unquote(action["add"]["path"]) for action in actions if "add" in action]


def _sync(path: Path) -> None:
    """A file that is gone again, because others put it together with more, needs no syncing."""
    if path.is_dir() and os.name != "posix":
        return
    try:
        descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    except FileNotFoundError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
