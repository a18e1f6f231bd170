"""Profiles, grids and references as bytes: small, versioned, checked.

A blob is a four-byte magic, a CRC-32 and a zlib stream. The stream is a JSON header and the counts
as the narrowest unsigned integers that hold them. A profile's blob does not repeat its grids: it
names them by fingerprint, and decoding needs the very grids it was counted on.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from driftline.errors import CodecError, GridMismatch
from driftline.profiles.grid import CategoricalGrid, Counts, Grid, NumericGrid
from driftline.profiles.profile import Grids, Profile
from driftline.profiles.summary import Summary

PROFILE = b"DLP1"
GRIDS = b"DLG1"
_KINDS = {PROFILE: "profile", GRIDS: "set of grids", b"DLR1": "reference"}


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
    raw = zlib.decompress(blob[8:])
    size = struct.unpack("<I", raw[:4])[0]
    return json.loads(raw[4 : 4 + size]), raw[4 + size :]


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
    columns: dict[str, Summary] = {}
    at = 0
    for name, fingerprint, dtype, cells, *tallies in header["columns"]:
        grid = grids.get(name)
        if grid is None or grid.fingerprint != fingerprint:
            raise GridMismatch(
                f'column "{name}" of this profile was counted on another grid than the reference '
                "has now; profile the window again with this reference"
            )
        counts = np.frombuffer(body, dtype=dtype, count=cells, offset=at).astype(np.int64)
        at += cells * np.dtype(dtype).itemsize
        columns[name] = Summary(grid, counts, *tallies)
    return Profile(header["rows"], columns)


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
    header, body = unseal(GRIDS, blob)
    grids: dict[str, Grid] = {}
    at = 0
    for name, kind, what in header["grids"]:
        if kind == "numeric":
            points = np.frombuffer(body, dtype="<f8", count=what, offset=at).astype(np.float64)
            grids[name] = NumericGrid(points)
            at += 8 * what
        else:
            grids[name] = CategoricalGrid(tuple(what[0]), frozenset(what[1]))
    return grids
