"""The routes and headers of the API on a free port of the loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import requests
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from api import ROUTES
from api.headers import Headers


@contextmanager
def serving() -> Iterator[str]:
    """The address of a server that runs until the block ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    app = Starlette(
        routes=ROUTES, middleware=[Middleware(Headers), Middleware(GZipMiddleware), Middleware(GZipMiddleware)]
    )
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def get(api: str, path: str, headers: dict[str, str] | None = None, **query: object) -> requests.Response:
    return requests.get(f"{api}{path}", params=query, headers=headers, timeout=30)
