"""Predictions and labels come in. What is answered with 202 is durable."""

from __future__ import annotations

import asyncio
import hashlib
import re
from concurrent.futures import Future
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from driftline.errors import Rejected
from driftline.log.answering import Key, Receipt
from driftline.log.bodies import ARROW, JSON, NDJSON, read_body
from driftline.log.place import Kind
from driftline.log.taking import Log
from driftline.service.api.models import known_model
from driftline.service.api.problems import documented
from driftline.service.metrics.tally import Tally
from driftline.settings.models import Settings
from driftline.stores.journal import LogId

INLINE_BYTES = 2**14
"""Larger bodies are read by a thread, so that they do not hold up other requests."""
DRAINED = 4
"""A body that is up to this many times too large is read to its end, so that its sender reads the
answer; of larger ones the connection is cut."""

Word = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="A word of your own for this request: sent again under it, nothing is doubled.",
    ),
]
_ROW: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {"type": ["number", "string", "boolean", "null"]},
}
_BODIES: dict[str, Any] = {
    JSON: {
        "schema": {
            "type": "object",
            "required": ["rows"],
            "additionalProperties": False,
            "properties": {"rows": {"type": "array", "items": _ROW}},
        }
    },
    NDJSON: {"schema": {"type": "string", "description": "A JSON object on each line."}},
    ARROW: {"schema": {"type": "string", "format": "binary"}},
}


class Taken(BaseModel):
    """The rows are durable."""

    rows: int
    """How many."""
    repeated: bool
    """Whether they were taken before, under the same Idempotency-Key; nothing is doubled."""


def router(settings: Settings, log: Log, tally: Tally) -> APIRouter:
    routes = APIRouter(tags=["rows"])
    common: dict[str, Any] = {
        "status_code": 202,
        "responses": documented(400, 404, 409, 413, 415, 422),
        "openapi_extra": {"requestBody": {"required": True, "content": _BODIES}},
    }

    @routes.post("/v1/models/{name}/predictions", **common)
    async def predictions(name: str, request: Request, word: Word = None) -> Taken:
        """Send predictions: for each row what the model was given and what it said."""
        return await _take(request, _log_of(settings, log, name, "predictions"), word)

    @routes.post("/v1/models/{name}/labels", **common)
    async def labels(name: str, request: Request, word: Word = None) -> Taken:
        """Send labels: for each row the id of a prediction, and what was true. Before or after the
        prediction; of several for one id the one that became known last counts."""
        return await _take(request, _log_of(settings, log, name, "labels"), word)

    async def _take(request: Request, of: LogId, word: str | None) -> Taken:
        body = await _body(request, settings.api.max_body_mb)
        key = _key(word, request, body)
        media = request.headers.get("content-type", "").partition(";")[0]
        work = partial(_accept, log, of, body, media, settings.api.max_rows, key)
        receipt = work() if len(body) < INLINE_BYTES else await run_in_threadpool(work)
        taken: Receipt = await asyncio.wrap_future(receipt)
        new = 0 if taken.repeated else taken.rows
        tally.add("driftline_ingest_rows_total", new, of.model, of.kind)
        return Taken(rows=taken.rows, repeated=taken.repeated)

    return routes


def _log_of(settings: Settings, log: Log, name: str, kind: Kind) -> LogId:
    found = LogId(name, kind)
    if found in log.places:
        return found
    known_model(settings, name)
    told = f"{name} does not take its {kind} from here; say `{kind}: {{source: ingest, ..}}`"
    raise Rejected(409, f"{told} in the settings")


def _accept(
    log: Log, of: LogId, body: bytes, media: str, max_rows: int, key: Key | None
) -> Future[Receipt]:
    return log.take(of, read_body(body, media, max_rows), key, len(body))


async def _body(request: Request, max_mb: float) -> bytes:
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        raise Rejected(415, f'bodies must not be encoded; found Content-Encoding "{encoding:.50}"')
    limit = int(max_mb * 2**20)
    too_large = Rejected(413, f"a body may have up to {max_mb:g} MB; send several requests")
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limit * DRAINED:
        raise too_large
    chunks, size = [], 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit * DRAINED:
                break
            if size <= limit:
                chunks.append(chunk)
    except ClientDisconnect:
        raise Rejected(400, "the body ended before it was whole") from None
    if size > limit:
        raise too_large
    return b"".join(chunks)


def _key(word: str | None, request: Request, body: bytes) -> Key | None:
    if word is None:
        return None
    if not re.fullmatch(r"[!-~]{1,200}", word):
        raise Rejected(400, "an Idempotency-Key has 1 to 200 visible ASCII characters, no spaces")
    media = request.headers.get("content-type", "")
    return Key(word, hashlib.sha256(media.encode() + b"\n" + body).hexdigest())
