"""What is wrong with a settings file, in the words of the person who wrote it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from driftline.errors import nearest
from driftline.settings.reading import Path, Read

_LISTS = ("list_type", "tuple_type", "set_type")
_MAPPINGS = ("model_type", "model_attributes_type", "dict_type", "dataclass_type")
_NUMBERS = (
    "int_type",
    "int_parsing",
    "int_from_float",
    "float_type",
    "float_parsing",
    "int_parsing_size",
)
_LIMITS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_TAGS = ("span", "source")
INTERNAL = ("origin", "options", "place")

Fault = tuple[Path, str]


def faults_of(
    error: ValidationError,
    model: type[BaseModel],
    read: Read,
    at: Path = (),
    others: Mapping[Path, Collection[str]] | None = None,
) -> Iterator[Fault]:
    """(path, message) of each error found by checking the values at `at` against `model`.

    Args:
        others: keys that are also known at a path, besides those of `model`.
    """
    errors = error.errors(include_url=False)
    holding = {tuple(found["loc"][:-1]) for found in errors}
    for found in errors:
        loc = tuple(found["loc"])
        if found["type"] == "too_short" and loc in holding:  # entries are there, but wrong
            continue
        plain = tuple(
            part
            for i, part in enumerate(loc)
            if not (part in _TAGS and i and loc[i - 1] == "reference") and part not in INTERNAL
        )
        path = (*at, *plain)
        if found["type"] == "default_factory_not_called":
            continue
        if found["type"] == "extra_forbidden":
            known = [*keys(_model_at(model, plain[:-1])), *(others or {}).get(path[:-1], ())]
            yield path, unknown(str(plain[-1]), known)
        else:
            yield path, _message(found, path, read, model, plain)


def unknown(name: str, known: Collection[str]) -> str:
    return f"unknown key{nearest(name, known) or '; known are ' + ', '.join(sorted(known))}"


def _message(
    found: ErrorDetails, path: Path, read: Read, model: type[BaseModel], inside: Path
) -> str:
    kind, context = found["type"], found.get("ctx", {})
    secret = _is_secret(model, inside)
    shown = "" if secret else f"; found {_shown(found['input'], path, read)}"
    if kind == "value_error":
        told = str(context["error"])
        return (
            told.replace(str(found["input"]), read.written[path]) if path in read.written else told
        )
    if kind == "missing":
        return f"missing; it must be given{_description(model, inside)}"
    if kind == "literal_error":
        allowed = [word.strip("'") for word in re.findall(r"'[^']*'", str(context["expected"]))]
        return f"must be {' or '.join([', '.join(allowed[:-1]), allowed[-1]])}{shown}" + (
            nearest(str(found["input"]), allowed) if not secret else ""
        )
    if kind in _LISTS:
        return f"must be a list{shown}"
    if kind in _MAPPINGS:
        return f'must be a section of keys ("key: value"){shown}'
    if kind in _NUMBERS:
        return f"must be a {'whole ' if kind.startswith('int') else ''}number{shown}"
    if kind in _LIMITS:
        limit, words = _LIMITS[kind]
        return f"must be {words} {context[limit]:g}{shown}"
    if kind in ("string_type", "string_too_short", "string_too_long"):
        return f"must be {'text' if kind == 'string_type' else 'text of a usable length'}{shown}"
    if kind == "too_short":
        return "must hold at least one entry"
    if kind.startswith("bool"):
        return f"must be true or false{shown}"
    return f"cannot be used{shown}"


def _shown(value: Any, path: Path, read: Read) -> str:
    if path in read.written:
        return f'"{read.written[path]}" (from the environment)'
    if isinstance(value, Mapping):
        return "a section of keys"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def keys(model: type[BaseModel] | None) -> list[str]:
    """The keys of a section as people write them."""
    if model is None:
        return []
    fields = {name: f for name, f in model.model_fields.items() if name not in INTERNAL}
    return [field.alias or name for name, field in fields.items()]


def _description(model: type[BaseModel], path: Path) -> str:
    owner = _model_at(model, path[:-1])
    fields = owner.model_fields if owner else {}
    told = next((f.description for n, f in fields.items() if path[-1] in (n, f.alias)), None)
    return f": {told[0].lower()}{told[1:].partition(';')[0].partition('. ')[0]}" if told else ""


def _annotation(model: type[BaseModel], key: str) -> Any:
    for name, found in model.model_fields.items():
        if key in (name, found.alias):
            return found.annotation
    return None


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    for part in path:
        if isinstance(part, int):
            continue
        inner = next(_models_in(_annotation(model, part)), None)
        if inner is None:
            return None
        model = inner
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _is_secret(model: type[BaseModel], path: Path) -> bool:
    """Whether the value at `path` is, holds or belongs to a secret."""
    for i, part in enumerate(path):
        owner = _model_at(model, path[:i])
        if owner is not None and isinstance(part, str) and _holds_secret(_annotation(owner, part)):
            return True
    return False


def _holds_secret(annotation: Any) -> bool:
    if annotation in (SecretStr, SecretBytes):
        return True
    return any(_holds_secret(inner) for inner in get_args(annotation))


def written_path(path: Path, tree: Any) -> str:
    """A path as people write it, with the name of each model and the kind of each channel.

    >>> written_path(("models", 0, "window"), {"models": [{"name": "late"}]})
    'models[0] (late).window'
    """
    told = ""
    for part in path:
        if isinstance(part, int):
            tree = tree[part] if isinstance(tree, list) and part < len(tree) else None
            name = (tree.get("name") or tree.get("kind")) if isinstance(tree, dict) else None
            told += f"[{part}]" + (f" ({name})" if isinstance(name, str | int) else "")
        else:
            tree = tree.get(part) if isinstance(tree, dict) else None
            told += f".{part}" if told else part
    return told
