"""Settings of what is left out of a reference."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Self

from pydantic import BaseModel, Field, model_validator

from driftline.settings.fields import CONFIG, Moment, require_order

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Excluded(BaseModel):
    """A day (`2024-12-25`), or a span (`{from: 2024-12-24, to: 2024-12-27}`), in UTC."""

    model_config = CONFIG

    start: Moment = Field(alias="from")
    """First day or moment that is left out."""
    end: Moment = Field(alias="to")
    """Day or moment at which it ends; this one is not left out any more."""

    @model_validator(mode="before")
    @classmethod
    def _a_day(cls, value: object) -> object:
        if isinstance(value, str) and _DAY.fullmatch(value.strip()):
            try:
                value = date.fromisoformat(value.strip())
            except ValueError as error:
                raise ValueError(f'no such day: found "{value}"') from error
        if isinstance(value, date) and not isinstance(value, datetime):
            return {"from": value, "to": value + timedelta(days=1)}
        if isinstance(value, dict | cls):
            return value
        raise ValueError(
            f"must be a day (2024-12-25) or a span ({{from: 2024-12-24, to: 2024-12-27}}); "
            f'found "{value}"'
        )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        require_order(self.start, self.end)
        return self
