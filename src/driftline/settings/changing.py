"""Settings with some keys of their models changed, for a replay that compares."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from driftline.errors import DataError
from driftline.settings.load import parse_settings
from driftline.settings.models import Settings
from driftline.settings.reading import read_yaml

Changes = Mapping[str, Any]
PLAIN = re.compile(r"\s*(\d+\s*$|[\[{])")
"""Values that are numbers, lists or sections; anything else is text."""

EVERY = "*"
"""Stands for every model."""


def changes_of(words: Sequence[str]) -> dict[str, Changes]:
    """What `--set` says of every model: `window=6h`, `alarms.false_alarms=1 per 90 days`.

    >>> changes_of(["window=6h", "alarms.min_rows=50"])
    {'*': {'window': '6h', 'alarms': {'min_rows': 50}}}
    """
    tree: dict[str, Any] = {}
    for word in words:
        path, equals, value = word.partition("=")
        if not equals or not path.strip():
            raise DataError(f'--set: "{word}" is no key=value such as window=6h')
        *above, last = path.strip().split(".")
        place = tree
        for key in above:
            place = place.setdefault(key, {})
        place[last] = yaml.safe_load(value) if PLAIN.match(value) else value.strip()
    return {EVERY: tree}


def changed_settings(config: Path, changes: Mapping[str, Changes]) -> Settings:
    """The settings in a file with the keys of some models changed; sections key by key, but
    `reference` as a whole. Raises SettingsError as `load_settings` does."""
    read = read_yaml(config.read_text(encoding="utf-8-sig"), os.environ)
    models = read.tree.get("models", []) if isinstance(read.tree, dict) else []
    for model in models:
        mine = {**changes.get(EVERY, {}), **changes.get(model.get("name"), {})}
        for key, value in mine.items():
            section = isinstance(value, dict) and isinstance(model.get(key), dict)
            whole = not section or (key == "reference" and {"from", "to"} <= value.keys())
            model[key] = value if whole else {**model[key], **value}
    return parse_settings(json.dumps(read.tree, default=str), {}, config)
