"""Labels that come later, joined by id to the predictions that were kept for them.

- A label belongs to the newest window that has its id, and to every row there with that id.
- Of several labels for one id the one that became known last counts; of equally late ones the one
  that came last. A label without a moment counts as earlier than any with one.
- Joining the same labels again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from driftline.kept_rows import alike, decode_rows, encode_rows, in_one, micros, moments
from driftline.windows import Window


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


def join(blobs: Mapping[Window, bytes], labels: pa.Table) -> Joined:
    """Write labels (id, label, known_at) into the rows of the windows that have their ids.

    Goes from the newest window back and stops as soon as every label has found its rows.
    """
    usable = labels.filter(_usable(labels))
    rest = counting = latest(usable)
    changed: dict[Window, bytes] = {}
    corrected = extra_rows = 0
    for window in sorted(blobs, reverse=True):
        if rest.num_rows == 0:
            break
        ids = decode_rows(blobs[window], [0])["id"]
        found = in_one(pc.index_in(ids, value_set=in_one(rest["id"])))
        hits = len(found) - found.null_count
        if hits == 0:
            continue
        rows, differ, other = _write(decode_rows(blobs[window]), rest.take(found))
        if differ:
            changed[window] = encode_rows(rows)
        corrected += other
        unused = np.ones(rest.num_rows, dtype=bool)
        unused[found.drop_null().to_numpy()] = False
        extra_rows += hits - int(np.count_nonzero(~unused))
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
