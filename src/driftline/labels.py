"""Labels that come later, joined by id to the predictions that were kept for them.

- A label belongs to the newest window that has its id, and to every row there with that id.
- Of several labels for one id the one that became known last counts; of equally late ones the one
  that came last. A label without a moment counts as earlier than any with one.
- Joining the same labels again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from driftline.kept_rows import (
    alike,
    decode_rows,
    encode_rows,
    in_one,
    micros,
    moments,
    together,
)
from driftline.windows import Window

AT_ONCE = 100_000
"""Bytes of kept rows in which labels are looked up at once."""


@dataclass(frozen=True)
class Joined:
    """What joining labels to windows did.

    Attributes:
        changed: the new blob of every window in which something changed.
        unmatched: the labels of unknown ids (id, label, known_at): their predictions may come yet.
        matched: labels whose id was found.
        corrected: rows that had another label before.
        duplicates: labels left out because a later one for the same id came with them.
        unusable: labels left out because their id or label is missing.
        extra_rows: matched rows beyond the first with the same id in one window.
    """

    changed: dict[Window, bytes] = field(repr=False)
    unmatched: pa.Table = field(repr=False)
    matched: int = 0
    corrected: int = 0
    duplicates: int = 0
    unusable: int = 0
    extra_rows: int = 0


def join(windows: Iterable[tuple[Window, bytes]], labels: pa.Table) -> Joined:
    """Write labels (id, label, known_at) into the rows of the windows that have their ids.

    Goes through the windows, which come newest first, and stops when every label has found its
    rows. A window is rewritten only where its rows do not have these very labels already.
    """
    usable = labels.filter(_usable(labels))
    rest = counting = latest(usable)
    changed: dict[Window, bytes] = {}
    corrected = extra_rows = 0
    newest = iter(windows)
    while rest.num_rows and (some := _some(newest)):
        unused = np.ones(rest.num_rows, dtype=bool)
        for (window, blob), found in zip(
            some, _found([blob for _, blob in some], rest), strict=True
        ):
            hits = (found.number >= 0) & unused[found.number]
            number = found.number[hits]
            unused[number] = False
            extra_rows += len(number) - len(np.unique(number))
            if np.all(found.same[hits]):
                continue
            of_rows = rest.take(pa.array(found.number, mask=~hits))
            rows, differ, other = _write(decode_rows(blob), of_rows)
            if differ:
                changed[window] = encode_rows(rows)
            corrected += other
        rest = rest.filter(pa.array(unused))
    return Joined(
        changed,
        rest,
        matched=counting.num_rows - rest.num_rows,
        corrected=corrected,
        duplicates=usable.num_rows - counting.num_rows,
        unusable=labels.num_rows - usable.num_rows,
        extra_rows=extra_rows,
    )


class _Found(NamedTuple):
    """For each row the number of the label with its id (-1: none), and whether it has that very
    label already, known since the same moment."""

    number: NDArray[np.int64]
    same: NDArray[np.bool_]


def _found(blobs: Sequence[bytes], labels: pa.Table) -> Iterator[_Found]:
    """What of the labels is for the rows of some windows: all looked up at once."""
    tables = [decode_rows(blob, [0, 3, 4]) for blob in blobs]
    found = _look_up(together(tables), labels)
    ends = np.cumsum([table.num_rows for table in tables])[:-1]
    return map(_Found, np.split(found.number, ends), np.split(found.same, ends))


def _look_up(rows: pa.Table, labels: pa.Table) -> _Found:
    place = in_one(pc.index_in(rows["id"], value_set=in_one(labels["id"])))
    found = labels.take(place)
    old, label = alike([rows["label"], found["label"]])
    equal = _flags(pc.fill_null(pc.equal(old, label), False))
    same = equal & (micros(rows["known_at"]) == micros(found["known_at"]))
    number = np.asarray(pc.fill_null(place, -1).to_numpy()).astype(np.int64)
    return _Found(number, same)


def _some(windows: Iterator[tuple[Window, bytes]]) -> list[tuple[Window, bytes]]:
    """The next windows, so many that they have about `AT_ONCE` bytes."""
    found, size = [], 0
    while size < AT_ONCE and (one := next(windows, None)):
        found.append(one)
        size += len(one[1])
    return found


def not_among(labels: pa.Table, known: pa.Table) -> pa.Table:
    """The labels that are not among those known, of which there is one for each id."""
    found = _look_up(labels, known)
    return labels.filter(pa.array(~found.same))


def latest(labels: pa.Table) -> pa.Table:
    """Of the labels of each id the one that counts, in the order they came."""
    codes = in_one(labels["id"]).dictionary_encode().indices.to_numpy()
    order = np.argsort(micros(labels["known_at"]), kind="stable")
    last = np.zeros(codes.max(initial=-1) + 1, dtype=np.int64)
    last[codes[order]] = order
    return labels.take(np.sort(last)) if len(last) < len(codes) else labels


def _usable(labels: pa.Table) -> pa.Array:
    label = in_one(labels["label"])
    has_label = label.is_valid()
    if pa.types.is_floating(label.type):
        has_label = pc.and_(has_label, pc.fill_null(pc.invert(pc.is_nan(label)), False))
    return pc.and_(in_one(labels["id"]).is_valid(), has_label)


def _write(rows: pa.Table, found: pa.Table) -> tuple[pa.Table, int, int]:
    """Rows with the label of each row in `found` (all null: none), how many changed, and how many
    had another label before."""
    old, label = alike([rows["label"], found["label"]])
    before, known = micros(rows["known_at"]), micros(found["known_at"])
    had = _flags(old.is_valid())
    differs = ~_flags(pc.fill_null(pc.equal(old, label), False))
    counts = _flags(label.is_valid()) & (~had | (known >= before))
    changes = counts & (differs | (known != before))
    written = {
        "label": pc.if_else(pa.array(changes), label, old),
        "known_at": moments(np.where(changes, known, before)),
    }
    for name, column in written.items():
        rows = rows.set_column(rows.column_names.index(name), name, column)
    return rows, int(np.count_nonzero(changes)), int(np.count_nonzero(counts & had & differs))


def _flags(values: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=bool)
