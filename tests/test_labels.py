from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftline.errors import CodecError, ColumnError
from driftline.kept_rows import (
    decode_rows,
    encode_rows,
    id_names,
    labels_table,
    rows_table,
    together,
)
from driftline.labels import Joined
from driftline.labels import join as join_windows
from driftline.windows import Window

START = datetime(2026, 1, 1, tzinfo=UTC)


def day(number: int) -> Window:
    start = START + timedelta(days=number)
    return Window(start, start + timedelta(days=1))


def rows(ids: list[Any]) -> bytes:
    return encode_rows(
        rows_table([pa.table({"id": ids, "late": [1] * len(ids)})], "id", "late", None)
    )


def join(blobs: Mapping[Window, bytes], labels: pa.Table) -> Joined:
    return join_windows(sorted(blobs.items(), reverse=True), labels)


def labels(*found: tuple[Any, Any, int | None]) -> pa.Table:
    ids, values, known = zip(*found, strict=True)
    moments = [None if k is None else START + timedelta(hours=k) for k in known]
    table = pa.table(
        {"id": list(ids), "late": list(values), "at": pa.array(moments, pa.timestamp("us", "UTC"))}
    )
    return labels_table([table], "id", "late", "at")


def known(blob: bytes) -> list[tuple[str, Any]]:
    table = decode_rows(blob)
    return list(zip(table["id"].to_pylist(), table["label"].to_pylist(), strict=True))


def test_labels_find_the_window_of_their_prediction() -> None:
    blobs = {day(0): rows(["a", "b"]), day(1): rows(["c"])}
    joined = join(blobs, labels(("b", 1, 5), ("c", 0, 6)))
    assert known(joined.changed[day(0)]) == [("a", None), ("b", 1)]
    assert known(joined.changed[day(1)]) == [("c", 0)]
    assert (joined.matched, joined.unmatched.num_rows) == (2, 0)


def test_the_same_labels_again_change_nothing() -> None:
    blobs = {day(0): rows(["a", "b"])}
    given_labels = labels(("a", 1, 5), ("b", 0, None))
    once = join(blobs, given_labels)
    twice = join({**blobs, **once.changed}, given_labels)
    assert twice.changed == {}
    assert (twice.matched, twice.corrected) == (2, 0)


def test_a_corrected_label_replaces_the_first() -> None:
    first = join({day(0): rows(["a"])}, labels(("a", 1, 5))).changed
    second = join(first, labels(("a", 0, 9)))
    assert known(second.changed[day(0)]) == [("a", 0)]
    assert second.corrected == 1


def test_an_older_label_does_not_replace_a_newer_one() -> None:
    first = join({day(0): rows(["a"])}, labels(("a", 1, 5))).changed
    assert join(first, labels(("a", 0, 4))).changed == {}
    assert join(first, labels(("a", 0, None))).changed == {}


def test_of_equally_late_labels_the_last_counts() -> None:
    joined = join({day(0): rows(["a"])}, labels(("a", 1, 5), ("a", 0, 5), ("a", 1, 3)))
    assert known(joined.changed[day(0)]) == [("a", 0)]
    assert joined.duplicates == 2
    again = join(joined.changed, labels(("a", 1, 5)))
    assert known(again.changed[day(0)]) == [("a", 1)]


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 2), st.integers(0, 3)), max_size=12),
    st.integers(0, 12),
)
def test_labels_in_two_batches_are_labels_in_one(
    found: list[tuple[str, int, int]], cut: int
) -> None:
    blobs = {day(0): rows(["a", "b"]), day(1): rows(["c", "c"])}

    def after(batches: list[list[tuple[str, int, int]]]) -> list[list[tuple[str, Any]]]:
        state = dict(blobs)
        for batch in batches:
            if batch:
                state.update(join(state, labels(*batch)).changed)
        return [known(state[window]) for window in sorted(state)]

    assert after([found]) == after([found[:cut], found[cut:]])


def test_labels_of_unknown_ids_come_back() -> None:
    joined = join({day(0): rows(["a"])}, labels(("z", 1, 5), ("a", 1, 5)))
    assert joined.unmatched["id"].to_pylist() == ["z"]
    later = join({day(1): rows(["z"])}, decode_rows(encode_rows(joined.unmatched)))
    assert known(later.changed[day(1)]) == [("z", 1)]


def test_labels_without_id_or_value_are_counted_and_left_out() -> None:
    joined = join({day(0): rows(["a"])}, labels((None, 1.0, 5), ("a", None, 5), ("a", np.nan, 5)))
    assert joined.unusable == 3
    assert joined.changed == {}
    assert joined.unmatched.num_rows == 0


def test_a_label_is_for_every_row_with_its_id_in_the_newest_window() -> None:
    joined = join({day(0): rows(["a"]), day(1): rows(["a", "a", None])}, labels(("a", 1, 5)))
    assert known(joined.changed[day(1)]) == [("a", 1), ("a", 1), (None, None)]
    assert day(0) not in joined.changed
    assert (joined.matched, joined.extra_rows) == (1, 1)


@pytest.mark.parametrize("ids", [[1, 2], [1.0, 2.0], ["1", "2"]])
@pytest.mark.parametrize("told", [1, 1.0, "1"])
def test_ids_are_one_however_they_are_written(ids: list[Any], told: Any) -> None:
    joined = join({day(0): rows(ids)}, labels((told, 1, 5)))
    assert known(joined.changed[day(0)]) == [("1", 1), ("2", None)]


@pytest.mark.parametrize(
    ("column", "names"),
    [
        (pa.array([1.5, 2.0]), ["1.5", "2"]),
        (pa.array(["x", None]).dictionary_encode(), ["x", None]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.array([2**63], pa.uint64()), [str(2**63)]),
        (pa.array(["x"], pa.large_string()), ["x"]),
        (pa.nulls(1), [None]),
        (pa.array([1e300, np.nan]), [str(int(1e300)), None]),
    ],
)
def test_ids_of_every_type_have_names(column: pa.Array, names: list[str | None]) -> None:
    assert id_names(column).to_pylist() == names


def test_labels_of_another_type_than_before_are_kept() -> None:
    first = join({day(0): rows(["a", "b", "c"])}, labels(("a", 1, 5))).changed
    second = join(first, labels(("b", 0.5, 5))).changed
    assert known(second[day(0)]) == [("a", 1.0), ("b", 0.5), ("c", None)]
    third = join(second, labels(("c", "high", 5))).changed
    assert known(third[day(0)]) == [("a", "1"), ("b", "0.5"), ("c", "high")]


def test_early_labels_of_different_types_wait_together() -> None:
    both = together([labels(("a", 1, 5)), labels(("b", "no", None))])
    assert both["label"].to_pylist() == ["1", "no"]


def test_absent_columns_of_predictions_are_null() -> None:
    table = rows_table([pa.table({"id": [1]}), pa.table({"score": [0.5]})], "id", "late", "score")
    assert table.to_pylist() == [
        {"id": "1", "prediction": None, "score": None, "label": None, "known_at": None},
        {"id": None, "prediction": None, "score": 0.5, "label": None, "known_at": None},
    ]
    assert rows_table([], "id", None, None).num_rows == 0
    assert decode_rows(encode_rows(rows_table([], "id", None, None))).num_rows == 0


def test_a_label_column_that_is_missing_is_named() -> None:
    with pytest.raises(ColumnError, match='"late"; did you mean "lat"'):
        labels_table([pa.table({"id": [1], "lat": [1]})], "id", "late")
    assert labels_table([], "id", "late").num_rows == 0


def test_no_labels_and_no_windows_are_no_trouble() -> None:
    nothing = labels_table([], "id", "late")
    assert join({day(0): rows(["a"])}, nothing).changed == {}
    assert join({}, labels(("a", 1, 5))).unmatched.num_rows == 1


@pytest.mark.parametrize("damage", [slice(0, 40), slice(0, -60), slice(3, None), slice(0, 0)])
def test_damaged_bytes_are_refused(damage: slice) -> None:
    with pytest.raises(CodecError, match="damaged"):
        decode_rows(rows(["a", "b"] * 100)[damage])


def test_a_month_of_large_windows_is_joined_in_a_moment() -> None:
    size, days = 20_000, 30
    blobs = {day(d): rows([f"id-{d * size + i}" for i in range(size)]) for d in range(days)}
    wanted = [f"id-{i}" for i in range(0, days * size, days)]
    table = pa.table({"id": wanted, "late": [1] * len(wanted)})
    given_labels = labels_table([table], "id", "late")
    begin = time.process_time()
    joined = join(blobs, given_labels)
    assert time.process_time() - begin < 5
    assert joined.matched == len(wanted)
    assert len(joined.changed) == days
