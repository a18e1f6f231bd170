"""The rows of an answer, read from its JSON as far as needed, so that memory stays bounded.

Taken are a list of objects, an object with such a list under one key, and, for labels, an object of
lists that belong together: `{"true_labels": [..], "predictions": [..]}`.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from driftline.sources.http.asking import html_title
from driftline.wording import count, listing, one_line

USUAL = ("features", "rows", "labels", "data")
"""Keys under which rows are looked for, unless the settings name one."""
TRUE_LABELS = "true_labels"
CHUNK = 2**16
LARGEST_ROW = 2**22
"""Characters that one row may have."""
LARGEST_REST = 2**26
"""Characters that all else in an answer may have."""

_decode = json.JSONDecoder().raw_decode


class WrongAnswer(Exception):  # noqa: N818
    """An answer that is not what was asked for."""


@dataclass
class _Text:
    """Text of which only what is not used up yet is in memory."""

    file: IO[bytes]
    ahead: str = ""
    at: int = 0
    used: int = 0
    ended: bool = False
    _tried: int = 0
    _decoder: Any = field(default_factory=lambda: codecs.getincrementaldecoder("utf-8-sig")())

    def peek(self) -> str:
        """The next character that is not white space; "" at the end."""
        while True:
            while self.at < len(self.ahead):
                if self.ahead[self.at] not in " \t\r\n":
                    return self.ahead[self.at]
                self.at += 1
            if not self._more():
                return ""

    def take(self, wanted: str) -> None:
        found = self.peek()
        if found not in wanted or not found:
            raise self.wrong(f'expected "{wanted[0]}"')
        self.at += 1

    def value(self, limit: int) -> Any:
        """The next value, which has at most `limit` characters."""
        self.peek()
        while True:
            try:
                value, end = _decode(self.ahead, self.at)
            except RecursionError:
                raise self.wrong("too deep") from None
            except json.JSONDecodeError as error:
                if self.ended:
                    raise self._cut_or_wrong(error) from None
                if len(self.ahead) - self.at > limit:
                    told = f"no end of a value within {limit:,} characters: {error.msg}"
                    raise self.wrong(told) from None
            except ValueError:  # a number of thousands of digits
                raise self.wrong("a number that is too long") from None
            else:
                if end < len(self.ahead) or self.ended:
                    self.at = end
                    return value
            self._more(len(self.ahead) - self.at)

    def objects(self) -> list[Any]:
        """The next objects of a list, as many as are here, but for the last; none when they have
        to be read one by one. Much faster than that."""
        cut = self.ahead.rfind("},", self.at) + 1
        if cut <= self.at or self.used + cut <= self._tried:
            return []
        self._tried = self.used + cut
        try:
            found: list[Any] = json.loads(f"[{self.ahead[self.at : cut]}]")
        except (ValueError, RecursionError):  # the list ends before, or is wrong
            return []
        self.at = cut
        return found

    def _more(self, least: int = 0) -> bool:
        """Read on, `least` bytes or more; whether there was anything."""
        data = self.file.read(max(CHUNK, least))
        self.used += self.at
        try:
            text = self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            raise WrongAnswer(f"the answer is not UTF-8: {error.reason}") from None
        self.ahead, self.at = self.ahead[self.at :] + text, 0
        self.ended = not data
        return bool(data)

    def _cut_or_wrong(self, error: json.JSONDecodeError) -> WrongAnswer:
        """What a value that cannot be read at the end of the text means."""
        if error.msg.startswith("Unterminated") or error.pos >= len(self.ahead.rstrip()):
            self.at = len(self.ahead)
        else:
            self.at = error.pos
        return self.wrong(error.msg)

    def wrong(self, told: str) -> WrongAnswer:
        place = self.used + self.at
        if self.ended and not self.ahead[self.at :].strip():
            return WrongAnswer(f"the answer ends in the middle, after {place:,} characters")
        return WrongAnswer(f"the answer is no JSON at character {place:,}: {told}")


@dataclass
class Body:
    """The rows of one answer, and what stands beside them once they are read.

    Attributes:
        key: the key under which the rows must be; None: one of the usual ones.
        rest: the other keys of the answer; those that come behind the rows only after them.
    """

    file: IO[bytes]
    key: str | None = None
    rest: dict[str, Any] = field(default_factory=dict)

    def rows(self) -> Iterator[Any]:
        """Every entry of the list of rows, whatever it is. Raises WrongAnswer."""
        text = _Text(self.file)
        match text.peek():
            case "[":
                yield from _entries(text)
            case "{":
                yield from self._of_object(text)
            case "":
                raise WrongAnswer("the answer is empty; no rows are an empty list: []")
            case "<":
                title = html_title(text.ahead[: 2**14])
                raise WrongAnswer(f"the answer is a page{title}, no JSON; is `url` right?")
            case _:
                found = text.value(LARGEST_ROW)
                raise WrongAnswer(f"the answer must be a list or an object; found {_shown(found)}")
        if text.peek():
            raise text.wrong("there is more behind the end")

    def _of_object(self, text: _Text) -> Iterator[Any]:
        wanted = USUAL if self.key is None else (self.key,)
        found = ""
        text.take("{")
        while text.peek() != "}":
            name = text.value(LARGEST_ROW)
            if not isinstance(name, str):
                raise text.wrong("expected a key in quotes")
            text.take(":")
            if name in wanted and text.peek() == "[":
                if found:
                    raise WrongAnswer(f'two lists of rows, "{found}" and "{name}"; set `rows`')
                found = name
                yield from _entries(text)
            else:
                self.rest[name] = text.value(LARGEST_REST)
            if text.peek() != "}":
                text.take(",}")
        text.take("}")
        if not found:
            yield from self._of_lists(wanted)

    def _of_lists(self, wanted: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        """Rows from lists that belong together: the first entries, the second ones and so on."""
        lists = {name: value for name, value in self.rest.items() if isinstance(value, list)}
        if self.key is not None or TRUE_LABELS not in lists:
            raise WrongAnswer(_no_rows_in(self.rest, wanted))
        sizes = {name: len(values) for name, values in lists.items()}
        if len(set(sizes.values())) > 1:
            told = ", ".join(f"{name} has {size:,}" for name, size in sizes.items())
            raise WrongAnswer(
                f"lists of different lengths: {told}; each entry must belong to that at the same "
                "place in the others"
            )
        for name in lists:
            del self.rest[name]
        for values in zip(*lists.values(), strict=True):
            yield dict(zip(lists, values, strict=True))


def _entries(text: _Text) -> Iterator[Any]:
    text.take("[")
    while text.peek() != "]":
        several = text.objects()
        if several:
            yield from several
        else:
            yield text.value(LARGEST_ROW)
        if text.peek() != "]":
            text.take(",]")
            if text.peek() == "]":
                raise text.wrong("a comma too many")
    text.take("]")


def _no_rows_in(rest: Mapping[str, Any], wanted: tuple[str, ...]) -> str:
    """What to tell of an answer without a list of rows."""
    for name in wanted:
        if name in rest:
            return f'"{name}" must be a list of objects; found {_shown(rest[name])}'
    for name in ("error", "detail", "message"):
        if name in rest:
            return f"the answer is an error: {_shown(rest[name])}"
    keys = listing([f'"{one_line(name)[:40]}"' for name in rest], 8) if rest else "nothing"
    known = listing([f'"{name}"' for name in wanted])
    return f"no list of rows under {known}; found {keys}: set `rows` to the right one"


def _shown(value: Any) -> str:
    match value:
        case dict():
            return f"an object of {count(len(value), 'key')}"
        case list():
            return f"a list of {len(value):,}"
    return one_line(json.dumps(value, ensure_ascii=False))[:80]
