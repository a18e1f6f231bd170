"""Columns of the log: what they are called and what they hold, and how that may grow.

Pure. A column holds numbers (float64), truth values, text or moments; it is open until its first
value comes. Ids and columns that are compared as categories are text whatever they are sent as.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, Self

import pyarrow as pa

from driftline.windows import to_micros

Holds = Literal["number", "boolean", "text", "moment", "open"]

RECEIVED = "driftline_received"
DAY = "driftline_day"
OWN = (DAY, RECEIVED)
"""Columns that the log adds: the day by which a table is partitioned, the moment of receipt."""

MOMENT = pa.timestamp("us", "UTC")
TYPES: dict[Holds, pa.DataType] = {
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "text": pa.string(),
    "moment": MOMENT,
    "open": pa.null(),
}
EARLIEST = to_micros(datetime(1900, 1, 1, tzinfo=UTC))
LATEST = to_micros(datetime(2200, 1, 1, tzinfo=UTC))
"""Moments from here to there are taken; the end is not."""

WORDS: dict[Holds, str] = {
    "number": "a number",
    "boolean": "true or false",
    "text": "text",
    "moment": "an ISO 8601 moment",
    "open": "a number, text, true or false",
}


@dataclass(frozen=True)
class Rules:
    """What the settings say of the rows of one model and kind.

    Attributes:
        moment: column with each row's moment, filled with the moment of receipt where it is absent.
        required: columns that no row may lack.
        text: columns whose values are kept as text: ids and declared categories.
        known: every column there may be; None: those of the first request that is accepted.
        new_columns: whether columns that are not known are taken.
    """

    moment: str | None = None
    required: tuple[str, ...] = ()
    text: frozenset[str] = frozenset()
    known: tuple[str, ...] | None = None
    new_columns: bool = False


@dataclass(frozen=True)
class Columns:
    """The columns of one log as they are by now, in order.

    Attributes:
        moment: the column that the days of the table go by; None: the moment of receipt.
        holds: what each column holds.
        used: whether a request has been accepted.
    """

    moment: str | None = None
    holds: Mapping[str, Holds] = field(default_factory=dict)
    used: bool = False

    @classmethod
    def first(cls, rules: Rules) -> Self:
        """The columns before the first request."""
        return cls(rules.moment).declared(rules)

    def declared(self, rules: Rules) -> Self:
        """These columns and those that the settings name."""
        holds = dict(self.holds)
        if rules.moment:
            holds.setdefault(rules.moment, "moment")
        for name in (*rules.required, *(rules.known or ())):
            holds.setdefault(name, "text" if name in rules.text else "open")
        return replace(self, holds=holds)

    def take_new(self, rules: Rules) -> bool:
        """Whether a column that is not among them may be added."""
        return rules.new_columns or (rules.known is None and not self.used)

    def schema(self) -> pa.Schema:
        """The Arrow schema of the columns that have had a value, and of the log's own."""
        fields = [pa.field(DAY, pa.date32()), pa.field(RECEIVED, MOMENT)]
        fields += [pa.field(n, TYPES[held]) for n, held in self.holds.items() if held != "open"]
        return pa.schema(fields)

    def document(self) -> dict[str, Any]:
        return {"moment": self.moment, "holds": dict(self.holds), "used": self.used}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(document["moment"], document["holds"], document["used"])


def held_by(kind: pa.DataType) -> Holds:
    """What a column of an array of this type holds."""
    return next(held for held, made in TYPES.items() if made == kind)
