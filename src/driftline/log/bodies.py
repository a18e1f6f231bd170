"""Bodies of requests as rows: JSON, NDJSON, or an Arrow stream. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeAlias

import pyarrow as pa

from driftline.errors import Rejected
from driftline.wording import shortened

JSON = "application/json"
NDJSON = "application/x-ndjson"
ARROW = "application/vnd.apache.arrow.stream"

Rows = list[dict[str, Any]]
Body: TypeAlias = Rows | pa.Table
"""Rows as they were sent: objects of JSON, or a table with its own types."""


def read_body(body: bytes, media: str, max_rows: int) -> Body:
    """The rows of a body.

    Args:
        media: its media type, without parameters.
        max_rows: more rows than these are refused.

    Raises Rejected when the body is of another kind, malformed or has too many rows.
    """
    reader = READERS.get(media.strip().lower())
    if reader is None:
        found = f'"{media}"' if media else "nothing"
        told = f"Content-Type must be {JSON}, {NDJSON} or {ARROW}; found {found}"
        raise Rejected(415, told, headers={"Accept-Post": ", ".join((JSON, NDJSON, ARROW))})
    rows = reader(body, max_rows)
    count = rows.num_rows if isinstance(rows, pa.Table) else len(rows)
    if count > max_rows:
        raise _too_many(max_rows)
    return rows


def _too_many(max_rows: int) -> Rejected:
    return Rejected(413, f"more than {max_rows:,} rows in one request; send several")


def _json(body: bytes, _max_rows: int) -> Rows:
    document = _parsed(body)
    if not isinstance(document, dict) or not isinstance(document.get("rows"), list):
        told = f"an object was expected, {_EXAMPLE}; found {shown(document)}"
        raise Rejected(400, told)
    others = sorted(document.keys() - {"rows"})
    if others:
        told = f'"{others[0]:.50}" is not known beside "rows"; {_EXAMPLE} was expected'
        raise Rejected(400, told)
    return _objects(document["rows"], "rows[{}]")


_EXAMPLE = '{"rows": [{..}, ..]}'


def _ndjson(body: bytes, max_rows: int) -> Rows:
    lines = [line for line in body.splitlines() if line.strip()]
    if len(lines) > max_rows:
        raise _too_many(max_rows)
    try:
        rows = _parsed(b"[" + b",".join(lines) + b"]")
    except Rejected:
        rows = None
    if not isinstance(rows, list) or len(rows) != len(lines):
        rows = [_parsed(line, f"row {i}: ") for i, line in enumerate(lines)]
    return _objects(rows, "row {}")


def _parsed(body: bytes, where: str = "") -> Any:
    try:
        return _decode(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Rejected(400, f"{where}not UTF-8: byte {error.start} cannot be read") from None
    except RecursionError:
        raise Rejected(400, f"{where}malformed JSON: nested too deeply") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise Rejected(400, f"{where}malformed JSON: {error.msg} at {place}") from None
    except ValueError as error:  # our own about constants, Python's about digits
        raise Rejected(400, f"{where}malformed JSON: {error}") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no value of JSON; send null where there is none")


_decode: Callable[[str], Any] = json.JSONDecoder(parse_constant=_no_constant).decode


def _objects(rows: list[Any], name: str) -> Rows:
    for i, row in enumerate(rows):
        if not isinstance(row, dict):
            raise Rejected(400, f"{name.format(i)} must be an object; found {shown(row)}")
    return rows


def _arrow(body: bytes, max_rows: int) -> pa.Table:
    try:
        with pa.ipc.open_stream(body) as stream:
            batches, rows = [], 0
            for batch in stream:
                rows += batch.num_rows
                if rows > max_rows:
                    raise _too_many(max_rows)
                batch.validate(full=True)
                batches.append(batch)
            return pa.Table.from_batches(batches, stream.schema)
    except (pa.ArrowException, OSError, ValueError, KeyError, MemoryError) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise Rejected(400, f"malformed Arrow stream: {first:.200}") from None


READERS: Mapping[str, Callable[[bytes, int], Body]] = {
    JSON: _json,
    NDJSON: _ndjson,
    "application/ndjson": _ndjson,
    "application/jsonl": _ndjson,
    ARROW: _arrow,
}


def shown(value: Any) -> str:
    """A value as messages show it: short, and in the words of JSON.

    >>> shown([1]), shown("a" * 50), shown(True)
    ('a list', '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..."', 'true')
    """
    if isinstance(value, dict | list):
        return "a list" if isinstance(value, list) else "an object"
    if isinstance(value, str):
        text = value.encode("utf-8", "replace").decode()
        return f'"{shortened(text, 40)}"'
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value) if not isinstance(value, int) or abs(value) < 10**40 else "a huge number"
