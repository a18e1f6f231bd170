"""Ledger: the predictions of one model that wait for labels, their outcomes, and what they say.

Each window's rows (id, prediction, score, label once known) are kept until their labels can no
longer come. When labels arrive they are joined to the window in which the *prediction* was made,
its outcomes are counted anew, and every span that holds the window is judged again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

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
from driftline.labels import join, latest
from driftline.performance.judge import PerformancePolicy, judge_span
from driftline.performance.past import Past
from driftline.profiles.grid import NumericGrid
from driftline.profiles.joined import outcomes_of
from driftline.profiles.outcomes import Outcomes, encode_outcomes
from driftline.records import PerformanceResult
from driftline.service.pairs import fill_up, paired_rows
from driftline.settings.models import ModelSettings
from driftline.windows import Window, to_micros, window_at
from driftline.wording import count

DAY = timedelta(days=1)

NEWS = 0.02
"""Share of a span's predictions that are new or newly labelled at which it is judged at once."""

NO_ROWS = encode_rows(rows_table([], None, None, None))
"""What is kept of a window without predictions."""


@dataclass
class Ledger:
    """The part of a model's history that labels may still change.

    Attributes:
        model: the model's settings; `labels` and `task` are set.
        score_grid: where scores are counted.
        rows: encoded rows of each window that may still get labels.
        outcomes: of each window that a span to be judged can hold.
        judged: the newest result of each span, by its end.
        early: labels whose predictions have not come yet.
        changed: windows that are to be counted anew.
        normal_since: performance before it is no baseline of spans that end later.
        seen, matched: how many labels have come since this was made, and found their prediction.
    """

    model: ModelSettings
    score_grid: NumericGrid
    rows: dict[Window, bytes] = field(default_factory=dict)
    outcomes: dict[Window, Outcomes] = field(default_factory=dict)
    judged: dict[datetime, PerformanceResult] = field(default_factory=dict)
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
            self.rows[window] = blob
            self.changed.add(window)

    def unpaired(self, since: datetime) -> dict[Window, int]:
        """The windows from `since` on that have predictions without a label; how many they have."""
        found = {}
        for window, blob in sorted(self.rows.items()):
            if window.start >= since:
                labels = decode_rows(blob, [3])["label"]
                if labels.null_count:
                    found[window] = len(labels)
        return found

    def add_window(self, window: Window, tables: Sequence[pa.Table]) -> None:
        """Keep a new window's rows and join labels that came early."""
        self.changed.add(window)
        if not any(table.num_rows for table in tables):
            self.rows[window] = NO_ROWS
            return
        predictions = self.model.predictions
        rows = rows_table(tables, predictions.id, predictions.prediction, predictions.score)
        self.rows[window] = encode_rows(rows)
        if self.early is not None and self.early.num_rows:
            joined = join({window: self.rows[window]}, self.early)
            self.matched += joined.matched
            self.rows.update(joined.changed)
            self.early = joined.unmatched

    def add_late_rows(self, window: Window, tables: Sequence[pa.Table], predictions: int) -> None:
        """Keep the rows of a window anew, as more have come, with the labels that were joined."""
        before = decode_rows(self.rows[window])
        if self.by_pairs:
            self.rows[window] = encode_rows(fill_up(before, predictions))
            self.changed.add(window)
            return
        labels = before.filter(before["label"].is_valid()).select(["id", "label", "known_at"])
        self.add_window(window, tables)
        joined = join({window: self.rows[window]}, labels)
        self.rows.update(joined.changed)
        self._keep_early(joined.unmatched)

    def add_labels(self, tables: Iterable[pa.Table]) -> None:
        """Join labels that have become known; those without a prediction yet are kept as early."""
        labels = self.model.labels
        assert labels is not None
        some = [table for table in tables if table.num_rows]
        if not some:
            return
        known = labels_table(some, labels.id, labels.label, labels.timestamp)
        joined = join(self.rows, known)
        self.seen += known.num_rows
        self.matched += joined.matched
        self.rows.update(joined.changed)
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
        for window, blob in sorted(self.rows.items()):
            if window.start < before:
                rows = decode_rows(blob, [0, 3])
                waiting = rows["id"].filter(rows["label"].is_null()).drop_null()
                if len(waiting):
                    ids[window] = in_one(waiting)
        return (min(ids).start, pa.concat_arrays(list(ids.values()))) if ids else None

    def settle(self) -> tuple[dict[Window, bytes], dict[Window, bytes]]:
        """Count the changed windows anew: their rows and their outcomes, encoded, to be stored."""
        task = self.model.task
        assert task is not None
        positive = None if self.model.positive is None else str(self.model.positive)
        none = Outcomes.empty(task, self.score_grid)
        nothing = encode_outcomes(none)
        changed = sorted(self.changed)
        encoded = dict.fromkeys(changed, nothing)
        for window in changed:
            self.outcomes[window] = none
            if self.rows[window] != NO_ROWS:
                rows = decode_rows(self.rows[window])
                counts = outcomes_of(task, rows, self.score_grid, positive)
                self.outcomes[window], encoded[window] = counts, encode_outcomes(counts)
        return {window: self.rows[window] for window in changed}, encoded

    def judge(
        self, position: datetime, now: datetime, policy: PerformancePolicy
    ) -> list[PerformanceResult]:
        """Judge the span that ends at `position`, the end of the last window, and again every
        earlier one in which something changed, oldest first; forget the changes.

        With windows shorter than a day, an earlier span is judged again at once when it is news
        (`NEWS`), and at midnight for whatever has changed since.
        """
        past = Past(
            tuple(sorted((w, counts) for w, counts in self.outcomes.items() if counts.rows))
        )
        ends = self._touched(position)
        if self.model.window < DAY:
            ends = self._news(position, past, ends)
        results = [self._judge_span(end, now, policy, past) for end in sorted(ends)]
        self.judged.update({result.span.end: result for result in results})
        self.changed.clear()
        self._trim(position)
        return results

    def _touched(self, position: datetime) -> set[datetime]:
        """The ends of the spans that hold a changed window."""
        length, current = self.model.window, self.model.performance.current
        ends = {
            window.end + i * length for window in self.changed for i in range(current // length)
        }
        return {end for end in ends if end == position or end in self.judged}

    def _news(self, position: datetime, past: Past, touched: set[datetime]) -> set[datetime]:
        """The ends of the spans that are worth judging now."""
        assert self.model.labels is not None
        midnight = window_at(position, DAY).start == position
        waited = position - self.model.labels.wait
        asked = touched | {end for end in self.judged if midnight and end > waited}
        found = set()
        for end in asked:
            last = self.judged.get(end)
            rows, labelled = past.counts(Window(end - self.model.performance.current, end))
            if last is None or (labelled, rows) == (last.labelled, last.rows):
                worth = end in touched  # new, or labels were corrected
            else:
                grown = abs(labelled - last.labelled) + abs(rows - last.rows)
                worth = midnight or labelled == rows or grown >= NEWS * rows
            if worth:
                found.add(end)
        return found

    def _judge_span(
        self, end: datetime, now: datetime, policy: PerformancePolicy, past: Past
    ) -> PerformanceResult:
        lengths = self.model.performance
        span = Window(end - lengths.current, end)
        baseline = Window(span.start - lengths.baseline, span.start)
        task = self.model.task
        assert task is not None
        since = [self.normal_since] if self.normal_since is not None else []
        windows = past.cut_at([baseline.start, span.start, span.end, *since])
        before = windows
        if self.normal_since is not None and end > self.normal_since:
            before = [pair for pair in windows if pair[0].start >= self.normal_since]
        return judge_span(windows, before, (span, baseline), policy, task, now)

    def _trim(self, position: datetime) -> None:
        """Forget what can no longer change, and early labels that have waited as long."""
        assert self.model.labels is not None
        waited = position - self.model.labels.wait
        since = position - horizon(self.model)
        self.rows = {w: rows for w, rows in self.rows.items() if w.end > waited}
        self.outcomes = {w: counts for w, counts in self.outcomes.items() if w.end > since}
        self.judged = {end: result for end, result in self.judged.items() if end > since}
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
