"""The text of a settings file as plain values, with the line of each and what is wrong with it.

YAML as people expect it: `yes`, `no` and `on` are text, dates stay text, a key given twice is a
fault. `${NAME}` and `${NAME:-default}` in values come from the environment; `$${` is a plain `${`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]
Tree = Any

_VARIABLE = re.compile(r"\$(\$\{|\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\{)")


class _Loader(yaml.SafeLoader):
    """YAML whose only plain words that are not text are null, true, false and numbers."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+0123456789.")),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first
    )


@dataclass
class Read:
    """What was read.

    Attributes:
        tree: mappings, lists and plain values; keys without a value are left out.
        lines: the line of each value, from 1, by its path; empty when they mean nothing (JSON).
        written: how a value was written, where the environment changed it.
        faults: (path, message) of what is wrong.
        left_out: optional channels of which a value comes empty from the environment, in words.
    """

    tree: Tree = None
    lines: dict[Path, int] = field(default_factory=dict)
    written: dict[Path, str] = field(default_factory=dict)
    faults: list[tuple[Path, str]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def read_yaml(text: str, environ: Mapping[str, str]) -> Read:
    """The values in `text`; whatever is wrong is in `faults` of the answer, nothing is raised."""
    read = Read()
    try:
        root = _compose(text)
    except yaml.YAMLError as error:
        read.faults.append(((), _told(error)))
        return read
    if root is not None:
        read.tree = _Builder(read, environ).value(root, (), ())
    if text.lstrip().startswith("{") and "\n" not in text.strip():
        read.lines.clear()
    return read


def _compose(text: str) -> yaml.Node | None:
    """YAML; where JSON is no YAML to the letter (tabs), JSON."""
    try:
        return yaml.compose(text, _Loader)
    except yaml.YAMLError:
        try:
            return yaml.compose(json.dumps(json.loads(text), ensure_ascii=False), _Loader)
        except json.JSONDecodeError:
            pass
        raise


def _told(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        what = " ".join(part for part in (error.context, error.problem) if part)
        return f"not YAML: line {mark.line + 1}, column {mark.column + 1}: {what}"
    return f"not YAML: {str(error).splitlines()[0]}"


class _Builder:
    """Plain values from the nodes of one file."""

    def __init__(self, read: Read, environ: Mapping[str, str]) -> None:
        self._read = read
        self._environ = environ
        self._loader = _Loader("")
        self._empty: set[Path] = set()

    def value(self, node: yaml.Node, path: Path, above: tuple[yaml.Node, ...]) -> Tree:
        self._read.lines.setdefault(path, node.start_mark.line + 1)
        if node in above:
            self._fault(path, "an alias that holds itself")
            return None
        above = (*above, node)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, above)
        if isinstance(node, yaml.SequenceNode):
            return self._sequence(node, path, above)
        return self._scalar(node, path)

    def _sequence(
        self, node: yaml.SequenceNode, path: Path, above: tuple[yaml.Node, ...]
    ) -> list[Tree]:
        found: list[Tree] = []
        for item in node.value:
            here = (*path, len(found))
            value = self.value(item, here, above)
            if path[-1:] == ("channels",) and self._is_left_out(value, here):
                for known in (self._read.lines, self._read.written):
                    for inner in [each for each in known if each[: len(here)] == here]:
                        del known[inner]
            else:
                found.append(value)
        return found

    def _is_left_out(self, channel: Tree, path: Path) -> bool:
        """Whether it is a channel that says `optional: true` and has a value that is empty."""
        if not isinstance(channel, dict) or channel.get("optional") is not True:
            return False
        empty = [each for each in self._empty if each[: len(path)] == path]
        self._empty.difference_update(empty)
        if empty:
            name = channel.get("name", channel.get("kind"))
            keys = " and ".join(sorted({str(each[len(path)]) for each in empty}))
            self._read.left_out.append(f"channel {name} is left out: its {keys} is empty")
        return bool(empty)

    def _mapping(
        self, node: yaml.MappingNode, path: Path, above: tuple[yaml.Node, ...]
    ) -> dict[str, Tree]:
        self._repeated_keys(node, path)
        try:
            self._loader.flatten_mapping(node)
        except yaml.YAMLError as error:
            self._fault(path, _told(error))
        found: dict[str, Tree] = {}
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._fault(path, f"a key must be a word (line {key.start_mark.line + 1})")
                continue
            name = str(key.value)
            self._read.lines[(*path, name)] = key.start_mark.line + 1
            value = self.value(item, (*path, name), above)
            if value is None:
                found.pop(name, None)
            else:
                found[name] = value
        return found

    def _repeated_keys(self, node: yaml.MappingNode, path: Path) -> None:
        first: dict[str, int] = {}
        for key, _ in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in first and name != "<<":
                told = f"given twice, on lines {first[name]} and {line}; keep one of them"
                self._fault((*path, name), told)
            first.setdefault(name, line)

    def _scalar(self, node: yaml.Node, path: Path) -> Tree:
        text = str(node.value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        match node.tag.rpartition(":")[2]:
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                return int(text)
            case "float":
                return float(text)
            case "str":
                return self._substituted(text, path)
        self._fault(path, f"the YAML tag {node.tag} is not read; write the plain value")
        return None

    def _substituted(self, text: str, path: Path) -> str:
        def one(found: re.Match[str]) -> str:
            if found[1] == "${":
                return "${"
            name, default = found[2], found[3]
            if name is None:
                self._fault(path, 'cannot read "${": write ${NAME} or ${NAME:-default}, or $${')
                return ""
            value = self._environ.get(name)
            if default is not None:
                return value or default
            if value is None:
                self._fault(
                    path,
                    f"the environment variable {name} is not set; set it, or give a default: "
                    f"${{{name}:-...}}",
                )
                return ""
            return value

        if "$" not in text:
            return text
        self._read.written[path] = text
        value = _VARIABLE.sub(one, text)
        if not value and path not in (faulty for faulty, _ in self._read.faults):
            self._empty.add(path)
        return value

    def _fault(self, path: Path, message: str) -> None:
        self._read.faults.append((path, message))
