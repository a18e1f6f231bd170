"""Every exception that Driftline raises on purpose.

    DriftlineError
    ├── SettingsError        the settings file is wrong; lists every fault
    ├── DataError            data that cannot be used as asked
    │   ├── ColumnError      a column that is missing or of an unusable type
    │   └── SourceError      a source that cannot be read; never the same as "no rows"
    ├── ProfileError
    │   ├── GridMismatch     two profiles that were counted on different grids
    │   └── CodecError       bytes that are not a profile or reference of ours, or are damaged
    ├── ServiceError         the service cannot start
    ├── StoreError           the store cannot be opened or holds another version
    ├── ChannelError         a notice that was not sent
    │   ├── TryAgain         not now; it may be sent later
    │   └── Refused          not as it is, however often it is tried
    ├── IncidentError        an incident that cannot be changed as asked
    │   ├── NoSuchIncident   no incident has that id
    │   └── IncidentOver     it is resolved already
    ├── Rejected             rows or a request that the log or the HTTP API does not take
    └── PartError            a statistic, source, store or channel that cannot be loaded

Each message says what was found, what was allowed and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class RowFault:
    """What is wrong with one value of a request: row (from 0), field, and in words."""

    row: int | None
    field: str | None
    message: str


class DriftlineError(Exception):
    """Base of all errors that a caller may want to catch in one place."""


class SettingsError(DriftlineError):
    """The settings file is wrong. `faults` holds one line per fault."""

    def __init__(self, faults: Iterable[str], where: str = "settings") -> None:
        self.faults = tuple(faults)
        count = len(self.faults)
        head = f"{where}: {count} fault{'s' if count != 1 else ''}"
        super().__init__("\n".join([head, *(f"  - {fault}" for fault in self.faults)]))


class DataError(DriftlineError):
    """Data that cannot be used as asked."""


class ColumnError(DataError):
    """A column that is missing or of an unusable type."""


class SourceError(DataError):
    """A source that cannot be read. Never the same as a source that has no rows.

    Attributes:
        after: how long the other side wants to be left alone; None when it did not say.
    """

    def __init__(self, message: str, after: timedelta | None = None) -> None:
        super().__init__(message)
        self.after = after


class ProfileError(DriftlineError):
    """Profiles that cannot be combined or read."""


class GridMismatch(ProfileError):  # noqa: N818
    """Two profiles that were counted on different grids."""


class CodecError(ProfileError):
    """Bytes that are not a profile or reference of ours, or are damaged."""


class StoreError(DriftlineError):
    """The store cannot be opened, or holds another version."""


class ServiceError(DriftlineError):
    """The service cannot start."""


class ChannelError(DriftlineError):
    """A notice that was not sent. The message holds no secret: it is kept and shown."""


class TryAgain(ChannelError):  # noqa: N818
    """A notice that was not sent this time.

    Attributes:
        after: how long the other side wants to be left alone; None when it did not say.
        rest: who has still to get it, where others have; empty: nobody has it yet.
    """

    def __init__(
        self, message: str, after: timedelta | None = None, rest: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.after = after
        self.rest = tuple(rest)


class Refused(ChannelError):  # noqa: N818
    """A notice that will not be taken as it is, however often it is tried.

    `rest` names who has not got it, where others have; empty: nobody has.
    """

    def __init__(self, message: str, rest: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.rest = tuple(rest)


class IncidentError(DriftlineError):
    """An incident that cannot be changed as asked."""


class NoSuchIncident(IncidentError):  # noqa: N818
    """No incident has that id."""


class IncidentOver(IncidentError):  # noqa: N818
    """The incident is resolved already."""


class Rejected(DriftlineError):  # noqa: N818
    """A request that is not taken as it is.

    Attributes:
        status: the status code that HTTP has for it.
        faults: what is wrong with which row and field, if that is what is wrong; the first of it.
        rows: all rows that are wrong.
        headers: what the answer has to say besides.
    """

    def __init__(
        self,
        status: int,
        message: str,
        faults: Sequence[RowFault] = (),
        headers: Mapping[str, str] | None = None,
        rows: Collection[int] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.faults = tuple(faults)
        self.rows = rows
        self.headers = dict(headers or {})


class PartError(DriftlineError):
    """A part (statistic, source, store, channel) that cannot be loaded, or two of one name."""


def unsplit(names: Collection[str]) -> str:
    """What to look at, where the names of all columns were read as that of a single one.

    >>> unsplit(["ts;id"]), unsplit(["ts", "id"])
    (': one column; set `separator: ";"`?', '')
    """
    only = next(iter(names)) if len(names) == 1 else ""
    written = max((";", "\t", "|", ","), key=only.count)
    told = written.replace("\t", "\\t")
    return f': one column; set `separator: "{told}"`?' if written in only else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint that names the known word closest to `name`, or nothing.

    >>> nearest("tmp", ["temp", "dewp"])
    '; did you mean "temp"?'
    >>> nearest("tsx", ["items"]), nearest("tz", ["items", "ts"])
    ('', '; did you mean "ts"?')
    """
    words = list(known)
    found = (
        [word for word in words if sorted(word) == sorted(name)]
        or difflib.get_close_matches(name, words, n=1, cutoff=0.6)
        or [word for word in words if _is_one_letter_off(name, word)]
    )
    return f'; did you mean "{found[0]}"?' if found else ""


def quoted(names: Sequence[str], known: Iterable[str]) -> str:
    """Names in quotes, each with the known word closest to it.

    >>> quoted(["tmp"], ["temp", "dewp"])
    '"tmp"; did you mean "temp"?'
    >>> quoted(["tmp", "x"], ["temp", "dewp"])
    '"tmp" (did you mean "temp"?), "x"'
    """
    words = list(known)
    hints = [nearest(name, words) for name in names]
    if len(names) > 1:
        hints = [f" ({hint.removeprefix('; ')})" if hint else "" for hint in hints]
    return ", ".join(f'"{name}"{hint}' for name, hint in zip(names, hints, strict=True))


def _is_one_letter_off(name: str, word: str) -> bool:
    pairs = zip(name, word, strict=False)
    return len(name) == len(word) > 1 and sum(one != other for one, other in pairs) == 1
