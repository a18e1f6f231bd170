"""Problem documents (RFC 9457): what every answer is that is no success."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from driftline.errors import (
    IncidentError,
    IncidentOver,
    NoSuchIncident,
    Rejected,
    RowFault,
    StoreError,
)

MEDIA = "application/problem+json"

TOLD_AGAIN = 60.0
"""Seconds for which a store that is away is in the log once, however many requests come."""

_log = logging.getLogger("driftline.api")


class Fault(BaseModel):
    """What is wrong with one value."""

    row: int | None
    """The row of the request, from 0; null: not one row."""
    field: str | None
    """The field of the row, or the part of the request."""
    message: str


class Problem(BaseModel):
    """What went wrong, as RFC 9457 says it."""

    type: str = "about:blank"
    title: str
    """What the status code means."""
    status: int
    detail: str
    """What was found, what is allowed, what to do."""
    errors: list[Fault] = []
    """The first 20 values that are wrong."""
    rows: list[tuple[int, int]] = []
    """All rows that are wrong: the first and the last of those that follow one another."""


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of the problems that a route may answer with."""
    content = {MEDIA: {"schema": Problem.model_json_schema()}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }


def problem(
    status: int,
    detail: str,
    faults: Sequence[RowFault] = (),
    headers: Mapping[str, str] | None = None,
    rows: Collection[int] = (),
) -> JSONResponse:
    document = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": [asdict(fault) for fault in faults],
        "rows": _runs(rows),
    }
    return JSONResponse(document, status, headers=dict(headers or {}), media_type=MEDIA)


def answer_problems(app: FastAPI) -> None:
    """Have every failure of `app` answered with a problem document."""
    told_at = -math.inf

    @app.exception_handler(Rejected)
    async def _rejected(_request: Request, error: Rejected) -> JSONResponse:
        return problem(error.status, str(error), error.faults, error.headers, error.rows)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        detail = str(error.detail)
        if error.status_code == HTTPStatus.NOT_FOUND and detail == HTTPStatus.NOT_FOUND.phrase:
            detail = "there is nothing at this path; /openapi.json lists what there is"
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            detail = f"this path does not take {request.method}"
        return problem(error.status_code, detail, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        faults = [_fault(one) for one in error.errors()]
        told = "; ".join(f"{fault.field}: {fault.message}" for fault in faults[:3])
        malformed = any(one["type"] == "json_invalid" for one in error.errors())
        return problem(400 if malformed else 422, told, faults[:20])

    @app.exception_handler(IncidentError)
    async def _incident(_request: Request, error: IncidentError) -> JSONResponse:
        kinds = {NoSuchIncident: 404, IncidentOver: 409}
        return problem(kinds.get(type(error), 422), str(error))

    @app.exception_handler(StoreError)
    async def _store(_request: Request, error: StoreError) -> JSONResponse:
        nonlocal told_at
        if time.monotonic() - told_at >= TOLD_AGAIN:
            _log.error("requests are answered with 503: %s", error)
            told_at = time.monotonic()
        told = "the store cannot be reached at the moment; try again"
        return problem(503, told, headers={"Retry-After": "5"})

    @app.exception_handler(Exception)
    async def _unexpected(_request: Request, _error: Exception) -> JSONResponse:
        return problem(500, "something unexpected went wrong; the service's log says what")


def _runs(numbers: Collection[int]) -> list[tuple[int, int]]:
    """The first and the last of those that follow one another.

    >>> _runs({7, 0, 1, 2})
    [(0, 2), (7, 7)]
    """
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def _fault(found: Mapping[str, Any]) -> RowFault:
    where = ".".join(str(part) for part in found["loc"][1:]) or str(found["loc"][0])
    if found["type"] == "missing":
        empty = "; send a JSON object, {} at least, with Content-Type: application/json"
        return RowFault(None, where, f"missing{empty if where == 'body' else ''}")
    told = "no such key" if found["type"] == "extra_forbidden" else str(found["msg"])
    return RowFault(None, where, told)
