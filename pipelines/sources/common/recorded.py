"""Segments of the recorder as a source: they lie in the inbox of the data folder, and loading them needs no network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

import orjson
import polars as pl

from pipelines.recording import segments
from pipelines.recording.segments import Line
from pipelines.recording.streams import Row, StreamModule
from pipelines.source import Ask, CheckFailed, Frames, Piece, Request
from pipelines.sources.common import liquidations
from pipelines.tables.liquidations import FeedCoverage

EVER = datetime(1970, 1, 1, tzinfo=UTC)
"""A closed segment never changes."""
AHEAD = timedelta(minutes=5)
COVERAGE = {
    name: field.dtype for name, field in FeedCoverage.columns().items() if name not in ("source_id", "snapshot_id")
}
Functions = tuple[
    Callable[[Ask], Iterable[Piece]], Callable[[list[bytes], Piece], Frames], Callable[[Frames, Piece], None]
]


def functions(stream: StreamModule) -> Functions:
    """The three functions of the source that reads what the recorder kept of a stream."""

    def plan(ask: Ask) -> Iterable[Piece]:
        folder = ask.inbox / stream.STREAM.source.id if ask.inbox else None
        for segment in segments.closed(folder) if folder else []:
            files = [segment, *filter(None, [segments.list_of(segment)])]
            name = segment.name.removesuffix(segments.CLOSED)
            yield Piece(name, tuple(Request(file.as_uri()) for file in files), final_at=EVER)

    def parse(bodies: list[bytes], piece: Piece) -> Frames:
        lines = list(segments.lines(bodies[0], piece.name))
        listing = [body for packed in bodies[1:] for body in segments.unpacked(packed, piece.name).split(b"\n")[:-1]]
        return {
            "liquidations": liquidations.frame(_events(stream, lines, listing)),
            "feed_coverage": pl.DataFrame(list(_coverage(stream, lines)), schema=COVERAGE, orient="row"),
        }

    return plan, parse, check


def check(frames: Frames, piece: Piece) -> None:
    """Events may not lie after the moment they were received: then this machine's clock is wrong,
    and so is the coverage."""
    heard = frames["feed_coverage"].select(pl.max("span_end")).item()
    latest = frames["liquidations"].select(pl.max("ts")).item()
    # A segment without an event is the rule: most minutes have no liquidation.
    if heard and latest and latest > heard + AHEAD:
        raise CheckFailed(
            f"{piece.name} holds a liquidation of {latest:%Y-%m-%d %H:%M:%S} UTC received at {heard:%H:%M:%S} or "
            "before: the recorder's clock is slow."
        )


def _events(stream: StreamModule, lines: list[Line], listing: list[bytes]) -> Iterator[Row]:
    """The liquidations of all messages; one that is repeated after a reconnect gives the same rows,
    which count once."""
    rows = stream.reader(listing)
    for _, mark, message in lines:
        if mark == b"m":
            yield from rows(orjson.loads(message))


def _coverage(stream: StreamModule, lines: list[Line]) -> Iterator[tuple[object, ...]]:
    """Spans in which the feed was recorded, and the gaps between them.
    Times that go back (a clock set back) claim nothing."""
    since, latest, gap = 0, 0, None
    for moment, mark, words in lines:
        if mark == b"b":
            if gap and gap[0] < moment:
                yield _span(stream, gap[0], moment, "gap", gap[1].decode())
            since, latest, gap = moment, moment, None
        elif mark == b"x" and not gap:
            if since and since < moment:
                yield _span(stream, since, moment, "recorded", None)
            since, gap = 0, (moment, words)
        elif mark == b"e":
            if since < max(latest, moment) and since:
                yield _span(stream, since, max(latest, moment), "recorded", None)
            since = 0
        latest = max(latest, moment)


def _span(stream: StreamModule, start: int, end: int, state: str, reason: str | None) -> tuple[object, ...]:
    first, last = (EVER + timedelta(microseconds=moment) for moment in (start, end))
    return stream.STREAM.venue, stream.STREAM.feed, first, last, state, reason
