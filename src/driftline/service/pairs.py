"""Pairs: labels without ids, of which each row holds what was said and what was true.

They are not joined to predictions: the outcomes of a window are those of its own pairs. Which pairs
are a window's is said by their timestamp, the moment of the prediction, or by the source that is
asked for the window's span.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa

from driftline.errors import DataError
from driftline.kept_rows import labels_table, rows_table, together
from driftline.profiles.frames import to_microseconds
from driftline.settings.models import ModelSettings
from driftline.settings.rows import Labels
from driftline.sources import Problem, Source
from driftline.windows import Window, window_numbers


@dataclass
class Pairs:
    """The pairs of each window. It takes the place of `Arrivals`.

    Attributes:
        since: always None: pairs become known with their window, or are looked for again.
        error: why pairs could not be read; then none are given out from there on.
        problems: what else was wrong with the source.
    """

    source: Source
    model: ModelSettings
    labels: Labels
    since: datetime | None = None
    error: str = ""
    problems: list[Problem] = field(default_factory=list)

    def read_until(self, end: datetime) -> None:
        """Nothing is read ahead."""

    def read_again(self, start: datetime, ids: pa.Array) -> None:
        """Nothing is read by id."""

    def known_by(self, moment: datetime) -> list[pa.Table]:
        """The pairs of the window that ends at `moment`, as far as they are known."""
        return self._read(Window(moment - self.model.window, moment))

    def of(self, windows: Sequence[Window]) -> dict[Window, list[pa.Table]]:
        """The pairs of windows that follow one another without gaps: read at once where a timestamp
        tells them apart."""
        stamp = self.labels.timestamp
        if stamp is None:
            return {window: self._read(window) for window in windows}
        found: dict[Window, list[pa.Table]] = {window: [] for window in windows}
        for table in self._read(Window(windows[0].start, windows[-1].end)):
            numbers = window_numbers(to_microseconds(table[stamp]), windows[0], len(windows))
            for number in np.unique(numbers[numbers >= 0]):
                found[windows[int(number)]].append(table.filter(pa.array(numbers == number)))
        return found

    def _read(self, span: Window) -> list[pa.Table]:
        if self.error:
            return []
        named = [self.labels.label, self.labels.prediction, self.labels.score]
        wanted = [name for name in (*named, self.labels.timestamp) if name is not None]
        try:
            reading = self.source.batches(span.start, span.end, wanted)
            found = list(reading)
        except DataError as error:
            self.error = str(error)
            return []
        told = [problem for problem in reading.problems if problem.code != "empty_source"]
        self.problems += [problem for problem in told if problem not in self.problems]
        return found


def paired_rows(labels: Labels, tables: Sequence[pa.Table], predictions: int) -> pa.Table:
    """Pairs as rows to keep, and a row without a label for each further one of so many
    predictions. Pairs whose label is not known are such rows too."""
    rows = rows_table(tables, None, labels.prediction, labels.score)
    known = labels_table(tables, None, labels.label)
    if tables:
        rows = rows.set_column(rows.column_names.index("label"), "label", known["label"])
    return fill_up(rows, predictions)


def fill_up(rows: pa.Table, predictions: int) -> pa.Table:
    """The rows with a label and, without one, as many as make up the number of predictions."""
    rows = rows.filter(rows["label"].is_valid())
    more = predictions - rows.num_rows
    if more <= 0:
        return rows
    blank = pa.table({column.name: pa.nulls(more, column.type) for column in rows.schema})
    return together([rows, blank])
