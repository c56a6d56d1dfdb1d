"""Every close by force on Hyperliquid, from the hourly files its nodes write; for readers who have the files."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import BinaryIO

import pyarrow as pa

from pipelines.source import Ask, CheckFailed, Frames, Piece, Reach, Refused, Request, Source
from pipelines.sources.common import hyperliquid
from pipelines.sources.common.archives import whole_lines
from pipelines.sources.common.json import loaded

BUCKET = "https://hl-mainnet-node-data.s3.ap-northeast-1.amazonaws.com"
FIRST = datetime(2025, 7, 27, tzinfo=UTC)

SOURCE = Source(
    id="hyperliquid_node_fills",
    publisher="Hyperliquid",
    dataset="Fills by block, as its nodes write them (node_fills_by_block, hourly)",
    url="https://hyperliquid.gitbook.io/hyperliquid-docs/historical-data",
    licence=hyperliquid.LICENCE,
    method=(
        "Fills that carry a liquidation are kept, one row a trade of the two that are stored: the liquidated user's "
        "fill (mechanism liquidation where the market filled it, insurance where the backstop took it over), or the "
        "deleveraged user's (mechanism adl, the side is that user's position, mostly the winning one); the other "
        "party's fill is dropped. A position taken over and then passed on by ADL is in both, "
        "so the two are never added. USDC is taken as USD."
    ),
    tables=("liquidations",),
    span="2025-07-27 to now, as far as the reader has the files",
    resolution="fill",
    reach=Reach(first=FIRST.date()),
    limits=(
        "The bucket s3://hl-mainnet-node-data asks the reader's AWS account to pay. Copy "
        "node_fills_by_block/hourly/YYYYMMDD/H.lz4 to a folder and set "
        "CRASHDAY_URL_HYPERLIQUID_NODE_FILLS=file:///that/folder; files may be unpacked (same name). How long the "
        "bucket keeps files is disputed. The same closes may be in hyperliquid_sqd: count one feed."
    ),
    max_bytes=4 << 30,
    heavy=True,
    default=False,
)
FEED = "node_fills_by_block"
HOUR = timedelta(hours=1)
LZ4 = b"\x04\x22\x4d\x18"
BLOCK = 16 << 20
LONGEST_BLOCK = 16 << 20
"""Bytes of one line: all fills of one block."""
METHODS = {"market": "liquidation", "backstop": "insurance"}
MARK = b'"liquidation"'


def plan(ask: Ask) -> Iterable[Piece]:
    hour = max(FIRST, ask.start.astimezone(UTC).replace(minute=0, second=0, microsecond=0))
    while hour < ask.end and hour + HOUR <= ask.now:
        name = f"{hour:%Y%m%d}/{hour.hour}"
        yield Piece(
            name,
            (Request(f"{BUCKET}/node_fills_by_block/hourly/{name}.lz4"),),
            {"hour": f"{hour:%Y-%m-%dT%H}"},
            final_at=hour + HOUR + HOUR,
        )
        hour += HOUR


def parse(bodies: list[BinaryIO], piece: Piece) -> Frames:
    blocks = whole_lines(_unpacked(bodies[0], piece.name), piece.name, LONGEST_BLOCK)
    first = next(blocks, b"")
    # An hour without a liquidation is a fair answer; one without a block is not.
    if b'"events"' not in first.partition(b"\n")[0]:
        raise Refused(piece.name, "its first line is no block with events", "Copy the file from the bucket again.")
    closes = (
        (fill["time"], (fill, mechanism))
        for lines in chain([first], blocks)
        for fill, mechanism in _closes(lines, piece.name)
    )
    return {"liquidations": hyperliquid.frame(closes, FEED)}


def check(frames: Frames, piece: Piece) -> None:
    if (frames["liquidations"]["ts"].dt.strftime("%Y-%m-%dT%H") != piece.facts["hour"]).any():
        raise CheckFailed(f"{piece.name} holds fills of another hour.")


def _unpacked(file: BinaryIO, name: str) -> Iterator[bytes]:
    """The lines of the file in blocks, whether it is packed (LZ4) or not. Raises Refused."""
    start = file.read(12)
    if not start.startswith((LZ4, b"{")):
        raise Refused(name, "it is neither LZ4 nor lines of JSON", "Copy the file from the bucket again.")
    file.seek(0)
    try:
        stream = pa.CompressedInputStream(file, "lz4") if start.startswith(LZ4) else file
        while block := stream.read(BLOCK):
            yield block
    except OSError as error:
        raise Refused(
            name, f"it cannot be unpacked ({type(error).__name__})", "Copy the file from the bucket again."
        ) from None


def _closes(lines: bytes, name: str) -> Iterator[hyperliquid.Closed]:
    """The closes by force of some blocks, one line each: `{block_number, events: [[user, fill], …]}`."""
    for line in io.BytesIO(lines):
        if MARK in line:
            block = loaded(line, f"A line of {name}")
            marked = [{**fill, "user": user} for user, fill in block["events"] if fill.get("liquidation")]
            yield from hyperliquid.closed(marked, _choose, f"{name} block {int(block['block_number'])}")


def _choose(trade: list[hyperliquid.Fill]) -> list[hyperliquid.Closed]:
    """The deleveraged fill; else the liquidated user's own, for both parties' fills carry the liquidation."""
    deleveraged = [(fill, "adl") for fill in trade if fill["dir"] == hyperliquid.ADL]
    return deleveraged or [
        (fill, METHODS.get(fill["liquidation"]["method"], "unknown"))
        for fill in trade
        if fill["user"].lower() == fill["liquidation"]["liquidatedUser"].lower()
    ]
