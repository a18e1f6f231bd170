"""What a reference has taught as bytes, and what these bytes depend on beside the reference.

They hold no code and name no class but those of the rooms that learn; reading them back gives the
very numbers that were written. A change of the code that learns makes another `rule`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import time
from functools import cache
from hashlib import blake2b
from importlib import import_module
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import numpy as np

from driftline.profiles.codec import (
    LEARNED,
    decode_profile,
    encode_profile,
    pack,
    reading,
    seal,
    unpack,
    unseal,
)
from driftline.profiles.profile import Grids, Profile
from driftline.windows import Window, from_micros, to_micros

ROOMS = ("alarms", "statistics", "profiles")
FILES = ("quality.py", "reference.py", "service/learned.py", "service/learned_codec.py")
_MAKERS = ("driftline.alarms.", "driftline.quality")
"""Where the classes are of which values are kept."""


@cache
def rule() -> bytes:
    """A digest of the code that learns, and of the libraries that it counts with."""
    found, package = blake2b(digest_size=16), files("driftline")
    for room in ROOMS:
        for file in sorted(package.joinpath(room).iterdir(), key=lambda file: file.name):
            if file.name.endswith(".py"):
                found.update(file.read_bytes())
    for name in FILES:
        found.update(package.joinpath(name).read_bytes())
    found.update(f"{version('numpy')} {version('scipy')}".encode())
    return found.digest()


def encode_learned(value: object) -> bytes:
    """A value made of dataclasses of the rooms that learn, profiles, arrays, mappings by text,
    tuples, sets, windows and plain values; TypeError for anything else."""
    parts: list[bytes] = []
    tree = _tree(value, parts)
    return seal(LEARNED, {"tree": tree}, pack(parts))


def decode_learned(blob: bytes, grids: Grids) -> Any:
    """Undo `encode_learned`; CodecError for anything else. `grids` are those of the reference, on
    which all profiles are counted, of some or all of its columns."""
    header, body = unseal(LEARNED, blob)
    parts = unpack(body)
    with reading(LEARNED):
        return _value(header["tree"], parts, grids)


def _tree(value: Any, parts: list[bytes]) -> Any:
    """`value` for JSON; numbers of arrays and profiles go to `parts`."""
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray):
        parts.append(np.ascontiguousarray(value).tobytes())
        return {"array": len(parts) - 1, "type": value.dtype.str, "shape": list(value.shape)}
    if isinstance(value, Profile):
        parts.append(encode_profile(value))
        return {"profile": len(parts) - 1, "columns": list(value.columns)}
    if isinstance(value, Window):
        return {"window": [to_micros(value.start), to_micros(value.end)]}
    if isinstance(value, time):
        return {"time": value.isoformat()}
    if isinstance(value, tuple | list):
        return {"tuple": [_tree(one, parts) for one in value]}
    if isinstance(value, frozenset):
        return {"set": [_tree(one, parts) for one in sorted(value, key=repr)]}
    if isinstance(value, Mapping):
        return {"mapping": [[str(key), _tree(one, parts)] for key, one in value.items()]}
    kind = type(value)
    if is_dataclass(value) and kind.__module__.startswith(_MAKERS):
        held = {one.name: _tree(getattr(value, one.name), parts) for one in fields(value)}
        return {"class": [kind.__module__, kind.__name__], "fields": held}
    raise TypeError(f"what was learned holds a {kind.__name__}, which is not kept")


def _value(tree: Any, parts: list[bytes], grids: Grids) -> Any:
    if not isinstance(tree, dict):
        return tree
    if "array" in tree:
        kind = np.dtype(tree["type"])
        if kind.hasobject:
            raise ValueError("an array of objects")
        return np.frombuffer(parts[tree["array"]], kind).reshape(tree["shape"]).copy()
    if "profile" in tree:
        own = {name: grids[name] for name in tree["columns"]}
        return decode_profile(parts[tree["profile"]], own)
    if "window" in tree:
        return Window(*map(from_micros, tree["window"]))
    if "time" in tree:
        return time.fromisoformat(tree["time"])
    if "tuple" in tree:
        return tuple(_value(one, parts, grids) for one in tree["tuple"])
    if "set" in tree:
        return frozenset(_value(one, parts, grids) for one in tree["set"])
    if "mapping" in tree:
        return {key: _value(one, parts, grids) for key, one in tree["mapping"]}
    module, name = tree["class"]
    if not module.startswith(_MAKERS):
        raise ValueError(f"a class of {module}")
    try:
        made: Any = getattr(import_module(module), name, None)
    except ImportError as error:
        raise ValueError(f"no module {module}") from error
    if not (isinstance(made, type) and is_dataclass(made)):
        raise ValueError(f"{module}.{name} is no class of values")
    return made(**{key: _value(one, parts, grids) for key, one in tree["fields"].items()})
