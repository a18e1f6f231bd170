"""An HTTP service that is asked for the rows of a span."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, SecretStr, ValidationInfo, model_validator

from driftline.settings.fields import CONFIG, Duration, Moment, Text, WebUrl, told_around
from driftline.sources.protocol import Source, SourceKind

GROUND_TRUTH = "ground-truth"
OURS = ("start_time", "end_time", "model_version")
"""Parameters that every request has."""


def _plain_url(url: str) -> str:
    if "?" in url or "#" in url:
        raise ValueError("must end before the ?: what follows it goes under `parameters`")
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise ValueError(
            "must not hold a password; send it in `headers: {Authorization: ...}`, from ${NAME}"
        )
    return url


def _header(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip()
    if not re.fullmatch(r"[\t -~]*", text):
        raise ValueError("must be one line of ASCII characters, as headers are")
    return SecretStr(text)


Header = Annotated[SecretStr, AfterValidator(_header)]


class HttpSettings(BaseModel):
    """A service that answers `GET url?start_time=&end_time=&model_version=` with the rows of that
    span as JSON."""

    model_config = CONFIG

    url: Annotated[WebUrl, AfterValidator(_plain_url)]
    """Where the service is; `endpoint` is added to it."""
    endpoint: str = Field(default="", json_schema_extra={"default": "`ground-truth` for labels"})
    """What is added to the url; give nothing (`""`) to ask for labels at the url itself."""
    headers: Mapping[str, Header] = {}
    """Headers of every request, such as `Authorization: Bearer ${TOKEN}`. Their values are kept
    secret."""
    parameters: Mapping[str, SecretStr] = {}
    """Parameters of every request beside `start_time`, `end_time` and `model_version`. Their values
    are kept secret."""
    model_version: Text | None = Field(
        default=None, json_schema_extra={"default": "the model's version"}
    )
    """What is asked for as `model_version`."""
    rows: Text | None = Field(
        default=None, json_schema_extra={"default": "`features`, `rows`, `labels` or `data`"}
    )
    """The key of the answer under which the list of rows is."""
    page_by: Literal["page", "offset"] | None = None
    """Ask page by page, until one is empty: by the number of the page, or by that of the rows so
    far. A `next` link, in the answer or its Link header, is followed in any case."""
    page_size: int = Field(default=1000, ge=1)
    """How many rows a page is asked to have."""
    page_parameter: Text | None = Field(
        default=None, json_schema_extra={"default": "`page` or `offset`"}
    )
    """The parameter that says which page."""
    size_parameter: Text = "limit"
    """The parameter that says how many rows."""
    first_page: int = Field(default=1, ge=0)
    """The number of the first page, for `page_by: page`."""
    at_once: Duration | None = None
    """The longest span to ask for at once; a longer one is asked for in pieces. Needs `since`."""
    since: Moment | None = None
    """The moment before which there are no rows, so that nobody asks for them."""
    timeout: Duration = timedelta(minutes=1)
    """How long to wait for each answer, from the request to its last byte."""
    retries: int = Field(default=3, ge=0, le=10)
    """How often a request that failed for the time being (no connection, no answer, 408, 425, 429,
    5xx, an answer cut off) is repeated at once, after 0.5 s, 1 s, 2 s ..., or when Retry-After
    says. After that the whole model is looked at again later."""
    max_mb: float = Field(default=512, gt=0)
    """The largest answer that is taken (in megabytes, uncompressed)."""

    chooses_span: ClassVar[bool] = True
    """The other side chooses the rows of a span: they need no timestamp for that."""

    @model_validator(mode="before")
    @classmethod
    def _around(cls, values: Any, info: ValidationInfo) -> Any:
        if not isinstance(values, dict):
            return values
        known = {"model_version": told_around(info, "version")}
        if told_around(info, "section") == "labels":
            known["endpoint"] = GROUND_TRUTH
        return {**{name: value for name, value in known.items() if value is not None}, **values}

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.at_once is not None and self.since is None:
            raise ValueError("`at_once` needs `since`: the moment before which there are no rows")
        bad = [
            name for name in self.headers if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name)
        ]
        if bad:
            raise ValueError(f'`headers`: "{bad[0]}" cannot be the name of a header')
        taken = {*OURS, *((self.number_parameter, self.size_parameter) if self.page_by else ())}
        if twice := sorted(taken & self.parameters.keys()):
            raise ValueError(f"`parameters`: {', '.join(twice)} is given by Driftline itself")
        return self

    @property
    def number_parameter(self) -> str:
        return self.page_parameter or self.page_by or ""

    @property
    def address(self) -> str:
        """What is asked, without parameters."""
        tail = self.endpoint.strip("/")
        return f"{self.url}/{tail}" if tail else self.url


def _make(
    settings: HttpSettings, timestamp: str | None = None, required: Sequence[str] = ()
) -> Source:
    from driftline.sources.http.reading import HttpSource  # httpx is heavy

    return HttpSource(settings, timestamp, tuple(required))


http = SourceKind("http", HttpSettings, _make, "A service that is asked for the rows of a span.")
