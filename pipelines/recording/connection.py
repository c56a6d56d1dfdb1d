"""How a venue's feed is connected to."""

from __future__ import annotations

from websockets.asyncio.client import connect

from pipelines.recording.messages import LARGEST_MESSAGE
from pipelines.recording.streams import Stream

OPEN_SECONDS, CLOSE_SECONDS = 15, 5
"""For the greeting with the venue, and for the goodbye."""


class Direct(connect):
    """A connection to the venue itself: a redirect to somewhere else is a failure."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


def connection(stream: Stream, address: str) -> Direct:
    """The line to a feed, open for the time of an `async with`."""
    return Direct(
        address,
        additional_headers=stream.headers,
        max_size=LARGEST_MESSAGE,
        open_timeout=OPEN_SECONDS,
        close_timeout=CLOSE_SECONDS,
        ping_interval=None,
    )
