"""Documents as compressed bytes, and the values in them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from driftline.errors import StoreError
from driftline.windows import from_micros, to_micros

Row = dict[str, Any]


def pack(document: Mapping[str, Any]) -> bytes:
    """A document of JSON's own types as compressed bytes.

    >>> unpack(pack({"p_value": 0.1}))
    {'p_value': 0.1}
    """
    return zlib.compress(json.dumps(document, separators=(",", ":")).encode(), 6)


def unpack(body: bytes) -> dict[str, Any]:
    """Undo `pack`; StoreError for bytes that are damaged."""
    try:
        document: dict[str, Any] = json.loads(zlib.decompress(body))
    except (zlib.error, ValueError) as error:
        raise StoreError(
            f"a stored result is damaged ({error}); restore the store from a backup"
        ) from error
    return document


def float_or_none(value: float | None) -> float | None:
    return None if value is None else float(value)


def micros_or_none(moment: datetime | None) -> int | None:
    return None if moment is None else to_micros(moment)


def moment_or_none(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
