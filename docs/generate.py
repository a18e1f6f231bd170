"""Writes the reference pages that come from the code: `python docs/generate.py`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from zoneinfo import ZoneInfo

import typer
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from driftline.alarms.budget import Budget
from driftline.channels import channel_kinds
from driftline.cli import app
from driftline.performance import metrics
from driftline.service.metrics.catalogue import PROCESS, STATE, Metric
from driftline.settings.channels import ChannelSettings
from driftline.settings.deciding import Alarms, Performance
from driftline.settings.faults import INTERNAL
from driftline.settings.keeping import Retention
from driftline.settings.login import LoginSettings, Oidc
from driftline.settings.models import (
    ModelSettings,
    ReferenceSource,
    ReferenceSpan,
    Settings,
)
from driftline.settings.rows import Labels, Predictions
from driftline.settings.serving import ApiSettings, LogSettings
from driftline.sources import source_kinds
from driftline.statistics import statistics
from driftline.ticks import Cron
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
    Retention: "retention",
    LogSettings: "log",
    ApiSettings: "api",
    LoginSettings: "login",
    Oidc: "login: OIDC",
}

WORDS: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    timedelta: "length of time",
    datetime: "date or moment",
    Cron: "cron expression",
    ZoneInfo: "time zone",
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
- `alarms`, `performance`, `every`, `timezone`, `patience` and `channels` at the top are
  defaults; a model overrules them (`alarms` and `performance` key by key).

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
    return f"{title}\n\n{' '.join((model.__doc__ or '').split())}\n\n{_table(model)}"


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
    if origin in (dict, Mapping):
        return f"section of {_kind(inner[1])}"
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
    if found.default_factory is not None or found.default is None or found.default in ((), {}):
        return "none"
    value = found.default
    if isinstance(value, BaseModel):
        return "its defaults"
    if isinstance(value, timedelta):
        return f"`{format_duration(value)}`"
    if isinstance(value, tuple):
        return ", ".join(f"`{one}`" if one else "nothing" for one in value)
    return f"`{value}`"


STATISTICS = """# Statistics

<!-- Written by docs/generate.py from the code; change the docstrings there. -->

A statistic is a function from two summaries, the reference's and the current one, to a number. It
knows no thresholds: [how alarms are decided](../explanation/alarms.md) is another matter. Examples
are run by the tests with these names:

```python
import numpy as np

from driftline.profiles.grid import CategoricalGrid, NumericGrid
from driftline.profiles.summary import Summary
from driftline.statistics import statistics
```

"Without drift" means independent rows of one distribution, n and m of them on the two sides. Real
days are not so: these p-values decide only where the reference has no windows to learn from.
"""

METRICS = """# Metrics of performance

<!-- Written by docs/generate.py from the code; change the docstrings there. -->

A metric is computed from the counts of a span's predictions joined with their labels. How a drop
becomes an alarm is told in [how performance is followed](../explanation/performance.md).
"""

PROMETHEUS = """# What /metrics tells Prometheus

<!-- Written by docs/generate.py from service/metrics/catalogue.py; change that. -->

How to have it scraped, the alert rules and the dashboard: [operate](../how-to/operate.md).

## How the store stands

Read when Prometheus asks. Every service of one store tells the same: take the `max`.

{state}

## What one process did

Counted since it started. With several services, take the sum. Beside these there is what the client
library of Prometheus tells of a process (`process_resident_memory_bytes` ...).

{process}
"""

COMMANDS = """# Commands

<!-- Written by docs/generate.py from the code; change the docstrings there. -->

| exit code | meaning |
|---|---|
| 0 | all well |
| 1 | an alarm or an open incident |
| 2 | the command could not do its work; the reason is on stderr |

Answers go to stdout, progress and messages to stderr. `driftline --debug COMMAND` shows tracebacks.
"""


def statistics_page() -> str:
    """docs/reference/statistics.md: every statistic, from its docstring."""
    found = statistics()
    pieces = [STATISTICS, "| statistic | columns | range | unit | p-value |\n|---|---|---|---|---|"]
    for name, one in found.items():
        cells = [f"[{name}](#{name})", " and ".join(one.kinds), _range(one.low, one.high), one.unit]
        pieces.append(f"| {' | '.join(cells)} | {'no' if one.test is None else 'yes'} |")
    pieces.append("")
    for name, one in found.items():
        text, mark, example = one.doc.partition("\n>>> ")
        code = f'```python\n>>> {name} = statistics()["{name}"]\n{(mark + example).strip()}\n```\n'
        pieces.append(f"## {name}\n\n{_led(text)}\n{code}")
    return "\n".join(pieces)


def metrics_page() -> str:
    """docs/reference/metrics.md: every metric of performance, from its docstring."""
    pieces = [METRICS, "| metric | tasks | better | range | unit |\n|---|---|---|---|---|"]
    for name, one in metrics().items():
        cells = [f"[{name}](#{name})", ", ".join(one.tasks), one.better, _range(one.low, one.high)]
        pieces.append(f"| {' | '.join(cells)} | {one.unit} |")
    pieces.append("")
    pieces += [f"## {name}\n\n{_led(one.doc)}" for name, one in metrics().items()]
    return "\n".join(pieces)


def prometheus_page() -> str:
    """docs/reference/prometheus.md: everything that `/metrics` tells."""
    state, process = (_told_to_prometheus(found) for found in (STATE, PROCESS))
    return PROMETHEUS.format(state=state, process=process)


def _told_to_prometheus(metrics: Mapping[str, Metric]) -> str:
    lines = ["| metric | labels | what it is |", "|---|---|---|"]
    for name, metric in metrics.items():
        labels = ", ".join(metric.labels)
        lines.append(f"| `{name}` ({metric.kind}) | {labels} | {metric.told} |")
    return "\n".join(lines)


def commands_page() -> str:
    """docs/reference/commands.md: every command, from its help."""
    commands = _commands("driftline", app)
    return "\n".join([COMMANDS, *(_command(words, command) for words, command in commands)])


def _commands(words: str, part: typer.Typer) -> Iterator[tuple[str, Any]]:
    group: Any = typer.main.get_group(part)
    for name, command in group.commands.items():
        inner = getattr(command, "commands", None)
        if inner is None:
            yield f"{words} {name}", command
        else:
            yield from ((f"{words} {name} {below}", one) for below, one in inner.items())


def _command(words: str, command: Any) -> str:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    usage = " ".join([words, *(one.name.upper() for one in arguments)])
    lines = [f"## {usage}\n\n{command.help}\n", "| | what | default |\n|---|---|---|"]
    for one in command.params:
        names = [one.name.upper()] if one in arguments else [*one.opts, *one.secondary_opts]
        default = "must be given" if one.required else f"`{one.default}`"
        if not one.required and (one.default is None or isinstance(one.default, bool)):
            default = f"`{one.opts[0]}`" if one.default else ""
        lines.append(f"| {', '.join(f'`{name}`' for name in names)} | {one.help} | {default} |")
    return "\n".join(lines) + "\n"


def _range(low: float, high: float) -> str:
    ends = [f"{end:.4g}".replace("-", "\u2212") for end in (low, high)]
    return " to ".join(end.replace("inf", "\u221e") for end in ends)


def _led(doc: str) -> str:
    """A docstring's paragraphs, the word that leads one in bold."""
    return (
        re.sub(r"^([A-Z][a-z]+(?: [a-z]+)?): ", r"**\1:** ", doc.strip(), flags=re.MULTILINE) + "\n"
    )


PAGES = {
    "reference/settings.md": settings_page,
    "reference/statistics.md": statistics_page,
    "reference/metrics.md": metrics_page,
    "reference/commands.md": commands_page,
    "reference/prometheus.md": prometheus_page,
}


def main() -> None:
    folder = Path(__file__).parent
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
