"""Lines that connect and deliver nothing."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.recording.streams import binance, bybit, okx
from tests.pipelines.recorder_kit import VENUES, kept, ran
from tests.replay.websocket import Feed, played


def test_a_subscription_nobody_confirms_is_no_listening(tmp_path: Path) -> None:
    okx_played = VENUES["okx"]
    feed = Feed([okx_played.said(okx_played.control)], confirm=lambda _: None, pages=okx_played.pages)
    with played(feed):
        heard = ran(tmp_path, feed.base, okx, lambda said: bool(said), hurry=lambda _: feed.waiting)
    assert "the subscription was not confirmed for 30 s" in heard.said[0]
    assert not kept(heard.folder)


def test_an_error_in_place_of_the_list_of_contracts_is_said(tmp_path: Path) -> None:
    feed = Feed([], pages={"/v5/market/instruments-info": b'{"retCode":10006,"retMsg":"Too many visits"}'})
    with played(feed):
        heard = ran(tmp_path, feed.base, bybit, lambda said: bool(said))
    assert "Bybit answers error 10006" in heard.said[0] and "visits" not in heard.said[0]
    assert feed.connections == 0


@contextmanager
def deaf() -> Iterator[tuple[str, list[object]]]:
    """A venue that shakes hands and then neither says nor hears anything."""
    accepted: list[object] = []

    async def shake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = re.search(r"Sec-WebSocket-Key: (\S+)", asked)[1]
        answer = base64.b64encode(hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()).decode()
        writer.write(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {answer}\r\n\r\n".encode()
        )
        writer.transport.pause_reading()
        accepted.append(writer)

    loop, ready, address, done = asyncio.new_event_loop(), threading.Event(), [""], asyncio.Event()

    async def serving() -> None:
        server = await asyncio.start_server(shake, "127.0.0.1", 0)
        address[0] = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await done.wait()
        server.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(serving(),), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield address[0], accepted
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()


def test_a_dead_line_is_found_and_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.recording.connection.CLOSE_SECONDS", 0)
    with deaf() as (base, accepted):
        heard = ran(tmp_path, base, binance, lambda said: bool(said), hurry=lambda _: accepted)
    assert "the line delivered nothing for 30 s" in heard.said[0]
    assert not kept(heard.folder)
