"""How text is written as bytes: bytes that are not UTF-8 are replaced, and told."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from typing import Any

from driftline.sources.protocol import Problem
from driftline.wording import shortened

REPLACED = "\ufffd"
"""What stands for bytes that are no text."""


def likely_encoding(data: bytes) -> str:
    """The encoding, by a name that Python knows, of text that begins with `data`.

    Text that is mostly UTF-8 is UTF-8, even if some of it is damaged.

    >>> likely_encoding("Köln".encode("utf8")), likely_encoding("Köln".encode("latin1"))
    ('utf8', 'latin1')
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf16"
    text = codecs.getincrementaldecoder("utf8")("replace").decode(data)
    damaged = text.count(REPLACED)
    foreign = sum(not character.isascii() for character in text) - damaged
    if damaged <= foreign:
        return "utf8"
    return "cp1252" if any(0x80 <= byte < 0xA0 for byte in data) else "latin1"


@dataclass
class Mended:
    """A stream of bytes, read as UTF-8: what is not is replaced by U+FFFD, and counted.

    Attributes:
        lines: lines in which something was replaced; `example` is the first of them as it was.
    """

    stream: Any
    lines: int = 0
    example: bytes = b""
    _decoder: Any = field(default_factory=lambda: codecs.getincrementaldecoder("utf8")("replace"))

    def read(self, size: int = -1) -> bytes:
        """The next bytes, `size` or a few more or less; none at the end."""
        data: bytes = self.stream.read(None if size < 0 else size)
        text: str = self._decoder.decode(data, final=not data)
        while data and not text:  # the first byte of a longer character, alone
            data = self.stream.read(size)
            text = self._decoder.decode(data, final=not data)
        if text.count(REPLACED) > data.count(REPLACED.encode()):
            self.lines += sum(REPLACED in line for line in text.split("\n"))
            self.example = self.example or _first_bad(data)
        return text.encode()

    @property
    def closed(self) -> bool:
        return bool(self.stream.closed)

    def close(self) -> None:
        self.stream.close()

    def problem(self, path: str) -> Problem:
        read = self.example.decode("latin1")
        shown = shortened(read, 60)
        lines = f"{self.lines:,} line{'s' if self.lines != 1 else ''}"
        told = (
            f'{lines} with bytes that are not UTF-8, now "{REPLACED}"; in Latin-1 the first reads '
            f'"{shown}": if that is right, set `encoding: latin1`; else write the file as UTF-8'
        )
        return Problem("bad_encoding", path, told, self.lines)


def _first_bad(data: bytes) -> bytes:
    """The first line of `data` that is not UTF-8."""
    for line in data.split(b"\n"):
        try:
            line.decode()
        except UnicodeDecodeError:
            return line.strip()
    return b""
