"""Bybit price bars from its v5 API: trades of spot, linear and inverse markets, mark and index prices of contracts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import polars as pl

from pipelines.source import SINCE_LAUNCH, Ask, CheckFailed, Frames, Piece, Source
from pipelines.sources.common import bybit
from pipelines.sources.common.spans import midnight, of_day, utc_days, wanted

SOURCE = Source(
    id="bybit_klines",
    publisher="Bybit",
    dataset="Price bars (v5 API): 1 minute",
    url="https://bybit-exchange.github.io/docs/v5/market/kline",
    licence=bybit.LICENCE,
    method=(
        "Venue's own bars that were over when asked for. Inverse volumes are stated in USD with the turnover in the "
        "base asset; both are put in their columns. Mark and index bars carry no volume."
    ),
    tables=("bars",),
    span="since the symbol's launch",
    resolution="1 minute",
    reach=SINCE_LAUNCH,
    group="hourly",
    limits="Refused from the United States (403); a mirror can be set.",
    requests_per_second=10,
)
SYMBOLS = (
    "BTC/USDT:USDT",
    "ETH/USDT:USDT",
    "SOL/USDT:USDT",
    "BTC/USD:BTC",
    "BTC/USDT",
    "ETH/USDT",
    "SOL/USDT",
    "USDE/USDT",
)
FORMS = ("BASE/QUOTE", "BASE/USDT:USDT", "BASE/USDC:USDC", "BASE/USD:BASE")
KINDS = {"trade": "kline", "mark": "mark-price-kline", "index": "index-price-kline"}
MINUTE = timedelta(minutes=1)
MOST_BARS = 1000
PRICES = {"start": pl.Int64, "open": pl.Float64, "high": pl.Float64, "low": pl.Float64, "close": pl.Float64}
TRADED = PRICES | {"volume": pl.Float64, "turnover": pl.Float64}

fault = bybit.fault


def plan(ask: Ask) -> Iterable[Piece]:
    for symbol in wanted(SYMBOLS, ask.symbols, FORMS):
        category = bybit.category_of(symbol)
        for kind, path in KINDS.items() if category != bybit.SPOT else [("trade", KINDS["trade"])]:
            for day in utc_days(ask):
                opening, closing = midnight(day), midnight(day) + timedelta(days=1)
                spans = bybit.begun(opening, closing, MOST_BARS * MINUTE, ask.now - MINUTE)
                if spans:
                    yield Piece(
                        f"{category}/{path}/{bybit.native(symbol)}-{day}",
                        tuple(
                            bybit.asked(path, symbol, span, ("start", "end"), interval=1, limit=MOST_BARS)
                            for span in spans
                        ),
                        {"symbol": symbol, "kind": kind, "day": f"{day}"},
                        final_at=closing + timedelta(hours=1),
                    )


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    symbol, kind = piece.facts["symbol"], piece.facts["kind"]
    rows = pl.concat(_finished(body, piece) for body in bodies).sort("start")
    bars = rows.select(bybit.utc("start").alias("ts"), "open", "high", "low", "close")
    if kind == "trade":
        inverse = bybit.category_of(symbol) == bybit.INVERSE
        base, quote = ("turnover", "volume") if inverse else ("volume", "turnover")
        bars = bars.with_columns(volume_base=rows[base], volume_quote=rows[quote])
    labels = {
        "venue": "bybit",
        "market": bybit.market_of(symbol),
        "symbol": symbol,
        "kind": kind,
        "interval": "1m",
    }
    return {"bars": bars.with_columns(pl.lit(value).alias(name) for name, value in labels.items())}


def check(frames: Frames, piece: Piece) -> None:
    bars = frames["bars"]
    if bars.is_empty():
        raise CheckFailed(f"{piece.name} holds no bars: the market may not have existed on that day.")
    of_day(bars["ts"], piece, "bars")


def _finished(body: bytes, piece: Piece) -> pl.DataFrame:
    """The bars of a reply that were over when it was given: the newest of today is still forming."""
    rows, given = bybit.answered(body, piece)
    bars = bybit.typed(rows, TRADED if piece.facts["kind"] == "trade" else PRICES, piece)
    return bars.filter(pl.col("start") + MINUTE // timedelta(milliseconds=1) <= given)
