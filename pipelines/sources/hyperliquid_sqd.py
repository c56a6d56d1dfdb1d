"""Hyperliquid's auto-deleveraging and backstop take-overs, read from SQD's Portal,
which streams every fill by block."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipelines.source import Ask, CheckFailed, Fault, Frames, Piece, Reach, Refused, Request, Source
from pipelines.sources.common import hyperliquid
from pipelines.sources.common.json import loaded
from pipelines.sources.common.spans import milliseconds

URL = "https://portal.sqd.dev/datasets/hyperliquid-fills/stream"
FIRST = datetime(2025, 10, 3, tzinfo=UTC)

SOURCE = Source(
    id="hyperliquid_sqd",
    publisher="SQD",
    dataset="Hyperliquid fills (Portal): auto-deleveraging and backstop take-overs",
    url="https://portal.sqd.dev/datasets/hyperliquid-fills",
    licence=hyperliquid.LICENCE,
    method=(
        "Every fill of a window is fetched; those marked Auto-Deleveraging (mechanism adl, the side is the deleveraged "
        "user's position, mostly the winning one) and Liquidated (mechanism insurance, the position a liquidator vault "
        "took over) are kept, one row a trade: the vault's own fill is dropped. A position the vault took over and "
        "then passed on by ADL is in both, so the two mechanisms are never added. USDC is taken as USD."
    ),
    tables=("liquidations",),
    span="2025-10-03 to an hour ago",
    resolution="fill",
    reach=Reach(first=FIRST.date()),
    limits=(
        "Liquidations filled by the market cannot be told from ordinary closes here: they are missing, not zero. Very "
        "large: every fill of every coin is fetched, gigabytes for a day of crash, whatever symbols are asked for, so "
        "it is fetched only when named."
    ),
    requests_per_second=2,
    max_bytes=256 << 20,
    default=False,
)
FEED = "hyperliquid-fills (SQD Portal)"
WINDOW = timedelta(minutes=10)
BEHIND = timedelta(hours=1)
"""Windows younger than this are not asked for: the data set may not have their last blocks yet."""
BLOCKS_PER_MS = 0.0125
"""Twelve to fourteen blocks a second, not one as an old note says; only a first guess, the headers decide."""
NEAR_MS = 20_000
"""A block this little before the window is near enough to start from."""
PAGE_BLOCKS = 1_000
BLOCK = {"number": True, "timestamp": True}
FILL = {name: True for name in ("coin", "px", "sz", "side", "dir", "tid", "feeToken")}
MARKS = (b"Auto-Deleveraging", b'"Liquidated')
NEVER = 1 << 62
"""The time of a block the data set does not reach yet."""


@dataclass(frozen=True)
class Block:
    """A block and its time in ms."""

    number: int
    ms: int


ANCHORS = (
    # The first is where the data set starts; its time is worked out from the rate of that week.
    Block(750_000_000, 1_759_391_000_000),
    Block(758_750_000, 1_760_126_694_218),
    Block(758_800_641, 1_760_130_964_831),
    Block(800_000_000, 1_763_423_558_592),
)


def plan(ask: Ask) -> Iterable[Piece]:
    asked = ask.start.astimezone(UTC)
    begin = max(FIRST, asked.replace(minute=asked.minute // 10 * 10, second=0, microsecond=0))
    while begin < ask.end and begin + WINDOW <= ask.now - BEHIND:
        start, end = milliseconds(begin), milliseconds(begin + WINDOW)
        yield Piece(
            f"{begin:%Y-%m-%dT%H:%MZ}",
            (_probe(*_bracket(start), start, end),),
            {"start": str(start), "end": str(end)},
            final_at=begin + WINDOW + BEHIND,
        )
        begin += WINDOW


def fault(body: bytes) -> Fault | None:
    """A reply that is not lines of JSON up to its last byte; an empty one says that there is no such block yet."""
    try:
        _ends(body)
    except (ValueError, KeyError, TypeError):
        return Fault("it is not whole lines of JSON", again=True)
    return None


def follow(body: bytes, request: Request) -> Request | None:
    """Probes of single blocks until one lies just before the window, then pages of blocks until one lies behind it."""
    start, end = int(request.facts["start"]), int(request.facts["end"])
    ends = _ends(body)
    if "low" not in request.facts:
        return _page(ends[1].number + 1, start, end) if ends and ends[1].ms < end else None
    low, high = _read(request.facts["low"]), _read(request.facts["high"])
    probed = ends[0] if ends else Block(int(request.facts["probed"]), NEVER)
    low, high = (probed, high) if probed.ms <= start else (low, probed)
    if start - low.ms <= NEAR_MS or high.number - low.number <= 1:
        return _page(low.number, start, end)
    return _probe(low, high, start, end, int(request.facts["tried"]) + 1)


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    start, end = int(piece.facts["start"]), int(piece.facts["end"])
    pages = _unbroken(bodies)
    if not pages or pages[0][0].ms > start or pages[-1][1].ms < end:
        raise Refused(
            piece.name,
            "its pages do not cover the window without a gap",
            "The data set may not reach it yet; the next refresh asks again.",
        )
    closes = ((ms, close) for *_, page in pages for ms, close in _closes(page, piece.name) if start <= ms < end)
    # A window in which nobody was deleveraged or taken over is a fair answer.
    return {"liquidations": hyperliquid.frame(closes, FEED)}


def check(frames: Frames, piece: Piece) -> None:
    if (frames["liquidations"]["mechanism"] == "liquidation").any():
        raise CheckFailed(f"{piece.name} holds liquidations filled by the market, which cannot be told here.")


def _probe(low: Block, high: Block, start: int, end: int, tried: int = 0) -> Request:
    """Ask for one block's header where the window should start, by the blocks known around it;
    by halves where that does not close in."""
    missing = start - NEAR_MS // 2 - low.ms
    if high.ms == NEVER and high.number == NEVER:
        guess = low.number + int(missing * BLOCKS_PER_MS)
    elif high.ms == NEVER or tried > 8:
        guess = (low.number + high.number) // 2
    else:
        guess = low.number + (high.number - low.number) * missing // (high.ms - low.ms)
    number = max(low.number + 1, min(guess, high.number - 1))
    facts = {
        "low": f"{low.number} {low.ms}",
        "high": f"{high.number} {high.ms}",
        "probed": str(number),
        "tried": str(tried),
    }
    return _request(number, number, start, end, {"fields": {"block": BLOCK}}, facts)


def _page(number: int, start: int, end: int) -> Request:
    return _request(
        number, number + PAGE_BLOCKS - 1, start, end, {"fields": {"block": BLOCK, "fill": FILL}, "fills": [{}]}, {}
    )


def _request(first: int, last: int, start: int, end: int, wanted: dict[str, object], facts: dict[str, str]) -> Request:
    return Request(
        URL,
        body={"type": "hyperliquidFills", "fromBlock": first, "toBlock": last, **wanted},
        headers={"Accept-Encoding": "gzip"},
        facts={"start": str(start), "end": str(end), **facts},
    )


def _bracket(start: int) -> tuple[Block, Block]:
    """The known blocks before and after a moment; nothing is known after the last."""
    before = [block for block in ANCHORS if block.ms <= start]
    return before[-1], next((block for block in ANCHORS if block.ms > start), Block(NEVER, NEVER))


def _read(text: str) -> Block:
    number, ms = text.split()
    return Block(int(number), int(ms))


def _ends(body: bytes) -> tuple[Block, Block] | None:
    """The first and last block a reply covers: both are there even where they hold no fills."""
    lines = body.strip()
    if not lines:
        return None
    ends = (io.BytesIO(lines).readline(), lines[lines.rfind(b"\n") + 1 :])
    heads = [loaded(line, "A line")["header"] for line in ends]
    first, last = (Block(head["number"], head["timestamp"]) for head in heads)
    return first, last


def _unbroken(bodies: list[bytes]) -> list[tuple[Block, Block, bytes]]:
    """The last replies that follow each other block by block: the pages, without the probes before them."""
    pages: list[tuple[Block, Block, bytes]] = []
    for body in reversed(bodies):
        ends = _ends(body)
        if not ends or (pages and ends[1].number + 1 != pages[0][0].number):
            break
        pages.insert(0, (*ends, body))
    return pages


def _closes(page: bytes, name: str) -> Iterator[tuple[int, hyperliquid.Closed]]:
    """The closes by force of a page with their times. Blocks without a mark are not even parsed:
    they are nearly all."""
    for line in io.BytesIO(page):
        if any(mark in line for mark in MARKS):
            block = loaded(line, f"A block of {name}")
            marked = [fill for fill in block["fills"] if fill["dir"] == hyperliquid.ADL or _taken_over(fill)]
            for close in hyperliquid.closed(marked, _choose, f"{name} block {int(block['header']['number'])}"):
                yield block["header"]["timestamp"], close


def _choose(trade: list[hyperliquid.Fill]) -> list[hyperliquid.Closed]:
    """The deleveraged fill; else the one that sells a long or buys back a short, which the vault's does not."""
    deleveraged = [(fill, "adl") for fill in trade if fill["dir"] == hyperliquid.ADL]
    return deleveraged or [
        (fill, "insurance") for fill in trade if fill["dir"].lower().endswith(hyperliquid.position(fill))
    ]


def _taken_over(fill: hyperliquid.Fill) -> bool:
    return fill["dir"].startswith("Liquidated ")
