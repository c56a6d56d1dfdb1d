"""Plays recorded bytes over real HTTP on loopback, with faults on demand."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Fault:
    """What goes wrong, and how often before the right answer comes (`times`; -1: always)."""

    kind: str
    """`status` (e.g. 429, 500), `reset` (connection dropped mid-body), `stall` (silence mid-body until the client hangs
    up), `slow` (byte by byte), `drip` (the same, hundred a second), `truncate` (body cut, length says so), `body`
    (another body with 200: HTML, a wrong checksum, another page), `raw` (an answer that is no good HTTP, as it is),
    `drip raw` (the same, hundred bytes a second)"""
    times: int = 1
    status: int = 429
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    """Of an answer of kind `status`."""


@dataclass
class Route:
    """An answer: for a path, and for those query parameters that matter."""

    path: str
    body: bytes
    query: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/octet-stream"
    fault: Fault | None = None
    etag: bool = True
    request_body: str = ""
    """Part of the request's own body that must be there: for POST."""


@dataclass
class Replay:
    """A running server: `base` is the mirror to point a source at, `log` every request it got, `sent` the body bytes
    by path."""

    routes: list[Route]
    base: str = ""
    log: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)

    def find(self, path: str, query: dict[str, str], body: str) -> Route | None:
        fitting = [
            route
            for route in self.routes
            if route.path == path and route.query.items() <= query.items() and route.request_body in body
        ]
        return max(fitting, key=lambda route: (len(route.query), len(route.request_body)), default=None)


@contextmanager
def serve(*routes: Route) -> Iterator[Replay]:
    """A server on a free port of loopback for the time of the block."""
    replay = Replay(list(routes))
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"replay": replay}))
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # Clients hang up here; their tests say whether they should.
    replay.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield replay
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    replay: Replay
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        asked = self.rfile.read(length).decode()
        parts = urlsplit(self.path)
        self.replay.log.append((self.command, self.path, dict(self.headers)))
        route = self.replay.find(parts.path, dict(parse_qsl(parts.query)), asked)
        if route is None:
            self._answer(404, b"not recorded")
        elif route.fault and route.fault.times:
            route.fault.times -= 1
            self._fail(route)
        else:
            self._serve(route)

    do_POST = do_GET

    def _serve(self, route: Route) -> None:
        etag = _etag(route)
        if route.etag and self.headers.get("If-None-Match") == etag:
            self._answer(304, b"", {"ETag": etag})
            return
        headers = {"Content-Type": route.content_type, **({"ETag": etag} if route.etag else {})}
        wanted = self.headers.get("Range", "")
        if wanted and self.headers.get("If-Range") == etag:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            rest = route.body[start:]
            self._answer(
                206, rest, headers | {"Content-Range": f"bytes {start}-{len(route.body) - 1}/{len(route.body)}"}
            )
        else:
            self._answer(200, route.body, headers)

    def _fail(self, route: Route) -> None:
        fault = route.fault
        assert fault is not None
        match fault.kind:
            case "status":
                self._answer(fault.status, b"slow down", {"Retry-After": "0"} | fault.headers)
            case "body":
                self._answer(200, fault.body, {"Content-Type": "text/html"})
            case "truncate":
                self._answer(200, route.body[: len(route.body) // 2], {"Content-Type": route.content_type})
            case "raw" | "drip raw":
                self._drip(fault.body) if fault.kind == "drip raw" else self.wfile.write(fault.body)
                self.close_connection = True
            case "slow" | "reset" | "stall" | "drip":
                self._end_oddly(route, fault.kind)
            case other:
                raise ValueError(f"unknown fault {other}")

    def _end_oddly(self, route: Route, how: str) -> None:
        """A right head, and then a body that comes slowly, or only half of it."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(route.body)))
        self.send_header("ETag", _etag(route))
        self.end_headers()
        if how == "slow":
            for place in range(len(route.body)):
                self.wfile.write(route.body[place : place + 1])
            return
        if how == "drip":
            self._drip(route.body)
            return
        self.wfile.write(route.body[: len(route.body) // 2])
        if how == "stall":
            self.connection.recv(1)  # Nothing comes but the client's farewell.
        else:
            self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def _drip(self, content: bytes) -> None:
        """Until all is sent or the client has gone."""
        self.connection.settimeout(0.01)
        for place in range(len(content)):
            self.wfile.write(content[place : place + 1])
            with suppress(TimeoutError):
                if not self.connection.recv(1):
                    break
        self.close_connection = True

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.replay.sent[urlsplit(self.path).path] += len(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


def _etag(route: Route) -> str:
    return f'"{hashlib.sha256(route.body).hexdigest()[:16]}"'
