"""Settings of what is decided: when to alarm, and how performance is followed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from driftline.alarms.budget import Budget
from driftline.settings.fields import CONFIG, Duration, FalseAlarms, Share, Text


class Alarms(BaseModel):
    """When to alarm."""

    model_config = CONFIG

    false_alarms: FalseAlarms = Budget()
    """The one knob: how many false alarms are acceptable, over all columns and tests of a model."""
    min_rows: int = Field(default=20, ge=1)
    """Windows with fewer rows are recorded but not judged."""
    least_effect: Mapping[Text, Annotated[Share, Field(ge=0, le=1)]] = Field(default_factory=dict)
    """For some columns the smallest effect that alarms (`{amount: 0.1}`): the largest difference
    between the shares of rows below any value, or the share of rows that moved between categories.
    Default: 0.02; for a share of missing or new values 0.01."""


class Performance(BaseModel):
    """How performance is followed once labels come: a current span against the one before it."""

    model_config = CONFIG

    current: Duration = timedelta(days=7)
    """Length of the span that is judged; a whole number of windows."""
    baseline: Duration = timedelta(days=30)
    """Length of the span that it is compared with; it ends where the current one begins."""
    drop: Share = Field(default=0.05, gt=0, lt=1)
    """Relative worsening that is worth an alarm (0.05 is 5 %), if its interval excludes none."""
    metric: str | None = None
    """The metric that is watched for drops; the others are shown only. Default: `mae` for
    regression, `accuracy` for classes, `f1` where one of two classes has under a tenth of the
    labels."""
    min_labels: int = Field(default=100, ge=1)
    """A span with fewer labels is not judged."""
    min_coverage: Share = Field(default=0.5, ge=0, le=1)
    """A span in which a smaller share of predictions has a label is not judged."""
