"""Bytes: small, checked, and never anything but a clear error when they are not ours."""

from __future__ import annotations

import json
import struct
import zlib
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftline.errors import CodecError, GridMismatch
from driftline.profiles.codec import (
    GRIDS,
    PROFILE,
    decode_grids,
    decode_profile,
    encode_grids,
    encode_profile,
    pack,
    seal,
    unpack,
)
from driftline.profiles.fit import fit_table
from driftline.profiles.grid import CategoricalGrid, numeric_grid
from driftline.profiles.packing import pack_counts, unpack_counts
from driftline.profiles.profile import Profile, profile_table


def _table(seed: int = 0, rows: int = 500) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table({"x": rng.normal(size=rows), "c": rng.choice(["a", "b", "è"], rows)})


@cache
def _profile() -> Profile:
    return fit_table(_table()).profile


@given(
    st.dictionaries(
        st.text(),
        st.builds(
            lambda own, others: CategoricalGrid(tuple(own), frozenset(others - own)),
            st.sets(st.text(st.characters(codec="utf-8"))),
            st.sets(st.text(st.characters(codec="utf-8"))),
        )
        | st.lists(st.floats(allow_nan=False, allow_infinity=False)).map(
            lambda values: numeric_grid(np.sort(np.array(values)))
        ),
    )
)
def test_grids_come_back_as_they_were(grids: dict[str, CategoricalGrid]) -> None:
    found = decode_grids(encode_grids(grids))
    assert found == grids
    assert list(found) == list(grids)


def test_counts_of_every_width_come_back_as_they_were() -> None:
    grid = CategoricalGrid(("a",))
    for most in (0, 255, 256, 65_536, 2**32, 2**62):
        counts = np.array([most, 1, 0], dtype=np.int64)
        column = fit_table(pa.table({"c": ["a"]})).profile.columns["c"]
        summary = type(column)(grid, counts, missing=3, infinite=1, unreadable=2, absent=1)
        profile = Profile(summary.rows, {"c": summary})
        assert decode_profile(encode_profile(profile), {"c": grid}) == profile


@pytest.mark.parametrize(
    ("blob", "message"),
    [
        (b"", "begin with b''"),
        (b"PAR1\x00\x00", "expected a Driftline profile; found bytes that begin with b'PAR1"),
        (encode_grids({}), "expected a Driftline profile; found a set of grids"),
        (PROFILE, "damaged"),
        (
            b"DLP1" + bytes(60),
            "of version 1 and this Driftline reads version 3 only",
        ),
        (encode_profile(_profile())[:-1], "damaged"),
        (encode_profile(_profile()) + b"\0", "damaged"),
    ],
)
def test_foreign_and_cut_blobs_are_refused(blob: bytes, message: str) -> None:
    with pytest.raises(CodecError, match=message):
        decode_profile(blob, _profile().grids)


@given(st.data())
def test_a_flipped_bit_or_a_cut_is_always_found(data: st.DataObject) -> None:
    blob = bytearray(encode_profile(_profile()))
    if data.draw(st.booleans()):
        blob[data.draw(st.integers(0, len(blob) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del blob[data.draw(st.integers(0, len(blob) - 1)) :]
    with pytest.raises(CodecError):
        decode_profile(bytes(blob), _profile().grids)


@given(st.binary() | st.binary().map(lambda tail: PROFILE + tail))
def test_arbitrary_bytes_are_refused(blob: bytes) -> None:
    with pytest.raises(CodecError):
        decode_profile(blob, _profile().grids)
    with pytest.raises(CodecError):
        decode_grids(GRIDS + blob)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["rows", "columns", "grids"]), JSON), st.binary())
def test_an_intact_seal_around_nonsense_is_refused(header: dict[str, object], body: bytes) -> None:
    if header.get("grids") != [] or body:
        with pytest.raises(CodecError):
            decode_grids(seal(GRIDS, header, body))


def _forged(packed: bytes) -> bytes:
    """A profile's blob with a right digest of its grids and a right checksum around `packed`."""
    whole = encode_profile(_profile())[8:16] + packed
    return PROFILE + struct.pack("<I", zlib.crc32(whole)) + whole


@given(st.binary())
def test_nonsense_in_place_of_a_profiles_counts_is_refused(packed: bytes) -> None:
    with pytest.raises(CodecError):
        decode_profile(_forged(packed), _profile().grids)


@given(st.data())
def test_a_forged_profile_whose_counts_do_not_add_up_is_refused(data: st.DataObject) -> None:
    grids = _profile().grids
    cells = sum(grid.cells for grid in grids.values())
    counts, others = unpack_counts(encode_profile(_profile())[16:], cells)
    forged = data.draw(st.sampled_from([counts, others[:2]]))  # a count, the rows or missing ones
    place = data.draw(st.integers(0, len(forged) - 1))
    forged[place] += data.draw(st.integers(1, 2**40))
    with pytest.raises(CodecError, match="do not add up"):
        decode_profile(_forged(pack_counts(counts, others)), grids)


def test_counts_and_columns_that_the_grids_do_not_have_are_refused() -> None:
    grids = _profile().grids
    cells = sum(grid.cells for grid in grids.values())
    beyond = np.zeros(cells + 1, dtype=np.int64)
    beyond[-1] = 1
    for counts, others in ((beyond, 13), (beyond[:cells], 9), (beyond[:cells], 17)):
        with pytest.raises(CodecError):
            decode_profile(_forged(pack_counts(counts, np.zeros(others, dtype=np.int64))), grids)


@given(st.lists(st.integers(0, 2**63 - 2) | st.just(0)), st.lists(st.integers(0, 2**63 - 1)))
def test_packed_numbers_come_back_as_they_were(counts: list[int], others: list[int]) -> None:
    packed = pack_counts(np.array(counts, dtype=np.int64), np.array(others, dtype=np.int64))
    found = unpack_counts(packed, len(counts))
    assert [numbers.tolist() for numbers in found] == [counts, others]


@pytest.mark.parametrize(
    ("grids", "body"),
    [
        ([["x", "numeric", 2, None]], np.array([2.0, 1.0]).tobytes()),
        ([["x", "numeric", 2, None]], np.array([1.0, 1.0]).tobytes()),
        ([["x", "numeric", 1, None]], np.array([np.nan]).tobytes()),
        ([["x", "numeric", 1, None]], np.array([np.inf]).tobytes()),
        ([["x", "numeric", -1, None]], b""),
        ([["x", "numeric", 1, None]], np.array([1.0, 2.0]).tobytes()),
        ([["x", "categorical", [["a", "a"], []], None]], b""),
        ([["x", "categorical", [["a"], ["a"]], None]], b""),
        ([["x", "categorical", [["a"], []], ["y", [[], [0, 1]], [[], [0, 1]], "0x1p-1"]]], b""),
        ([["x", "categorical", [["a"], []], ["x", [[], [0, 99]], [[], [0, 1]], "0x1p-1"]]], b""),
        ([["x", "categorical", [["a", 1], []], None]], b""),
        ([["x", "categorical", [["\ud800"], []], None]], b""),
        ([["x", "categorical", [["a"], []], None], ["x", "categorical", [["a"], []], None]], b""),
    ],
)
def test_grids_that_cannot_be_are_refused(grids: object, body: bytes) -> None:
    with pytest.raises(CodecError, match="set of grids is damaged"):
        decode_grids(seal(GRIDS, {"grids": grids}, body))


def test_a_deeply_nested_header_is_refused() -> None:
    deep: object = []
    for _ in range(900):
        deep = [deep]
    with pytest.raises(CodecError):
        decode_grids(seal(GRIDS, {"grids": deep}, b""))
    assert json.dumps(deep)


def test_another_references_grids_are_refused() -> None:
    blob = encode_profile(_profile())
    other = fit_table(_table(seed=1)).grids
    with pytest.raises(GridMismatch, match="profile the window again"):
        decode_profile(blob, other)
    fewer = {"x": _profile().grids["x"]}
    with pytest.raises(GridMismatch, match="other grids or columns"):
        decode_profile(blob, fewer)
    with pytest.raises(GridMismatch, match="other grids or columns"):
        decode_profile(blob, {**_profile().grids, "more": other["x"]})


def test_packed_blobs_come_back_and_a_cut_is_found() -> None:
    packed = pack([b"a", b"", b"bcd"])
    assert unpack(packed) == [b"a", b"", b"bcd"]
    for size in (1, 8, len(packed) - 1):
        with pytest.raises(CodecError, match="cut off"):
            unpack(packed[:size])


def test_a_stored_hour_of_500_rows_takes_less_than_200_bytes_a_column() -> None:
    rng = np.random.default_rng(0)

    def table(rows: int) -> pa.Table:
        return pa.table({f"x{i}": rng.standard_normal(rows) for i in range(20)})

    grids = fit_table(table(100_000)).grids
    hour = encode_profile(profile_table(grids, table(500)))
    assert len(hour) < 20 * 200


def test_a_stored_day_of_fifty_columns_stays_under_100_kb() -> None:
    rng = np.random.default_rng(0)

    def table(rows: int) -> pa.Table:
        numbers = {f"x{i}": rng.standard_normal(rows) * (1 + i) for i in range(40)}
        words = {f"c{i}": rng.choice(list("abcdefghij"), rows) for i in range(10)}
        return pa.table({**numbers, **words})

    grids = fit_table(table(100_000)).grids
    day = encode_profile(profile_table(grids, table(50_000)))
    assert len(day) < 100_000
