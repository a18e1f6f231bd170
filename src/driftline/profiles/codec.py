"""Profiles, grids and references as bytes: small, versioned, checked.

A blob is a four-byte magic, a CRC-32 and a zlib stream. The stream is a JSON header and the counts
as the narrowest unsigned integers that hold them. A profile's blob does not repeat its grids: it
names them by fingerprint, and decoding needs the very grids it was counted on.

Decoding raises nothing but CodecError and GridMismatch, whatever the bytes.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from driftline.errors import CodecError, GridMismatch
from driftline.profiles.grid import CategoricalGrid, Counts, Grid, NumericGrid
from driftline.profiles.profile import Grids, Profile
from driftline.profiles.summary import Summary

PROFILE = b"DLP1"
GRIDS = b"DLG1"
REFERENCE = b"DLR1"
OUTCOMES = b"DLO1"
_KINDS = {
    PROFILE: "profile",
    GRIDS: "set of grids",
    REFERENCE: "reference",
    OUTCOMES: "set of outcomes",
}
_COUNTS = ("|u1", "<u2", "<u4", "<u8")


def seal(magic: bytes, header: Mapping[str, Any], body: bytes) -> bytes:
    """`header` and `body` as one checked, compressed blob of the kind that `magic` names."""
    head = json.dumps(header, separators=(",", ":"), sort_keys=True).encode()
    packed = zlib.compress(struct.pack("<I", len(head)) + head + body, 6)
    return magic + struct.pack("<I", zlib.crc32(packed)) + packed


def unseal(magic: bytes, blob: bytes) -> tuple[dict[str, Any], bytes]:
    """Undo `seal`; raises CodecError for anything else than an intact blob of this kind."""
    what = _KINDS[magic]
    if blob[:4] != magic:
        found = _KINDS.get(bytes(blob[:4]))
        told = f"a {found}" if found else f"bytes that begin with {bytes(blob[:8])!r}"
        raise CodecError(f"expected a Driftline {what}; found {told}")
    if len(blob) < 8 or zlib.crc32(blob[8:]) != struct.unpack("<I", blob[4:8])[0]:
        raise CodecError(f"this {what} is damaged (checksum differs); restore it or make it anew")
    with reading(magic):
        raw = zlib.decompress(blob[8:])
        size = struct.unpack("<I", raw[:4])[0]
        header = json.loads(raw[4 : 4 + size])
        _require(isinstance(header, dict), "the header is no object")
        return header, raw[4 + size :]


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
    columns = []
    body = []
    for name, summary in profile.columns.items():
        counts = _narrow(summary.counts)
        columns.append(
            [name, summary.grid.fingerprint, counts.dtype.str, len(counts), *summary.tallies]
        )
        body.append(counts.tobytes())
    return seal(PROFILE, {"rows": profile.rows, "columns": columns}, b"".join(body))


def decode_profile(blob: bytes, grids: Grids) -> Profile:
    """The profile, on the grids it was counted on; another reference's grids are refused."""
    header, body = unseal(PROFILE, blob)
    with reading(PROFILE):
        rows = _natural(header["rows"])
        _require(isinstance(header["columns"], list), "it has no list of columns")
        described = {str(column[0]): column[1:] for column in header["columns"]}
        _require(len(described) == len(header["columns"]), "two columns have one name")
        _require_grids({name: column[0] for name, column in described.items()}, grids)
        columns: dict[str, Summary] = {}
        at = 0
        for name, (_, dtype, cells, *tallies) in described.items():
            _require(
                dtype in _COUNTS and cells == grids[name].cells, f"{dtype!r:.40} {cells!r:.40}"
            )
            counts = np.frombuffer(body, dtype=dtype, count=cells, offset=at).astype(np.int64)
            at += cells * np.dtype(dtype).itemsize
            missing, infinite, unreadable, absent = map(_natural, tallies)
            summary = Summary(grids[name], counts, missing, infinite, unreadable, absent)
            sound = bool(counts.min() >= 0) and summary.rows == rows
            _require(sound, f'the counts of "{name}" do not add up')
            columns[name] = summary
        _require(at == len(body), "it is longer than its columns")
    return Profile(rows, columns)


def _require_grids(fingerprints: Mapping[str, object], grids: Grids) -> None:
    for name in (*fingerprints, *grids):
        grid = grids.get(name)
        if grid is None or grid.fingerprint != fingerprints.get(name):
            raise GridMismatch(
                f'column "{name}" of this profile was counted on another grid than the reference '
                "has now; profile the window again with this reference"
            )


def _narrow(counts: Counts) -> np.ndarray[Any, Any]:
    return counts.astype(np.min_scalar_type(int(counts.max(initial=0))).newbyteorder("<"))


def encode_grids(grids: Grids) -> bytes:
    header: dict[str, Any] = {"grids": []}
    body = []
    for name, grid in grids.items():
        if isinstance(grid, NumericGrid):
            header["grids"].append([name, "numeric", len(grid.points)])
            body.append(grid.points.astype("<f8").tobytes())
        else:
            known = [list(grid.categories), sorted(grid.others)]
            header["grids"].append([name, "categorical", known])
    return seal(GRIDS, header, b"".join(body))


def decode_grids(blob: bytes) -> dict[str, Grid]:
    """Undo `encode_grids`; raises CodecError for anything else."""
    header, body = unseal(GRIDS, blob)
    grids: dict[str, Grid] = {}
    at = 0
    with reading(GRIDS):
        _require(isinstance(header["grids"], list), "it has no list of grids")
        for name, kind, what in header["grids"]:
            _require(isinstance(name, str) and name not in grids, f"column {name!r:.40}")
            if kind == "numeric":
                size = _natural(what)
                points = np.frombuffer(body, dtype="<f8", count=size, offset=at).astype(np.float64)
                grids[name] = _numeric(points)
                at += 8 * size
            else:
                own, others = what
                grids[name] = _categorical(own, others)
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
