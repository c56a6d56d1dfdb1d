"""What every answer tells a browser: what it may run, who may frame it, and that data may be read from anywhere."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

import streamlit
from starlette.datastructures import MutableHeaders, QueryParams
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DATA = ("/api/", "/healthz", "/metrics")
METHODS = "GET, HEAD, OPTIONS"
ALWAYS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "strict-origin-when-cross-origin"}
OPEN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Disposition, ETag, Link, Retry-After, "
    "X-Crashday-Generation, X-Crashday-Rows, X-Crashday-Total",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
PREFLIGHT = {
    "Allow": METHODS,
    "Access-Control-Allow-Methods": METHODS,
    "Access-Control-Allow-Headers": "If-None-Match",
    "Access-Control-Max-Age": "86400",
}


class Headers:
    """Adds them, whatever is answered below, and answers OPTIONS for data."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        data = scope["path"].startswith(DATA)
        added = ALWAYS | (OPEN if data else _page(QueryParams(scope["query_string"]).get("embed") == "true"))

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(added)
                _vary_once(headers)
            await send(message)

        preflight = data and scope["method"] == "OPTIONS"
        answer = Response(status_code=204, headers=PREFLIGHT) if preflight else self.app
        await answer(scope, receive, with_headers)


def _page(embedded: bool) -> dict[str, str]:
    """A page may be framed elsewhere only by the address that is made for it, Streamlit's `?embed=true`."""
    policy = f"{_policy()}; frame-ancestors {'*' if embedded else chr(39) + 'self' + chr(39)}"
    return {"Content-Security-Policy": policy} | ({} if embedded else {"X-Frame-Options": "SAMEORIGIN"})


@cache
def _policy() -> str:
    """Our own scripts and the inline ones of Streamlit's page as it is installed; styles are written by scripts."""
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text()
    inline = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in inline)
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' {hashes}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
        )
    )


def _vary_once(headers: MutableHeaders) -> None:
    named = {one.strip().lower(): one.strip() for line in headers.getlist("vary") for one in line.split(",")}
    if named:
        headers["vary"] = ", ".join(named.values())
