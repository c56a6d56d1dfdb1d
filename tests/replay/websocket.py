"""A venue's live feed on loopback: plays messages as fast as they go, and hangs up where it is told to.

Everything a connection was sent before it was hung up is delivered: `close` says goodbye, `drop` ends the line without
a word. `reset` breaks it, and what was on its way may be lost.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

Confirm = Callable[[str], str | bytes | None]
"""What the venue answers to a message of the client."""


def silent(_: str) -> None:
    """A venue that answers nothing."""


@dataclass
class Feed:
    """What is played: `messages` in order, over as many connections as it takes; `hang_ups` says after which one and
    how."""

    messages: Sequence[str | bytes]
    hang_ups: dict[int, str] = field(default_factory=dict)
    repeat: int = 0
    """How many messages are sent again after a reconnect."""
    confirm: Confirm = silent
    """Answers to what the client sends."""
    asked: int = 1
    """How many messages of the client are answered before anything is played, where they are answered at all."""
    control: str | bytes | None = None
    """Sent first on every connection: with it, the line is seen to deliver."""
    pages: dict[str, bytes] = field(default_factory=dict)
    """Bodies served over HTTP by path, for lists of contracts."""
    base: str = ""
    heard: list[str] = field(default_factory=list)
    headers: Headers = field(default_factory=Headers)
    """With which the last connection was asked for."""
    connections: int = 0
    sent: int = 0
    waiting: int = 0
    """Connections that were sent everything and stand open."""
    played: threading.Event = field(default_factory=threading.Event)

    async def play(self, connection: ServerConnection) -> None:
        """Send what is left on this connection."""
        self.connections += 1
        for _ in range(self.asked if self.confirm is not silent else 0):
            await self._answer(connection)
        listening = asyncio.create_task(self._listen(connection))
        if self.control is not None:
            await connection.send(self.control)
        for message in self.messages[max(0, self.sent - self.repeat) : self.sent]:
            await connection.send(message)
        while self.sent < len(self.messages):
            await connection.send(self.messages[self.sent])
            self.sent += 1
            if how := self.hang_ups.get(self.sent):
                await _hang_up(connection, how)
                return
        self.played.set()
        self.waiting += 1
        await listening
        self.waiting -= 1

    async def _answer(self, connection: ServerConnection) -> None:
        said = await connection.recv()
        self.heard.append(str(said))
        answer = self.confirm(str(said))
        if answer is not None:
            await connection.send(answer)

    async def _listen(self, connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            async for said in connection:
                self.heard.append(str(said))
                if answer := self.confirm(str(said)):
                    await connection.send(answer)

    def page(self, connection: ServerConnection, request: Request) -> Response | None:
        """A list of contracts, where the request is not a WebSocket's."""
        body = self.pages.get(urlsplit(request.path).path)
        if "Upgrade" in request.headers:
            self.headers = request.headers
            return None
        status = HTTPStatus.NOT_FOUND if body is None else HTTPStatus.OK
        headers = Headers({"Content-Length": str(len(body or b"")), "Connection": "close"})
        return Response(status.value, status.phrase, headers, body or b"")


@contextmanager
def played(feed: Feed) -> Iterator[Feed]:
    """The feed on a free port of loopback for the time of the block."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    done = asyncio.Event()

    async def serving() -> None:
        async with serve(
            feed.play, "127.0.0.1", 0, compression=None, ping_interval=None, process_request=feed.page, close_timeout=1
        ) as server:
            feed.base = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            ready.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serving(),), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield feed
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()


async def _hang_up(connection: ServerConnection, how: str) -> None:
    match how:
        case "close":
            await connection.close(1012, "maintenance")
        case "drop":
            connection.transport.close()
            await connection.wait_closed()
        case "reset":
            connection.transport.abort()
            await connection.wait_closed()
        case other:
            raise ValueError(f"unknown way to hang up: {other}")
