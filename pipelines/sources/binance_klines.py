"""Binance price bars from its public archive: spot, USD-M and COIN-M trades, and mark, index and premium prices of futures."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from pipelines.source import Ask, CheckFailed, Frames, Piece, Source
from pipelines.sources import _binance
from pipelines.sources._spans import past_days, wanted

SOURCE = Source(
    id="binance_klines",
    publisher="Binance",
    dataset="Price bars (data.binance.vision): 1 second, 1 and 5 minutes",
    url=_binance.BASE,
    licence=_binance.LICENCE,
    method="Venue's own bars. COIN-M volumes are converted from contracts to the base asset by the archive's own base column. Mark, index and premium bars carry no volume.",
    tables=("bars",),
    span="2019 to yesterday",
    resolution="1 minute; 1 second (spot) and 5 minutes of symbols asked for by name",
    reaches_oct_2025=True,
    limits="Bars of 1 second exist of spot markets only; they are fetched of the pegged coins, and of others when named, as they are many.",
)
SYMBOLS = (
    "BTC/USDT",
    "ETH/USDT",
    "SOL/USDT",
    "USDE/USDT",
    "WBETH/USDT",
    "BNSOL/USDT",
    "BTC/USDT:USDT",
    "ETH/USDT:USDT",
    "SOL/USDT:USDT",
    "BTC/USD:BTC",
)
PEGGED = ("USDE/USDT", "WBETH/USDT", "BNSOL/USDT")
"""They left their pegs for minutes, which bars of a minute hide."""
KINDS = {"klines": "trade", "markPriceKlines": "mark", "indexPriceKlines": "index", "premiumIndexKlines": "premium"}
COLUMNS = {
    "open_time": pl.Int64,
    "open": pl.Float64,
    "high": pl.Float64,
    "low": pl.Float64,
    "close": pl.Float64,
    "volume": pl.Float64,
    "close_time": pl.Int64,
    "quote_volume": pl.Float64,
    "count": pl.Int64,
    "taker_buy_volume": pl.Float64,
    "taker_buy_quote_volume": pl.Float64,
    "ignore": pl.String,
}


def plan(ask: Ask) -> Iterable[Piece]:
    for symbol in wanted(SYMBOLS, ask.symbols):
        spot = _binance.market_of(symbol) == _binance.SPOT
        seconds = ["1s"] if spot and (ask.symbols or symbol in PEGGED) else []
        intervals = [*seconds, "1m", *(["5m"] if ask.symbols else [])]
        for kind in ("klines",) if spot else KINDS:
            for interval in intervals:
                for day in past_days(ask):
                    yield _binance.archive(kind, symbol, day, interval=interval)


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    rows = _binance.table(bodies, piece, COLUMNS)
    symbol, kind = piece.facts["symbol"], KINDS[piece.facts["kind"]]
    traded, coin_margined = kind == "trade", _binance.market_of(symbol) == _binance.COIN_M
    # COIN-M: `volume` counts contracts and `quote_volume` is the base asset; quote volume in USD is contracts times face value.
    base, quote, buys = (
        ("quote_volume", "volume", "taker_buy_quote_volume")
        if coin_margined
        else ("volume", "quote_volume", "taker_buy_volume")
    )
    face = _binance.contract_usd(symbol) if coin_margined else 1.0
    known = lambda column: column if traded else pl.lit(None, dtype=pl.Float64)  # noqa: E731
    bars = rows.select(
        ts=_binance.utc("open_time"),
        open="open",
        high="high",
        low="low",
        close="close",
        volume_base=known(pl.col(base)),
        volume_quote=known(pl.col(quote) * face),
        taker_buy_base=known(pl.col(buys)),
        trades=pl.col("count") if traded else pl.lit(None, dtype=pl.Int64),
    )
    labels = {
        "venue": "binance",
        "market": "spot" if _binance.market_of(symbol) == _binance.SPOT else "perp",
        "symbol": symbol,
        "kind": kind,
        "interval": piece.facts["interval"],
    }
    return {"bars": bars.with_columns(pl.lit(value).alias(name) for name, value in labels.items())}


def check(frames: Frames, piece: Piece) -> None:
    bars = frames["bars"]
    if bars.is_empty():
        raise CheckFailed(f"{piece.facts['file']} holds no bars.")
    if (bars["ts"].dt.strftime("%Y-%m-%d") != piece.facts["day"]).any():
        raise CheckFailed(f"{piece.facts['file']} holds bars of another day: its times may have changed unit.")
