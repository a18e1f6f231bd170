"""Which files a path stands for: a file, a folder (with all below it) or a glob."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa

from driftline.errors import SourceError

_NULL = "__HIVE_DEFAULT_PARTITION__"


_NONE: Mapping[str, tuple[Any, pa.DataType]] = {}


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it is now: equal to what was found before when it is still the same.

    Attributes:
        changed: another number when the file is another, or was written to, also by a copy that
            keeps size and time.
        values: those its folders give it: name to (value, Arrow type).
    """

    path: str
    size: int
    changed: int
    values: Mapping[str, tuple[Any, pa.DataType]] = field(default_factory=lambda: _NONE, hash=False)


def find_files(path: str, endings: tuple[str, ...]) -> list[Found]:
    """The files that `path` stands for, in order of name.

    A folder gives its files with one of `endings`, at any depth; a glob may use `*`, `?`, `[..]`
    and `**`. Files and folders whose names begin with `.` or `_` are temporary and passed over.
    A folder `day=2013-01-01` gives its files a column `day`.

    Raises SourceError when there is no such file, or none matches.
    """
    if os.path.isfile(path):
        listed, root = [path], os.path.dirname(path)
    elif os.path.isdir(path):
        listed, root = _in_folder(path, endings), path
    elif glob.has_magic(path):
        root = _fixed_part(path)
        matched = (p for p in glob.glob(path, recursive=True) if os.path.isfile(p))
        listed = [p for p in matched if not _is_temporary(p, root)]
        if not listed:
            raise SourceError(f"no file matches {path}{_hint(root)}")
    else:
        raise SourceError(f"no such file or folder: {path}{_hint(os.path.dirname(path))}")
    return _with_values(sorted(listed), root)


def _in_folder(folder: str, endings: tuple[str, ...]) -> list[str]:
    listed = []
    for inside, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name[0] not in "._"]
        listed += [os.path.join(inside, name) for name in files if name[0] not in "._"]
    fitting = [p for p in listed if p.lower().endswith(endings)]
    if not fitting:
        others = f" ({len(listed)} other files)" if listed else ""
        raise SourceError(f"no {' or '.join(endings)} file in {folder}{others}")
    return fitting


def _is_temporary(path: str, root: str) -> bool:
    return any(part[0] in "._" for part in Path(os.path.relpath(path, root or ".")).parts)


def _fixed_part(pattern: str) -> str:
    parts = Path(pattern).parts
    count = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    return str(Path(*parts[:count])) if count else ""


def _hint(folder: str) -> str:
    if folder and not os.path.isdir(folder):
        return f" (there is no folder {folder})"
    return ""


def _with_values(paths: list[str], root: str) -> list[Found]:
    texts = {path: _folder_values(path, root) for path in paths if "=" in path}
    names = {name for values in texts.values() for name in values}
    kinds = {name: _kind([t[name] for t in texts.values() if name in t]) for name in names}
    found = []
    for path in paths:
        try:
            facts = os.stat(path)
        except OSError:
            continue
        changed = hash((facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino))
        values = texts.get(path)
        typed = {n: (_value(t, kinds[n]), kinds[n]) for n, t in values.items()} if values else _NONE
        found.append(Found(path, facts.st_size, changed, typed))
    return found


def _folder_values(path: str, root: str) -> dict[str, str]:
    folders = Path(os.path.relpath(path, root or ".")).parts[:-1]
    pairs = (folder.partition("=") for folder in folders if "=" in folder)
    return {unquote(name): unquote(value) for name, _, value in pairs if name}


def _kind(texts: list[str]) -> pa.DataType:
    """Dates and whole numbers where all values are such; else text."""
    present = [text for text in texts if text != _NULL]
    if present and all(re.fullmatch(r"-?\d{1,18}", text) for text in present):
        return pa.int64()
    if present and all(_is_date(text) for text in present):
        return pa.date32()
    return pa.string()


def _is_date(text: str) -> bool:
    try:
        return len(text) == 10 and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _value(text: str, kind: pa.DataType) -> Any:
    if text == _NULL:
        return None
    if pa.types.is_int64(kind):
        return int(text)
    return date.fromisoformat(text) if pa.types.is_date32(kind) else text
