"""What Binance's own bars have in common, whatever their length: columns, units, and the day they are of."""

from __future__ import annotations

import polars as pl

from pipelines.source import CheckFailed, Frames, Piece
from pipelines.sources.common import binance
from pipelines.sources.common.spans import of_day

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


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    rows = binance.table(bodies, piece, COLUMNS)
    symbol, kind = piece.facts["symbol"], KINDS[piece.facts["kind"]]
    traded, coin_margined = kind == "trade", binance.market_of(symbol) == binance.COIN_M
    # COIN-M: `volume` counts contracts and `quote_volume` is the base asset;
    # quote volume in USD is contracts times face value.
    base, quote, buys = (
        ("quote_volume", "volume", "taker_buy_quote_volume")
        if coin_margined
        else ("volume", "quote_volume", "taker_buy_volume")
    )
    face = binance.contract_usd(symbol) if coin_margined else 1.0
    known = lambda column: column if traded else pl.lit(None, dtype=pl.Float64)  # noqa: E731
    bars = rows.select(
        ts=binance.utc("open_time"),
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
        "market": "spot" if binance.market_of(symbol) == binance.SPOT else "perp",
        "symbol": symbol,
        "kind": kind,
        "interval": piece.facts["interval"],
    }
    return {"bars": bars.with_columns(pl.lit(value).alias(name) for name, value in labels.items())}


def check(frames: Frames, piece: Piece) -> None:
    bars = frames["bars"]
    if bars.is_empty():
        raise CheckFailed(f"{piece.facts['file']} holds no bars.")
    of_day(bars["ts"], piece, "bars")
