"""How a CSV file is written, told from its beginning."""

from __future__ import annotations

import csv
import io
import re

import pyarrow as pa

from driftline.sources.csv import CsvSettings
from driftline.sources.encodings import likely_encoding

HEAD_BYTES = 2**20
LINES = 1000

_WITH_COMMA = re.compile(r"[+-]?\d+,\d+")
_WITH_POINT = re.compile(r"[+-]?\d+\.\d+")


def sniffed(path: str, file: str) -> CsvSettings:
    """The settings of a source of CSV files at `path`, by the beginning of one of them, `file`."""
    try:
        with pa.input_stream(file) as stream:
            head: bytes = stream.read(HEAD_BYTES)
    except (OSError, pa.ArrowException):  # told when it is read
        return CsvSettings(path=path)
    encoding = likely_encoding(head)
    lines = head.decode(encoding, errors="replace").lstrip("\ufeff").splitlines()[:LINES]
    separator = max((",", ";", "\t", "|"), key=lines[0].count) if lines else ","
    comma = separator != "," and has_decimal_commas(lines, separator)
    return CsvSettings(
        path=path, separator=separator, encoding=encoding, decimal="," if comma else "."
    )


def has_decimal_commas(lines: list[str], separator: str) -> bool:
    """Whether numbers are written 0,5 and not 0.5.

    >>> has_decimal_commas(["a;b", "1,5;x", "2;y"], ";")
    True
    >>> has_decimal_commas(["a;b", "1.5;2,5"], ";")
    False
    """
    rows = csv.reader(io.StringIO("\n".join(lines[1:])), delimiter=separator)
    values = [value.strip() for row in rows for value in row]
    with_comma = any(_WITH_COMMA.fullmatch(value) for value in values)
    return with_comma and not any(_WITH_POINT.fullmatch(value) for value in values)
