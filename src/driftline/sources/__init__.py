"""Sources: where predictions, labels and references come from. One file a kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from driftline.errors import PartError
from driftline.registry import parts
from driftline.sources.protocol import Lasting, Problem, Reading, Source, SourceKind, still

__all__ = [
    "Lasting",
    "Problem",
    "Reading",
    "Source",
    "SourceKind",
    "open_source",
    "source_kinds",
    "still",
]


def source_kinds() -> Mapping[str, SourceKind]:
    """Every kind of source by name: of this folder and of other distributions."""
    return parts("driftline.sources", SourceKind)


def open_source(
    origin: BaseModel, timestamp: str | None = None, required: Sequence[str] = ()
) -> Source:
    """The source that `origin`, the settings of one kind, stands for.

    Args:
        timestamp: the column that holds each row's moment; None when rows have none.
        required: columns that must be there besides (an id, a label).
    """
    for kind in source_kinds().values():
        if isinstance(origin, kind.settings):
            return kind.make(origin, timestamp=timestamp, required=tuple(required))
    known = ", ".join(source_kinds())
    raise PartError(
        f"no kind of source has settings of type {type(origin).__name__} (kinds: {known})"
    )
