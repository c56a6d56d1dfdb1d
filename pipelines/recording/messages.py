"""What comes over a line, measured before it is held: packed messages, and the venue's list of contracts."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path

from pipelines.recording.failures import NotListening
from pipelines.recording.streams import StreamModule
from pipelines.refreshing.fetch_failed import FetchFailed
from pipelines.refreshing.http import Client
from pipelines.source import Request, fault_in, next_page

LARGEST_MESSAGE = 2 << 20
"""Bytes, packed and unpacked: it bounds what one message takes of the time of the other feeds."""
LARGEST_LIST = 8 << 20
"""Bytes of a page of a venue's list of contracts, and of the whole of it."""
GZIP = zlib.MAX_WBITS | 16
"""How zlib is told that what comes is gzip."""


def inflated(message: bytes) -> bytes:
    """The text of a gzip message. Raises NotListening, where it has more than one may have before it is unpacked."""
    inflating = zlib.decompressobj(GZIP)
    try:
        text = inflating.decompress(message, LARGEST_MESSAGE)
    except zlib.error as error:
        raise NotListening(f"a message cannot be unpacked ({error})") from None
    if not inflating.eof:
        raise NotListening(f"a message was cut off, or has more than {LARGEST_MESSAGE:,} bytes")
    return text


def contracts(stream: StreamModule, request: Request, mirror: str | None, partial: Path) -> list[bytes]:
    """The pages of the venue's list of contracts, over HTTP from where the stream comes from. Raises FetchFailed."""
    base = mirror and mirror.replace("ws", "http", 1)
    client = Client(replace(stream.STREAM.source, max_bytes=LARGEST_LIST), partial, base, sleep=_not_now)
    pages: list[bytes] = []
    following: Request | None = request
    while following:
        reply = client.get(following)
        if reply.path is None:  # only a reply that is already known has no body
            raise FetchFailed(f"{reply.url}: no body")
        pages.append(reply.path.read_bytes())
        reply.path.unlink()
        if fault := fault_in(stream, pages[-1]):
            raise FetchFailed(f"{reply.url}: {fault.message}")
        if sum(map(len, pages)) > LARGEST_LIST:
            raise FetchFailed(f"the list of contracts has more than {LARGEST_LIST:,} bytes")
        following = next_page(stream, pages[-1], following)
    return pages


def _not_now(_: float) -> None:
    """In place of a pause before the next try: the connection is tried again as a whole, and may be stopped
    meanwhile."""
    raise FetchFailed("the venue does not give its list of contracts now")
