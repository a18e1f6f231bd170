"""What `driftline init` writes: a settings file for a data file, commented."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa

from driftline.errors import DataError, SourceError
from driftline.guesses import Guess, guess
from driftline.settings.writing import comment, listed, with_comment, word, wrapped_list
from driftline.sources import Source, open_source
from driftline.sources.csv import CsvFormat, CsvSettings
from driftline.sources.finding import find_files
from driftline.sources.moments import moment_hint
from driftline.sources.parquet import ParquetFormat, ParquetSettings
from driftline.sources.sniffing import sniffed
from driftline.uniting import united
from driftline.windows import format_duration, iso, window_at
from driftline.wording import count

FileSettings = ParquetSettings | CsvSettings
SAMPLE_ROWS = 200_000
DAY = timedelta(days=1)


def file_source(path: str | os.PathLike[str]) -> FileSettings:
    """The settings of a source of the file, folder or glob at `path`, by how the files' names end.

    Raises SourceError when there is none, or when it cannot be told what they are.
    """
    text = os.fspath(path)
    csv, parquet = CsvFormat.endings, ParquetFormat.endings
    found = find_files(text, (*parquet, *csv))[0].path
    if found.lower().endswith(parquet):
        return ParquetSettings(path=text)
    if found.lower().endswith(csv):
        return sniffed(text, found)
    raise SourceError(f"{text}: cannot tell what it is; names end in {', '.join((*parquet, *csv))}")


@dataclass(frozen=True)
class _Look:
    """What was seen in the data: how many rows, from when to when, and some of them."""

    rows: int
    span: tuple[datetime, datetime]
    sample: pa.Table
    guess: Guess

    @property
    def rows_a_day(self) -> float:
        return self.rows / max(1.0, (self.span[1] - self.span[0]) / DAY)


def settings_for(path: str | os.PathLike[str], folder: str | os.PathLike[str] = ".") -> str:
    """A commented driftline.yaml for the data at `path` (a file, folder or glob).

    Args:
        folder: where it will be; the path of the data is written relative to it where it is inside.

    Raises SourceError when the data cannot be read, DataError when it has no rows or no moments.
    """
    origin = file_source(path)
    look = _look(os.fspath(path), open_source(origin), origin)
    shown = _relative(os.fspath(path), Path(folder))
    head = _head(shown, look, _unread(os.fspath(path), origin))
    return "\n".join([*head, *_model(shown, origin, look), *_tail()]) + "\n"


def _look(path: str, source: Source, origin: FileSettings) -> _Look:
    pieces, rows, kept = [], 0, 0
    for table in source.batches():
        rows += table.num_rows
        if kept < SAMPLE_ROWS:
            pieces.append(table.slice(0, 50_000))
            kept += pieces[-1].num_rows
    if not rows:
        raise DataError(f"{path}: no rows; give a file with data")
    sample, _ = united(pieces)
    found = guess(sample)
    if found.timestamp is None:
        names = ", ".join(sample.column_names)
        raise DataError(
            f"{path}: no column of moments (timestamps, dates or ISO 8601 text) among {names}"
            f"{_almost_moments(sample)}; "
            "Driftline watches windows of time. `driftline compare` compares two files without"
        )
    span = open_source(origin, found.timestamp).span()
    if span is None:
        raise DataError(f'{path}: no row has a moment in "{found.timestamp}"')
    return _Look(rows, span, sample, found)


def _almost_moments(sample: pa.Table) -> str:
    """The column that holds moments written in another way, if there is one."""
    for name in sample.column_names:
        if pa.types.is_string(sample[name].type) and len(held := sample[name].drop_null()):
            text = str(held[0].as_py())
            if hint := moment_hint(text):
                return f' ("{name}" holds "{text}"{hint})'
    return ""


def _unread(path: str, origin: FileSettings) -> list[str]:
    """A line about the files of a folder that are of the kind which is not read."""
    csv, parquet = CsvFormat.endings, ParquetFormat.endings
    other = csv if isinstance(origin, ParquetSettings) else parquet
    files = find_files(path, (*csv, *parquet)) if os.path.isdir(path) else []
    names = [os.path.basename(f.path) for f in files if f.path.lower().endswith(other)]
    told = count(len(names), "file")
    return [f"# Not read: {told} of another kind, such as {json.dumps(names[0])}."] if names else []


def _head(path: str, look: _Look, unread: list[str]) -> list[str]:
    first, last = (iso(moment)[:16].replace("T", " ") for moment in look.span)
    seen = f"{look.rows:,} rows of {look.sample.num_columns} columns, {first} to {last} UTC."
    return [
        f"# Written by `driftline init` for {json.dumps(path)[1:-1]}:",
        f"# {seen}",
        *unread,
        "# Which column plays which part was guessed: look it over.",
        "# Every key is described in docs/reference/settings.md.",
        "",
        with_comment("store: sqlite:///driftline.db", "where results are kept"),
        "",
        "models:",
    ]


def _model(path: str, origin: FileSettings, look: _Look) -> list[str]:
    found = look.guess
    lines = [f"  - name: {word(_name(path))}"]
    if found.task:
        lines.append(with_comment(f"    task: {found.task}", "binary, multiclass or regression"))
    lines += ["", *_predictions(path, origin, found), "", *_labels(path, origin, found)]
    window = _window_length(look)
    return [*lines, "", *_reference(look, window), "", *_window(look, window)]


def _name(path: str) -> str:
    """A name for the model from that of its data."""
    last = Path(re.split(r"[*?\[]", path)[0]).name
    bare = re.sub(r"(\.(csv|tsv|parquet|parq|pq|gz|bz2|zst))+$", "", last)
    return re.sub(r"[^\w. -]+", "-", bare).strip(" -.")[:100] or "my-model"


def _predictions(path: str, origin: FileSettings, found: Guess) -> list[str]:
    roles = {
        "timestamp": (found.timestamp, "the moment of each prediction"),
        "id": (found.id, "names each prediction; needed to join labels"),
        "prediction": (found.prediction, "what the model said"),
        "score": (found.score, _score_told(found)),
    }
    lines = ["    predictions:", *(f"      {line}" for line in _origin(path, origin))]
    for role, (column, told) in roles.items():
        others = found.others.get(role, ())
        also = f"; or {listed(others)}" if others else ""
        key = f"{role}: {word(column)}" if column else f"# {role}: {role}"
        lines.append(with_comment(f"      {key}", told + also))
    labels = [name for name in (found.label, *found.others["label"]) if name]
    if labels:
        lines.append(f"      # {listed(labels)}: what was true, never a feature")
    if found.calendar:
        lines.append(f"      # {listed(found.calendar)}: follows the calendar, so it is always new")
    if ignored := [*labels, *found.calendar]:
        lines += wrapped_list("ignore", ignored, "      ")
    if found.codes:
        lines.append("      # whole numbers with few values; name those that are codes:")
        lines += wrapped_list("categorical", found.codes, "      # ")
    return lines


def _score_told(found: Guess) -> str:
    if found.task == "multiclass":
        return "how sure it was; watched as its output"
    return "probability of the positive class"


def _labels(path: str, origin: FileSettings, found: Guess) -> list[str]:
    output = found.prediction or found.score
    body = [
        "labels:",
        *(f"  {line}" for line in _origin(path if found.label else "labels", origin)),
    ]
    body += [f"  id: {word(found.id or 'id')}", f"  label: {word(found.label or 'label')}"]
    if found.label and found.id and output and found.task:
        if found.label_time:
            known = f"  timestamp: {word(found.label_time)}"
            body.append(with_comment(known, "when the label became known", 32))
        head, hidden = ["    # What was true; empty until it is known."], "    "
    elif found.label:
        lacking = [*(["id"] * (not found.id)), *(["prediction or score"] * (not output))]
        head = comment(
            f"{word(found.label)} looks like the label, but there is no column for "
            f"{' and '.join(lacking)}: performance cannot be followed. With it:"
        )
        hidden = "    # "
    else:
        head = comment("With labels (and `task`), joined by id, performance is followed too:")
        hidden = "    # "
    return [*head, *(hidden + line for line in body)]


def _reference(look: _Look, window: timedelta) -> list[str]:
    start, end = _reference_span(look.span, window)
    windows = int((end - start) / window)
    few = "" if windows >= 20 else "; fewer than 20 are too few to learn from what is ordinary"
    return [
        "    # What the model is used to, best what it was trained on; what follows is watched.",
        f"    # {windows:,} windows{few}.",
        "    reference:",
        f"      from: {_moment(start)}",
        with_comment(f"      to: {_moment(end)}", "the first moment after it"),
        "    # or a file of its own: reference: {source: parquet, path: train.parquet}",
    ]


def _reference_span(
    span: tuple[datetime, datetime], window: timedelta
) -> tuple[datetime, datetime]:
    """From the first window to a natural break (month, week, day) between half and two thirds."""
    first, last = window_at(span[0], min(window, DAY)).start, span[1]
    start = first if first >= span[0] - DAY else span[0]
    low, high = start + (last - start) / 2, start + (last - start) * 2 / 3
    goal = start + (last - start) * 0.6
    days = [_midnight(low) + i * DAY for i in range(1, (high - _midnight(low)) // DAY + 1)]
    for breaks in (
        [day for day in days if day.day == 1],
        [day for day in days if day.weekday() == 0],
        days,
    ):
        if breaks:
            return start, min(breaks, key=lambda day: abs(day - goal))
    return start, max(window_at(goal, min(window, DAY)).start, start + min(window, DAY))


def _midnight(moment: datetime) -> datetime:
    return window_at(moment, DAY).start


def _window_length(look: _Look) -> timedelta:
    """A day; an hour when there is much data in few days; a week when there is little in many."""
    days = (look.span[1] - look.span[0]) / DAY
    if days < 21 and look.rows_a_day / 24 >= 100:
        return timedelta(hours=1)
    if days > 280 and look.rows_a_day < 30:
        return timedelta(weeks=1)
    return DAY


def _window(look: _Look, window: timedelta) -> list[str]:
    rows = look.rows_a_day * (window / DAY)
    return [
        with_comment(
            f"    window: {format_duration(window)}",
            f"about {rows:,.0f} rows each; or 15m, 1h, 6h, 1d, 1w",
        ),
        with_comment("    # every: 1h", "how often to look; default: once a window"),
        "    alarms:",
        with_comment("      false_alarms: 1 per 30 days", "the one knob: how many are acceptable"),
        with_comment("      min_rows: 20", "windows with fewer rows are not judged"),
        "    # performance: {current: 7d, baseline: 30d, drop: 5%}",
    ]


def _tail() -> list[str]:
    return [
        "",
        "# Where notices go; default: standard error:",
        "# channels:",
        "#   - {kind: stderr, min_severity: medium}",
    ]


def _origin(path: str, origin: FileSettings) -> list[str]:
    if isinstance(origin, ParquetSettings):
        return ["source: parquet", f"path: {word(path)}"]
    usual = CsvSettings(path=origin.path)
    marks = [
        f"{key}: {json.dumps(getattr(origin, key))}"
        for key in ("separator", "decimal", "encoding")
        if getattr(origin, key) != getattr(usual, key)
    ]
    return ["source: csv", f"path: {word(path)}", *marks]


def _relative(path: str, folder: Path) -> str:
    inside = os.path.relpath(path, folder)
    return inside if not inside.startswith("..") else os.path.abspath(path)


def _moment(moment: datetime) -> str:
    return moment.date().isoformat() if moment == _midnight(moment) else iso(moment)
