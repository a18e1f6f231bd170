"""Ledger: the predictions of one model that wait for labels, their outcomes, and what they say.

Each window's rows (id, prediction, score, label once known) are kept until their labels can no
longer come. When labels arrive they are joined to the window in which the *prediction* was made,
its outcomes are counted anew, and every span that holds the window is judged again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

import pyarrow as pa

from driftline.kept_rows import (
    NEVER,
    decode_rows,
    encode_rows,
    in_one,
    labels_table,
    micros,
    rows_table,
    together,
)
from driftline.labels import join, latest, not_among
from driftline.performance.judge import PerformancePolicy, judge_span
from driftline.performance.past import Past
from driftline.profiles.joined import outcomes_of
from driftline.profiles.outcome_codec import encode_outcomes
from driftline.profiles.outcomes import Outcomes
from driftline.records import PerformanceResult
from driftline.service.lately import Lately
from driftline.service.news import worth_judging
from driftline.service.pairs import fill_up, paired_rows
from driftline.settings.models import ModelSettings
from driftline.windows import Window, to_micros
from driftline.wording import count

DAY = timedelta(days=1)

NO_ROWS = encode_rows(rows_table([], None, None, None))
"""What is kept of a window without predictions."""


class Settled(NamedTuple):
    """The encoded rows and outcomes of windows, and the outcomes of days, that have changed; named
    as in `Changes`."""

    predictions: dict[Window, bytes]
    outcomes: dict[Window, bytes]
    outcome_days: dict[Window, bytes]


@dataclass
class Ledger:
    """The part of a model's history that labels may still change.

    Attributes:
        model: the model's settings; `labels` and `task` are set.
        rows: encoded rows of each window that may still get labels.
        past: the outcomes of each window that a span to be judged can hold.
        judged: the newest result of each span, by its end.
        early: labels whose predictions have not come yet.
        changed: windows that are to be counted anew.
        normal_since: performance before it is no baseline of spans that end later.
        seen, matched: how many labels have come since this was made, and found their prediction.
    """

    model: ModelSettings
    rows: Lately[Window, bytes]
    past: Past
    judged: Lately[datetime, PerformanceResult]
    early: pa.Table | None = None
    changed: set[Window] = field(default_factory=set)
    normal_since: datetime | None = None
    seen: int = 0
    matched: int = 0

    def take(
        self, window: Window, tables: Sequence[pa.Table], labels: Sequence[pa.Table], rows: int
    ) -> None:
        """Keep what there is of a new window: its prediction rows, and the labels that have become
        known with it; or its pairs, and how many predictions it has."""
        if self.by_pairs:
            self.put_pairs(window, labels, rows)
        else:
            self.add_window(window, tables)
            self.add_labels(labels)

    @property
    def by_pairs(self) -> bool:
        """Whether labels come with their predictions and are not joined by id."""
        return self.model.labels is not None and self.model.labels.id is None

    def put_pairs(self, window: Window, pairs: Sequence[pa.Table], predictions: int) -> None:
        """Keep the pairs of a window, in place of those that were known of it."""
        labels = self.model.labels
        assert labels is not None
        blob = encode_rows(paired_rows(labels, pairs, predictions))
        if self.rows.get(window) != blob:
            self.rows.put(window, blob)
            self.changed.add(window)

    def unpaired(self, span: Window) -> dict[Window, int]:
        """The windows of a span that have predictions without a label; how many they have."""
        found = {}
        for window, blob in self._lacking(span).items():
            labels = decode_rows(blob, [3])["label"]
            if labels.null_count:
                found[window] = len(labels)
        return found

    def _lacking(self, span: Window) -> dict[Window, bytes]:
        """The rows of the windows that begin in a span and lack labels, in order."""
        lacking = sorted(self.past.having(attrgetter("unlabelled"), span))
        kept = {window: self.rows.get(window) for window in lacking}
        return {window: blob for window, blob in kept.items() if blob is not None}

    def add_window(self, window: Window, tables: Sequence[pa.Table]) -> None:
        """Keep a new window's rows and join labels that came early."""
        self.changed.add(window)
        if not any(table.num_rows for table in tables):
            self.rows.put(window, NO_ROWS)
            return
        predictions = self.model.predictions
        rows = rows_table(tables, predictions.id, predictions.prediction, predictions.score)
        blob = encode_rows(rows)
        if self.early is not None and self.early.num_rows:
            joined = join([(window, blob)], self.early)
            self.matched += joined.matched
            blob = joined.changed.get(window, blob)
            self.early = joined.unmatched
        self.rows.put(window, blob)

    def add_late_rows(self, window: Window, tables: Sequence[pa.Table], predictions: int) -> None:
        """Keep the rows of a window anew, as more have come, with the labels that were joined; of
        one whose labels are waited for no more nothing is kept."""
        blob = self.rows.get(window)
        if blob is None:
            return
        before = decode_rows(blob)
        if self.by_pairs:
            self.rows.put(window, encode_rows(fill_up(before, predictions)))
            self.changed.add(window)
            return
        labels = before.filter(before["label"].is_valid()).select(["id", "label", "known_at"])
        self._keep_early(labels)
        self.add_window(window, tables)

    def add_labels(self, tables: Iterable[pa.Table]) -> None:
        """Join labels that have become known; those without a prediction yet are kept as early."""
        labels = self.model.labels
        assert labels is not None
        some = [table for table in tables if table.num_rows]
        if not some:
            return
        known = labels_table(some, labels.id, labels.label, labels.timestamp)
        # what is early was looked for in all windows already
        new = known if self.early is None else not_among(known, self.early)
        joined = join(self.rows.back(), new)
        self.seen += known.num_rows
        self.matched += joined.matched
        for window, blob in joined.changed.items():
            self.rows.put(window, blob)
        self.changed.update(joined.changed)
        self._keep_early(joined.unmatched)

    def _keep_early(self, labels: pa.Table) -> None:
        if labels.num_rows:
            waiting = [self.early] if self.early is not None else []
            self.early = latest(together([*waiting, labels]))

    def unlabelled(self, before: datetime) -> tuple[datetime, pa.Array] | None:
        """The start of the oldest window that has predictions without a label, and the ids of those
        in the windows that start before `before`; None when there are none."""
        ids: dict[Window, pa.Array] = {}
        kept = Window(self.rows.first - self.model.window, before)
        for window, blob in self._lacking(kept).items():
            rows = decode_rows(blob, [0, 3])
            waiting = rows["id"].filter(rows["label"].is_null()).drop_null()
            if len(waiting):
                ids[window] = in_one(waiting)
        return (min(ids).start, pa.concat_arrays(list(ids.values()))) if ids else None

    def settle(self) -> Settled:
        """Count the changed windows anew: what is to be stored of them."""
        task = self.model.task
        assert task is not None
        positive = None if self.model.positive is None else str(self.model.positive)
        grid = self.past.score_grid
        nothing = encode_outcomes(Outcomes.empty(task, grid))
        kept = {window: self.rows.get(window) for window in sorted(self.changed)}
        changed = {window: blob for window, blob in kept.items() if blob is not None}
        encoded = dict.fromkeys(changed, nothing)
        for window, blob in changed.items():
            if blob != NO_ROWS:
                counts = outcomes_of(task, decode_rows(blob), grid, positive)
                encoded[window] = encode_outcomes(counts)
            self.past.put(window, encoded[window])
        return Settled(changed, encoded, self.past.changed())

    def judge(
        self, position: datetime, now: datetime, policy: PerformancePolicy
    ) -> list[tuple[PerformanceResult, PerformanceResult | None]]:
        """Judge the span that ends at `position`, the end of the last window, and again every
        earlier one in which something changed, oldest first; forget the changes. With each result
        comes what was said of its span before.
        """
        ends = worth_judging(self, position)
        results = [(self._judge_span(end, now, policy), self.judged.get(end)) for end in ends]
        for result, _ in results:
            self.judged.put(result.span.end, result)
        self.changed.clear()
        self._trim(position)
        return results

    def _judge_span(
        self, end: datetime, now: datetime, policy: PerformancePolicy
    ) -> PerformanceResult:
        lengths = self.model.performance
        span = Window(end - lengths.current, end)
        baseline = Window(span.start - lengths.baseline, span.start)
        task = self.model.task
        assert task is not None
        since = [self.normal_since] if self.normal_since is not None else []
        windows = self.past.cut_at([baseline.start, span.start, span.end, *since])
        before = windows
        if self.normal_since is not None and end > self.normal_since:
            before = [pair for pair in windows if pair[0].start >= self.normal_since]
        return judge_span(windows, before, (span, baseline), policy, task, now)

    def _trim(self, position: datetime) -> None:
        """Forget what can no longer change, and early labels that have waited as long."""
        assert self.model.labels is not None
        waited = position - self.model.labels.wait
        since = position - horizon(self.model)
        self.rows.forget(waited)
        self.past.forget(since)
        self.judged.forget(since)
        if self.early is not None:
            known = micros(self.early["known_at"])
            waiting = (known == NEVER) | (known >= to_micros(waited))
            self.early = self.early.filter(pa.array(waiting))

    def note(self) -> str:
        """What the owner should know of labels without a prediction, or nothing."""
        if self.early is None or self.early.num_rows == 0:
            return ""
        example = f'such as "{self.early["id"][0]}"'
        if self.seen and not self.matched:
            return (
                f"labels: none of {self.seen:,} has the id of a known prediction ({example}); do "
                "labels and predictions name them alike?"
            )
        assert self.model.labels is not None
        if self.model.labels.timestamp is None:  # all labels are read: old ones among them
            return ""
        waiting = count(self.early.num_rows, "label")
        return f"labels: {waiting} without a known prediction ({example}), kept in case it comes"

    def encoded_early(self) -> bytes | None:
        """Early labels to be stored; labels without a moment are read again instead."""
        labels = self.model.labels
        if self.early is None or self.early.num_rows == 0 or labels is None or not labels.timestamp:
            return None
        return encode_rows(self.early)


def horizon(model: ModelSettings) -> timedelta:
    """How far back a window can still matter to performance."""
    wait = model.labels.wait if model.labels else timedelta()
    return wait + compared(model)


def compared(model: ModelSettings) -> timedelta:
    """How long the spans are together of which one is compared with the other."""
    return model.performance.current + model.performance.baseline
