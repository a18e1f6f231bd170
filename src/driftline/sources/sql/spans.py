"""How a database is asked for the rows of a span, by what its timestamp column holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import BindParameter, ColumnElement, Date, DateTime, String, bindparam, literal, or_

from driftline.errors import ColumnError
from driftline.sources.moments import OPEN_END, OPEN_START

Held = Literal["aware", "naive", "date", "text"]
"""What a timestamp column holds: moments with or without a zone, days, or ISO 8601 text."""

ZONES = timedelta(hours=14)
"""The furthest that a clock is from UTC."""
DAY = timedelta(days=1)

ISO_DAY = "____-__-__%"
"""How ISO 8601 text begins, for LIKE."""


def held(values: list[Any], name: str, where: str) -> Held | None:
    """What a timestamp column with such values holds; None when it holds nothing.

    Raises ColumnError when none of the values is a moment, a day or text.
    """
    found = [value for value in values if isinstance(value, date | str)]
    if not found and values:
        raise ColumnError(
            f'{where}: the timestamp column "{name}" must hold timestamps, dates or ISO 8601 text; '
            f"found {type(values[0]).__name__} (such as {values[0]!s:.40}); a query can convert it"
        )
    match next(iter(found), None):
        case datetime(tzinfo=None):
            return "naive"
        case datetime():
            return "aware"
        case date():
            return "date"
        case str():
            return "text"
    return None


@dataclass(frozen=True)
class Span:
    """The rows from `start` on that are before `end`; None is open."""

    start: datetime | None = None
    end: datetime | None = None

    def conditions(self, column: ColumnElement[Any], kind: Held) -> Iterator[ColumnElement[bool]]:
        """What is true of every row in the span; of days and text it may be true of some outside
        too, since they can be of any zone."""
        if self.start is not None:
            yield column >= _literal(self.start, kind, -ZONES)
        if self.end is not None:
            yield column < _literal(self.end, kind, ZONES + DAY)

    def parameters(self, names: tuple[str, ...], dialect: str) -> Iterator[BindParameter[Any]]:
        """The ends as bound parameters of a query. SQLite knows no moments: it is given days, as
        text, that enclose the span."""
        ends = {"start": self.start or OPEN_START, "end": self.end or OPEN_END}
        for name in names:
            if dialect == "sqlite":
                shift = -ZONES if name == "start" else ZONES + DAY
                day = (ends[name].astimezone(UTC) + shift).date().isoformat()
                yield bindparam(name, day, String)
            elif dialect == "postgresql":
                yield bindparam(name, ends[name].astimezone(UTC), DateTime(timezone=True))
            else:
                yield bindparam(name, _naive(ends[name]), DateTime())


def no_moment(column: ColumnElement[Any], kind: Held) -> ColumnElement[bool]:
    """What is true of the rows that `Span.conditions` never finds."""
    if kind == "text":
        return or_(column.is_(None), column.not_like(literal(ISO_DAY, String)))
    return column.is_(None)


def _literal(moment: datetime, kind: Held, shift: timedelta) -> ColumnElement[Any]:
    match kind:
        case "aware":
            return literal(moment.astimezone(UTC), DateTime(timezone=True))
        case "naive":
            return literal(_naive(moment), DateTime())
        case "date":
            return literal(_shifted(moment, shift), Date())
        case "text":
            return literal(_shifted(moment, shift).isoformat(), String())


def _shifted(moment: datetime, shift: timedelta) -> date:
    return (moment.astimezone(UTC) + shift).date()


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
