"""No page takes files, so nobody may leave any: Streamlit would keep them in memory, also of a visitor who has gone."""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

REFUSED = PlainTextResponse("This dashboard takes no files.", status_code=403)


class WithoutUploads:
    """Refuses Streamlit's upload route before a byte of the body is read."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = scope["type"] == "http" and "_stcore/upload_file" in scope["path"]
        await (REFUSED if refused else self.app)(scope, receive, send)
