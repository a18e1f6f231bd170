"""Profiles, grids and references as bytes: small, versioned, checked.

A blob is a four-byte magic, whose last byte is its version, a CRC-32 and what is packed: of a
profile its counts (`driftline.profiles.packing`), of everything else a zlib stream of a JSON header
and a body. A profile's blob does not repeat its grids: it holds a digest of them, and decoding
needs the very grids it was counted on.

Decoding raises nothing but CodecError and GridMismatch, whatever the bytes.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import numpy as np

from driftline.errors import CodecError, GridMismatch
from driftline.profiles.grid import CategoricalGrid, Counts, Grid, NumericGrid
from driftline.profiles.link import link_from
from driftline.profiles.packing import pack_counts, unpack_counts
from driftline.profiles.profile import Grids, Profile
from driftline.profiles.summary import Summary

PROFILE = b"DLP3"
GRIDS = b"DLG2"
REFERENCE = b"DLR2"
OUTCOMES = b"DLO2"
LEARNED = b"DLL1"
_KINDS = {
    PROFILE: "profile",
    GRIDS: "set of grids",
    REFERENCE: "reference",
    OUTCOMES: "set of outcomes",
    LEARNED: "record of what a reference teaches",
}
_DIGEST = 8


def seal(magic: bytes, header: Mapping[str, Any], body: bytes) -> bytes:
    """`header` and `body` as one checked, compressed blob of the kind that `magic` names."""
    head = json.dumps(header, separators=(",", ":"), sort_keys=True).encode()
    packed = zlib.compress(struct.pack("<I", len(head)) + head + body, 6)
    return magic + struct.pack("<I", zlib.crc32(packed)) + packed


def unseal(magic: bytes, blob: bytes) -> tuple[dict[str, Any], bytes]:
    """Undo `seal`; raises CodecError for anything else than an intact blob of this kind."""
    packed = _checked(magic, blob)
    with reading(magic):
        raw = zlib.decompress(packed)
        size = struct.unpack("<I", raw[:4])[0]
        header = json.loads(raw[4 : 4 + size])
        _require(isinstance(header, dict), "the header is no object")
        return header, raw[4 + size :]


def _checked(magic: bytes, blob: bytes) -> bytes:
    """What an intact blob of the kind that `magic` names has packed."""
    what, found = _KINDS[magic], bytes(blob[:4])
    if found[:3] == magic[:3] and found != magic and found[3:].isdigit():
        raise CodecError(
            f"this {what} is of version {found[3:].decode()} and this Driftline reads version "
            f"{magic[3:].decode()} only; make it anew, or read it with the Driftline that wrote it"
        )
    if found != magic:
        told = f"a {_KINDS[found]}" if found in _KINDS else f"bytes that begin with {blob[:8]!r}"
        raise CodecError(f"expected a Driftline {what}; found {told}")
    if len(blob) < 8 or zlib.crc32(blob[8:]) != struct.unpack("<I", blob[4:8])[0]:
        raise CodecError(f"this {what} is damaged (checksum differs); restore it or make it anew")
    return blob[8:]


@contextmanager
def reading(magic: bytes) -> Iterator[None]:
    """Turn what goes wrong on reading contents that make no sense into one CodecError."""
    try:
        yield
    except (LookupError, TypeError, ValueError, RecursionError, struct.error, zlib.error) as error:
        raise CodecError(
            f"this {_KINDS[magic]} is damaged or of another version ({error}); restore it or make "
            "it anew"
        ) from error


def _require(condition: bool, fault: str) -> None:
    if not condition:
        raise ValueError(fault)


def _natural(value: object) -> int:
    _require(type(value) is int and 0 <= value < 2**63, f"{value!r:.40} is no count")
    assert isinstance(value, int)
    return value


def encode_profile(profile: Profile) -> bytes:
    names = sorted(profile.columns)
    columns = [profile.columns[name] for name in names]
    tallies = [tally for column in columns for tally in column.tallies]
    parts = [part for column in columns for part in _apart(column.grid, column.counts)]
    packed = _digest(profile.grids) + pack_counts(
        np.concatenate([np.empty(0, dtype=np.int64), *parts]),
        np.array([profile.rows, *tallies], dtype=np.int64),
    )
    return PROFILE + struct.pack("<I", zlib.crc32(packed)) + packed


def decode_profile(blob: bytes, grids: Grids) -> Profile:
    """The profile, on the grids it was counted on; another reference's grids are refused."""
    packed = _checked(PROFILE, blob)
    with reading(PROFILE):
        _require(len(packed) > _DIGEST, "it has no counts")
        if packed[:_DIGEST] != _digest(grids):
            raise GridMismatch(
                "this profile was counted on other grids or columns than the reference has now; "
                "profile the window again with this reference"
            )
        counts, others = unpack_counts(packed[_DIGEST:], sum(grid.cells for grid in grids.values()))
        rows, *tallies = others.tolist()
        _require(len(tallies) == 6 * len(grids), "it does not have its grids' columns")
        columns: dict[str, Summary] = {}
        at = 0
        for number, name in enumerate(sorted(grids)):
            grid = grids[name]
            own = _together(grid, counts[at : at + grid.cells])
            summary = Summary(grid, own, *tallies[6 * number : 6 * number + 6])
            sound = bool(own.min() >= 0) and summary.rows == rows
            _require(sound, f'the counts of "{name}" do not add up')
            columns[name] = summary
            at += grid.cells
    return Profile(rows, {name: columns[name] for name in grids})


def _digest(grids: Grids) -> bytes:
    """What tells one set of grids from another, whatever order they are in."""
    told = "".join(f"{name}\0{grids[name].fingerprint}\0" for name in sorted(grids))
    return blake2b(told.encode(), digest_size=_DIGEST).digest()


def _apart(grid: Grid, counts: Counts) -> tuple[Counts, ...]:
    """The counts in the order in which they are stored: those between points, then those at them,
    which are all 0 where values do not repeat."""
    return (counts[0::2], counts[1::2]) if isinstance(grid, NumericGrid) else (counts,)


def _together(grid: Grid, stored: Counts) -> Counts:
    counts = np.empty_like(stored)
    between, *at = _apart(grid, counts)
    between[:] = stored[: len(between)]
    for points in at:
        points[:] = stored[len(between) :]
    return counts


def encode_grids(grids: Grids) -> bytes:
    header: dict[str, Any] = {"grids": []}
    body = []
    for name, grid in grids.items():
        link = grid.link.told() if grid.link else None
        if isinstance(grid, NumericGrid):
            header["grids"].append([name, "numeric", len(grid.points), link])
            body.append(grid.points.astype("<f8").tobytes())
        else:
            known = [list(grid.categories), sorted(grid.others)]
            header["grids"].append([name, "categorical", known, link])
    return seal(GRIDS, header, b"".join(body))


def decode_grids(blob: bytes) -> dict[str, Grid]:
    """Undo `encode_grids`; raises CodecError for anything else."""
    header, body = unseal(GRIDS, blob)
    grids: dict[str, Grid] = {}
    at = 0
    with reading(GRIDS):
        _require(isinstance(header["grids"], list), "it has no list of grids")
        for name, kind, what, told in header["grids"]:
            _require(isinstance(name, str) and name not in grids, f"column {name!r:.40}")
            if kind == "numeric":
                size = _natural(what)
                points = np.frombuffer(body, dtype="<f8", count=size, offset=at).astype(np.float64)
                grids[name] = _numeric(points)
                at += 8 * size
            else:
                own, others = what
                grids[name] = _categorical(own, others)
            if told is not None:
                grids[name] = replace(grids[name], link=link_from(told))
        partners = [grid.link.partner for grid in grids.values() if grid.link]
        _require(set(partners) <= grids.keys(), "a column is linked to none of its columns")
        _require(at == len(body), "it is longer than its grids")
    return grids


def _numeric(points: np.ndarray[Any, np.dtype[np.float64]]) -> NumericGrid:
    rising = bool(np.isfinite(points).all() and (points[1:] > points[:-1]).all())
    _require(rising, "the points of a grid must rise")
    return NumericGrid(points)


def _categorical(own: list[str], others: list[str]) -> CategoricalGrid:
    names = [*own, *others]
    distinct = len(set(names)) == len(names) and all(isinstance(name, str) for name in names)
    _require(distinct, "the categories of a grid must be distinct texts")
    "".join(names).encode()  # raises ValueError for what is no text
    return CategoricalGrid(tuple(own), frozenset(others))


def pack(parts: Sequence[bytes]) -> bytes:
    """Several blobs as one.

    >>> unpack(pack([b"a", b"", b"bc"]))
    [b'a', b'', b'bc']
    """
    return b"".join(struct.pack("<Q", len(part)) + part for part in parts)


def unpack(packed: bytes) -> list[bytes]:
    """Undo `pack`; raises CodecError when the last blob is cut off."""
    parts = []
    at = 0
    while at < len(packed):
        size = struct.unpack("<Q", packed[at : at + 8].ljust(8, b"\xff"))[0]
        at += 8
        if size > len(packed) - at:
            raise CodecError("packed blobs are cut off; restore them or make them anew")
        parts.append(packed[at : at + size])
        at += size
    return parts
