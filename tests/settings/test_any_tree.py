"""Whatever is in the file: settings, or one error that tells what is wrong."""

from __future__ import annotations

import contextlib
import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from driftline.errors import SettingsError
from driftline.settings import parse_settings

FULL: dict[str, Any] = {
    "store": "sqlite:///x.db",
    "url": "http://x",
    "every": "1h",
    "alarms": {"false_alarms": "1 per week", "min_rows": 5},
    "performance": {"current": "7d", "baseline": "30d", "drop": 0.1, "metric": "f1"},
    "channels": [{"kind": "stderr", "name": "s", "min_severity": "low"}],
    "models": [
        {
            "name": "m",
            "version": "1",
            "task": "binary",
            "positive": 1,
            "window": "1d",
            "predictions": {
                "source": "csv",
                "path": "p",
                "timestamp": "t",
                "id": "i",
                "prediction": "y",
                "features": ["a"],
                "missing": ["?"],
            },
            "labels": {"source": "parquet", "path": "p", "id": "i", "label": "y", "wait": "1d"},
            "reference": {"from": "2013-01-01", "to": "2013-02-01"},
            "alarms": {"min_rows": 3},
            "channels": [{"kind": "stderr"}],
        },
        {
            "name": "n",
            "predictions": {"source": "parquet", "path": "p", "timestamp": "t"},
            "reference": {"source": "parquet", "path": "p"},
        },
    ],
}

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("${X}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def paths(tree: Any) -> list[tuple[str | int, ...]]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    found: list[tuple[str | int, ...]] = []
    for key, value in items:
        found.append((key,))
        if isinstance(value, dict | list):
            found += [(key, *path) for path in paths(value)]
    return found


def faults(text: str) -> tuple[str, ...] | None:
    try:
        parse_settings(text, {})
    except SettingsError as error:
        return error.faults
    return None


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.sampled_from(paths(FULL)), ANYTHING), min_size=1, max_size=4),
    st.booleans(),
)
def test_any_value_anywhere_is_read_or_told(
    changes: list[tuple[tuple[str | int, ...], Any]], add: bool
) -> None:
    tree: Any = copy.deepcopy(FULL)
    for path, value in changes:
        owner = tree
        with contextlib.suppress(KeyError, IndexError, TypeError):
            for part in path[:-1]:
                owner = owner[part]
            if add and isinstance(owner, dict):
                owner[f"{path[-1]}x"] = value
            else:
                owner[path[-1]] = value
    told = faults(json.dumps(tree))
    assert told != ()
    assert "pydantic" not in str(told).lower()


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read_or_told(text: str) -> None:
    assert faults(text) != ()
