"""The settings of what others send us: the log it is kept in, and the limits of the HTTP API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, SecretStr, ValidationInfo

from driftline.settings.fields import (
    CONFIG,
    DEFAULT_STORE,
    DatabaseUrl,
    Duration,
    Interval,
    path_from,
)


def _log_path(text: str, info: ValidationInfo) -> str:
    if re.match(r"[a-z][a-z0-9+.-]*://", text):
        if not re.fullmatch(r"s3a?://[^/\s]+(/\S*)?", text):
            raise ValueError(f'must be a folder or an address like s3://bucket/log; found "{text}"')
        return text.rstrip("/")
    if not text.strip() or "%" in text:
        raise ValueError(f'must be a folder, without "%" in its name; found "{text}"')
    return path_from(text, info)


class LogSettings(BaseModel):
    """The log: predictions and labels that were sent to the service, in Delta Lake tables, one for
    each model and kind. DuckDB, Polars and Spark read them as they are."""

    model_config = CONFIG

    path: Annotated[str, AfterValidator(_log_path)] = Field(
        default="driftline-log", validate_default=True
    )
    """Where the tables are: a folder, or `s3://bucket/prefix`. A relative folder is taken from that
    of the settings file."""
    storage: Mapping[str, SecretStr] = {}
    """Options of the object storage (`AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID` ...); default: what
    the environment says."""
    retention: Interval = timedelta(days=400)
    """How long rows are kept, after their moment and after they came; or `never` to forget one."""
    every: Duration = timedelta(seconds=10)
    """How often rows that were accepted move on into the tables. Driftline itself sees them at
    once; others see them after this."""


class ApiSettings(BaseModel):
    """Limits of the HTTP API."""

    model_config = CONFIG

    max_body_mb: float = Field(default=16, gt=0, le=1024)
    """Requests with a larger body (in megabytes) are refused."""
    max_rows: int = Field(default=100_000, ge=1)
    """Requests with more rows are refused."""
    requests_per_second: float = Field(default=1000, gt=0)
    """What each key, or each address where no keys are used, may ask for in the long run; twice as
    much at once."""
    metrics_columns: int = Field(default=20, ge=0)
    """How many columns of each model `/metrics` tells the drift of, the most blamed first."""


class Shared(BaseModel):
    """What a source may need of the rest of the file. It finds it in `info.context["shared"]`,
    beside the `model` and the `role` (predictions, labels or reference) that it is for."""

    model_config = CONFIG

    store: DatabaseUrl = Field(default=DEFAULT_STORE, validate_default=True)
    log: LogSettings = LogSettings()
