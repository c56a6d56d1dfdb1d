"""OKX price bars of one minute: trades of spot markets and swaps, and mark prices of swaps."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import polars as pl

from pipelines.source import Ask, CheckFailed, Frames, Piece, Reach, Refused, Request, Source
from pipelines.sources.common import okx
from pipelines.sources.common.json import known_shape
from pipelines.sources.common.spans import midnight, milliseconds, of_day, utc_days, wanted, windows

SOURCE = Source(
    id="okx_candles",
    publisher="OKX",
    dataset="Price bars (history-candles, history-mark-price-candles): 1 minute",
    url=f"{okx.BASE}/docs-v5/en/#order-book-trading-market-data-get-candlesticks-history",
    licence=okx.LICENCE,
    method=(
        "Venue's own bars. Volumes of swaps are the venue's own base and quote columns, not its contracts. Mark prices "
        "carry no volume. A minute that is still forming is left out."
    ),
    tables=("bars",),
    span="2019 to now",
    resolution="1 minute",
    reach=Reach(first=date(2020, 1, 1)),
    limits="20 requests in 2 seconds; windows of 300 minutes, 100 for mark prices.",
    requests_per_second=10,
)
SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT", "BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT", "BTC/USD:BTC")
FORMS = ("BASE/QUOTE", "BASE/USDT:USDT", "BASE/USDC:USDC", "BASE/USD:BASE")
ENDPOINTS = {"trade": ("history-candles", 300), "mark": ("history-mark-price-candles", 100)}
PRICES = ("time", "open", "high", "low", "close")
# What the three volume columns count: of a swap contracts, base, quote; of a spot market base, quote, quote.
SWAP_VOLUMES = ("contracts", "volume_base", "volume_quote")
SPOT_VOLUMES = ("volume_base", "volume_ccy", "volume_quote")
SMALLEST_LIMIT = 100

fault = okx.fault


def plan(ask: Ask) -> Iterable[Piece]:
    for symbol in wanted(SYMBOLS, ask.symbols, FORMS):
        for kind in ENDPOINTS if okx.is_swap(symbol) else ("trade",):
            for day in utc_days(ask):
                yield _day(symbol, kind, day, ask.now)


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    symbol, kind = piece.facts["symbol"], piece.facts["kind"]
    swap, traded = okx.is_swap(symbol), kind == "trade"
    columns = (*PRICES, *(SWAP_VOLUMES if swap else SPOT_VOLUMES), "confirm") if traded else (*PRICES, "confirm")
    with known_shape(piece.name):
        rows = [row for position, body in enumerate(bodies) for row in _window(body, position, piece)]
        bars = (
            pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
            .filter(pl.col("confirm") != "0")
            .select(
                okx.utc("time").alias("ts"),
                pl.col(*PRICES[1:], *(("volume_base", "volume_quote") if traded else ())).cast(pl.Float64),
            )
            .sort("ts")
        )
    labels = {
        "venue": "okx",
        "market": "perp" if swap else "spot",
        "symbol": symbol,
        "kind": kind,
        "interval": "1m",
    }
    return {"bars": bars.with_columns(pl.lit(value).alias(name) for name, value in labels.items())}


def check(frames: Frames, piece: Piece) -> None:
    bars = frames["bars"]
    if bars.is_empty():
        raise CheckFailed(f"OKX has no bars for {piece.name}.")
    of_day(bars["ts"], piece, "bars")
    if piece.facts["kind"] == "trade":
        typical = bars.select(
            (pl.col("volume_quote") / (pl.col("volume_base") * pl.col("close")))
            .filter(pl.col("volume_base") > 0)
            .median()
        ).item()
        if typical is not None and not 0.9 < typical < 1.1:
            raise CheckFailed(
                f"{piece.name}: quote volume is {typical:.4g} times base volume at its price: "
                "OKX's volume columns have changed."
            )


def _day(symbol: str, kind: str, day: date, now: datetime) -> Piece:
    endpoint, limit = ENDPOINTS[kind]
    start, end = midnight(day), midnight(day) + timedelta(days=1)
    return Piece(
        f"{kind}/{okx.native(symbol)}/{day}",
        tuple(
            Request(
                f"{okx.BASE}/api/v5/market/{endpoint}",
                {
                    "instId": okx.native(symbol),
                    "bar": "1m",
                    # OKX pages backwards: `after` asks for bars OLDER than it, `before` for newer ones,
                    # both without the moment itself.
                    "after": milliseconds(until),
                    "before": milliseconds(since) - 1,
                    "limit": limit,
                },
            )
            for since, until in windows(start, end, timedelta(minutes=limit))
            if since < now
        ),
        {"symbol": symbol, "kind": kind, "day": str(day)},
        final_at=end + timedelta(hours=1),
    )


def _window(body: bytes, position: int, piece: Piece) -> list[list[str]]:
    """The bars of one window; refused where OKX cut it short (it once gave 100 bars at most, whatever was asked)."""
    rows = okx.data(body, piece.name)
    limit = ENDPOINTS[piece.facts["kind"]][1]
    start = milliseconds(midnight(date.fromisoformat(piece.facts["day"]))) + position * limit * 60_000
    if len(rows) == SMALLEST_LIMIT < limit and min(int(row[0]) for row in rows) > start:
        raise Refused(
            piece.name,
            f"OKX gave {SMALLEST_LIMIT} bars where {limit} were asked for",
            "It may have lowered its limit: ask for shorter windows.",
        )
    return rows
