"""The settings of what is kept, and for how long."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, Field

from driftline.settings.fields import CONFIG, Interval

BY_WINDOW = timedelta()
"""Stands for: as many windows as `LONG` says, at least a `MONTH`."""

LONG, MONTH = 400, timedelta(days=30)


class Retention(BaseModel):
    """How long results are kept, back from a model's newest window. What is still needed to judge,
    or shown of an incident that is kept, stays longer. Rows that wait for labels are kept as long
    as `labels.wait` says."""

    model_config = CONFIG

    profiles: Interval = Field(
        default=BY_WINDOW, json_schema_extra={"default": "400 windows, at least 30d"}
    )
    """How long the counts of each window are kept, from which distributions are drawn, and earlier
    judgements of performance that late labels have changed (these for a week at most, where windows
    are shorter than a day); or `never` to forget one."""
    results: Interval = timedelta(days=400)
    """How long verdicts, performance and incidents that ended are kept; or `never` to forget
    one."""
