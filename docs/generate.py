"""Writes the reference pages that come from the code: `python docs/generate.py`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from driftline.alarms.budget import Budget
from driftline.channels import channel_kinds
from driftline.settings.faults import INTERNAL
from driftline.settings.models import (
    Alarms,
    ChannelSettings,
    Labels,
    ModelSettings,
    Performance,
    Predictions,
    ReferenceSource,
    ReferenceSpan,
    Settings,
)
from driftline.sources import source_kinds
from driftline.windows import format_duration

SECTIONS: dict[type[BaseModel], str] = {
    Settings: "The file",
    ModelSettings: "models",
    Predictions: "predictions",
    Labels: "labels",
    ReferenceSpan: "reference: a span",
    ReferenceSource: "reference: its own source",
    Alarms: "alarms",
    Performance: "performance",
    ChannelSettings: "channels",
}

WORDS: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    timedelta: "length of time",
    datetime: "date or moment",
    Budget: "so many per length of time",
    SecretStr: "text, kept secret",
    Any: "text, number, true or false",
}

HEAD = """# Settings

<!-- Written by docs/generate.py from the code; change the docstrings there. -->

Driftline reads one file, `driftline.yaml` (JSON is YAML too). `driftline init DATA` writes one for
a data file, `driftline config check` tells everything that is wrong with it at once.

- Unknown keys are faults, and so is a key given twice. A key without a value is as if it were not
  there.
- `${NAME}` in a value comes from the environment, `${NAME:-default}` where that is not set or
  empty; `$${` is a plain `${`. A variable that is missing is a fault.
- Lengths of time are a whole number and a unit: `15m`, `6h`, `1d`, `2w` (s, m, h, d, w).
- Dates and moments are ISO 8601: `2013-04-01`, `2013-04-01T06:00:00+02:00`; without a zone they are
  UTC, and so are the timestamps in data.
- Relative paths, and that of an SQLite store, are taken from the folder of the file.
- `yes`, `no` and `on` are text; only `true` and `false` are truth values.
- `alarms`, `performance`, `every` and `channels` at the top are defaults; a model overrules them
  (`alarms` and `performance` key by key).

```yaml
store: sqlite:///driftline.db
models:
  - name: late-arrival
    task: binary
    predictions:
      source: parquet
      path: predictions/*.parquet
      timestamp: timestamp
      id: id
      prediction: late
      score: probability
    labels: {source: parquet, path: labels/*.parquet, id: id, label: late, timestamp: known_at}
    reference: {from: 2013-01-01, to: 2013-04-01}
    window: 1d
    alarms: {false_alarms: 1 per 30 days}
channels:
  - {kind: stderr, min_severity: medium}
```
"""


def settings_page() -> str:
    """docs/reference/settings.md: every key of the settings file, from the models."""
    pieces = [HEAD]
    for model, title in SECTIONS.items():
        pieces.append(_section(model, f"## {title}"))
    pieces.append("## Kinds of source\n\nThe keys that stand beside `source: KIND`.\n")
    pieces += [_part(kind.settings, kind.name, kind.summary) for kind in source_kinds().values()]
    pieces.append("## Kinds of channel\n\nThe keys that stand beside `kind: KIND`.\n")
    pieces += [_part(kind.settings, kind.name, kind.summary) for kind in channel_kinds().values()]
    return "\n".join(pieces)


def _part(model: type[BaseModel], name: str, summary: str) -> str:
    if not model.model_fields:
        return f"### {name}\n\n{summary} No keys of its own.\n"
    return f"### {name}\n\n{summary}\n\n{_table(model)}"


def _section(model: type[BaseModel], title: str) -> str:
    doc = " ".join((model.__doc__ or "").split())
    return f"{title}\n\n{doc}\n\n{_table(model)}"


def _table(model: type[BaseModel]) -> str:
    lines = ["| key | what it is | default | |", "|---|---|---|---|", *_rows(model)]
    return "\n".join(lines) + "\n"


def _rows(model: type[BaseModel]) -> Iterator[str]:
    for name, found in model.model_fields.items():
        if name == "origin":
            kinds = " or ".join(f"`{kind}`" for kind in source_kinds())
            yield f"| `source` | {kinds} | must be given | The kind of source. |"
        elif name == "options":
            kinds = " or ".join(f"`{kind}`" for kind in channel_kinds())
            yield f"| `kind` | {kinds} | must be given | The kind of channel. |"
        if name not in INTERNAL:
            told = " ".join((found.description or "").split())
            cells = (f"`{found.alias or name}`", _kind(found.annotation), _default(found), told)
            yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _kind(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(inner[0])
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in inner)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_kind(one) for one in inner if one is not NoneType))
    if origin is tuple:
        return f"list of {_kind(inner[0])}"
    if annotation in SECTIONS:
        title = SECTIONS[annotation]
        anchor = title.lower().replace(" ", "-").replace(":", "")
        return f"[{title}](#{anchor})"
    return WORDS.get(annotation, "text")


def _default(found: FieldInfo) -> str:
    if isinstance(found.json_schema_extra, dict) and "default" in found.json_schema_extra:
        return str(found.json_schema_extra["default"])
    if found.is_required():
        return "must be given"
    if found.default_factory is not None or found.default is None or found.default == ():
        return "none"
    value = found.default
    if isinstance(value, BaseModel):
        return "its defaults"
    if isinstance(value, timedelta):
        return f"`{format_duration(value)}`"
    if isinstance(value, tuple):
        return ", ".join(f"`{one}`" if one else "nothing" for one in value)
    return f"`{value}`"


PAGES = {"reference/settings.md": settings_page}


def main() -> None:
    folder = Path(__file__).parent
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
