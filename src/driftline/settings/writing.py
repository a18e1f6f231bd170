"""Pieces of a settings file as text that YAML reads back."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Sequence


def word(text: str) -> str:
    """A word as YAML reads it back, whatever is in it."""
    plain = re.fullmatch(r"[A-Za-z_/][A-Za-z0-9_./-]*", text)
    if plain and text.lower() not in ("null", "true", "false"):
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable()).replace("${", "$${")


def words(names: Iterable[str]) -> str:
    return ", ".join(word(name) for name in names)


def listed(names: Sequence[str], most: int = 6) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return words(names[:most]) + more


def with_comment(text: str, comment: str, width: int = 36) -> str:
    return f"{text:<{width}}  # {comment}"


def comment(text: str) -> list[str]:
    return textwrap.wrap(text, 92, initial_indent="    # ", subsequent_indent="    # ")


def wrapped_list(key: str, names: Sequence[str], indent: str) -> list[str]:
    """A list of names, several lines of it when they are many."""
    lines, line = [], f"{indent}{key}: ["
    for i, name in enumerate(names):
        piece = word(name) + ("]" if i == len(names) - 1 else ", ")
        if len(line) + len(piece) > 98 and not line.endswith("["):
            lines.append(line.rstrip())
            line = indent + " " * 4
        line += piece
    return [*lines, line]
