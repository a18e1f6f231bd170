"""The page on which people log in; it needs nothing of the dashboard."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request
from starlette.responses import HTMLResponse

from driftline.dashboard.rendering import render

NEXT = "driftline_next"
"""The cookie that keeps where somebody wanted to go who logs in elsewhere."""
LARGEST = 8192
"""Bytes of a form that are read at most."""
LOGO = Path(__file__).parents[1] / "assets" / "logo.svg"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def page(code: int, **values: object) -> HTMLResponse:
    """The page as an answer with the status `code`."""
    return HTMLResponse(str(render("login.html.j2", **values)), code, HEADERS)


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form that was sent; none of one that is larger than any of ours."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            return {}
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def local_path(text: str | None, quoted: bool = False) -> str:
    """An address on this site as it was asked for; `/` for every other.

    >>> local_path("/incident?id=7"), local_path("https://evil.example"), local_path("//evil")
    ('/incident?id=7', '/', '/')
    """
    wanted = unquote(text or "") if quoted else text or ""
    inside = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if inside and wanted.isprintable() else "/"
