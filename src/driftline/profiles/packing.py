"""Whole numbers as few bytes: most counts of a window are 0, and most of the others are small.

A number is written in groups of seven bits, lowest first, the eighth bit of each byte saying that
more follow; bytes are then compressed by deflate. Counts are written as the places of those that
are not 0, each as its distance from the one before, and their sizes, apart: each of the two has its
own common bytes and compresses better alone.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np

from driftline.profiles.grid import Counts

_BITS = 7
_MOST = 9  # groups of seven bits in a number below 2**63
_RAW = -15  # deflate without header and checksum: what is packed is sealed by its user


def pack_counts(counts: Counts, others: Counts) -> bytes:
    """`counts`, most of them 0, and some `others`, as bytes.

    >>> counts, others = unpack_counts(pack_counts(np.array([0, 0, 7]), np.array([1])), 3)
    >>> counts, others
    (array([0, 0, 7]), array([1]))
    """
    places = np.flatnonzero(counts)
    distances = _deflate(_write(np.diff(places, prepend=-1) - 1))
    sizes = _deflate(_write(np.concatenate([counts[places] - 1, others])))
    return struct.pack("<II", len(places), len(distances)) + distances + sizes


def unpack_counts(packed: bytes, cells: int) -> tuple[Counts, Counts]:
    """Undo `pack_counts` of `cells` counts; ValueError, struct.error or zlib.error for bytes that
    are none of its."""
    used, length = struct.unpack("<II", packed[:8])
    places = np.cumsum(_read(_inflate(packed[8 : 8 + length])) + 1) - 1
    numbers = _read(_inflate(packed[8 + length :]))
    if len(places) != used or len(numbers) < used:
        raise ValueError("it is not as long as it says")
    if used and not (places.min() >= 0 and places.max() < cells):
        raise ValueError("it has more cells than its grids")
    counts = np.zeros(cells, dtype=np.int64)
    counts[places] = numbers[:used] + 1
    return counts, numbers[used:]


def _write(numbers: Counts) -> bytes:
    groups = (numbers[:, None] >> (_BITS * np.arange(_MOST))) & 127
    size = _MOST - (groups[:, ::-1] > 0).argmax(axis=1)
    size[~groups.any(axis=1)] = 1
    place = np.arange(_MOST)
    groups[place < size[:, None] - 1] |= 128
    written: bytes = groups[place < size[:, None]].astype(np.uint8).tobytes()
    return written


def _read(data: bytes) -> Counts:
    groups = np.frombuffer(data, dtype=np.uint8).astype(np.int64)
    if len(groups) == 0:
        return groups
    last = np.flatnonzero(groups < 128)
    if groups[-1] >= 128:
        raise ValueError("its last number is cut off")
    first = np.append(0, last[:-1] + 1)
    size = last - first + 1
    if size.max() > _MOST:
        raise ValueError("it has a number beyond all counts")
    place = np.arange(len(groups)) - np.repeat(first, size)
    return np.add.reduceat((groups & 127) << (_BITS * place), first)


def _deflate(data: bytes) -> bytes:
    """Compressed by what suits it best: with or without a search for repetitions."""
    found = []
    for strategy in (zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY):
        made = zlib.compressobj(6, zlib.DEFLATED, _RAW, zlib.DEF_MEM_LEVEL, strategy)
        found.append(made.compress(data) + made.flush())
    return min(found, key=len)


def _inflate(data: bytes) -> bytes:
    return zlib.decompress(data, _RAW)
