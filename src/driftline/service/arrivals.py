"""Arrivals: a model's labels in the order in which they become known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from driftline.errors import DataError
from driftline.kept_rows import id_names
from driftline.profiles.frames import to_microseconds
from driftline.service.pairs import Pairs
from driftline.service.steps import Watched
from driftline.settings.rows import Labels
from driftline.sources import Problem, Reading, Source
from driftline.windows import to_micros


def arrivals_of(watched: Watched, since: datetime | None) -> Arrivals | Pairs:
    """The labels of a model from `since` on, as they become known."""
    labels = watched.model.labels
    if watched.labels is not None and labels is not None and labels.id is None:
        return Pairs(watched.labels, watched.model, labels)
    return Arrivals(watched.labels, labels, since)


@dataclass
class Arrivals:
    """Labels, each given out once. Without a source there are none.

    Labels without a moment of their own are known at once: they are all read at the first call.

    Attributes:
        since: from where on labels are read; None: all.
        error: why labels could not be read; then none are given out from there on.
        problems: what else was wrong with the source.
    """

    source: Source | None
    settings: Labels | None
    since: datetime | None
    error: str = ""
    problems: list[Problem] = field(default_factory=list)
    _tables: list[pa.Table] = field(default_factory=list)
    _done: bool = False

    def read_until(self, end: datetime) -> None:
        """Read what becomes known before `end`, behind what was read already."""
        if self.source is None or self.settings is None or self._done:
            return
        wanted = [self.settings.joined_by, self.settings.label]
        try:
            if self.settings.timestamp is None:
                self._done = True
                self._read(self.source.batches(columns=wanted))
            elif self.since is None or self.since < end:
                wanted.append(self.settings.timestamp)
                self._read(self.source.batches(self.since, end, wanted))
                self.since = end
        except DataError as error:
            self.error, self._done = str(error), True

    def read_again(self, start: datetime, ids: pa.Array) -> None:
        """Read the labels of `ids` that became known from `start` on, before all that is read
        anyway: they may have been delivered later than the moment that they carry."""
        if self.source is None or self.settings is None or self.settings.timestamp is None:
            return
        key = self.settings.joined_by
        wanted = [key, self.settings.label, self.settings.timestamp]

        def of_ids(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
            for table in tables:
                found = table.filter(pc.is_in(id_names(table[key]), value_set=ids))
                if found.num_rows:
                    yield found

        try:
            reading = self.source.batches(start, self.since, wanted)
            self._read(Reading(of_ids(reading), reading.problems))
        except DataError as error:
            self.error, self._done = str(error), True

    def _read(self, reading: Reading) -> None:
        self._tables += list(reading)
        told = [problem for problem in reading.problems if problem.code != "empty_source"]
        self.problems += [problem for problem in told if problem not in self.problems]

    def known_by(self, moment: datetime) -> list[pa.Table]:
        """Take out the labels that become known before `moment`."""
        self.read_until(moment)
        if self.settings is None or self.settings.timestamp is None:
            taken, self._tables = self._tables, []
            return taken
        taken, left = [], []
        for table in self._tables:
            known = to_microseconds(table[self.settings.timestamp]) < to_micros(moment)
            taken.append(table.filter(pa.array(known)))
            if not np.all(known):
                left.append(table.filter(pa.array(~known)))
        self._tables = left
        return taken
