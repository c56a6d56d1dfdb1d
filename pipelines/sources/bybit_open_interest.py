"""Bybit open interest every five minutes, from its v5 API."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import polars as pl

from pipelines.source import SINCE_LAUNCH, Ask, CheckFailed, Frames, Piece, Source
from pipelines.sources.common import bybit
from pipelines.sources.common.spans import midnight, of_day, utc_days, wanted

SOURCE = Source(
    id="bybit_open_interest",
    publisher="Bybit",
    dataset="Open interest (v5 API)",
    url="https://bybit-exchange.github.io/docs/v5/market/open-interest",
    licence=bybit.LICENCE,
    method=(
        "Venue's own figure: one side where the reply has `singleOpenInterest` (added on 2026-06-11), else "
        "`openInterest`, which adds up both sides; the row says which. Linear contracts in the base asset, inverse "
        "ones in USD; nothing is converted."
    ),
    tables=("open_interest",),
    span="since the symbol's launch",
    resolution="5 minutes",
    reach=SINCE_LAUNCH,
    group="hourly",
    limits="Refused from the United States (403); a mirror can be set.",
    requests_per_second=10,
)
SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT", "BTC/USD:BTC")
FORMS = ("BASE/USDT:USDT", "BASE/USDC:USDC", "BASE/USD:BASE")
MOST_ROWS = 200
STEP = timedelta(minutes=5)
WINDOW = timedelta(hours=12)
"""144 rows: within the limit, so that the cursor the reply carries need not be followed."""
COLUMNS = {"timestamp": pl.Int64, "openInterest": pl.Float64, "singleOpenInterest": pl.Float64}

fault = bybit.fault


def plan(ask: Ask) -> Iterable[Piece]:
    for symbol in wanted(SYMBOLS, ask.symbols, FORMS):
        for day in utc_days(ask):
            opening, closing = midnight(day), midnight(day) + timedelta(days=1)
            spans = bybit.begun(opening, closing, WINDOW, ask.now - STEP)
            if spans:
                yield Piece(
                    f"{bybit.category_of(symbol)}/open-interest/{bybit.native(symbol)}-{day}",
                    tuple(
                        bybit.asked(
                            "open-interest",
                            symbol,
                            span,
                            ("startTime", "endTime"),
                            intervalTime="5min",
                            limit=MOST_ROWS,
                        )
                        for span in spans
                    ),
                    {"symbol": symbol, "day": f"{day}"},
                    final_at=closing + timedelta(hours=1),
                )


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    symbol = piece.facts["symbol"]
    found = [row for body in bodies for row in bybit.answered(body, piece)[0]]
    inverse = bybit.category_of(symbol) == bybit.INVERSE
    single = pl.col("singleOpenInterest")
    interest = (
        bybit.typed(found, COLUMNS, piece)
        .sort("timestamp")
        .select(
            pl.lit("bybit").alias("venue"),
            pl.lit(symbol).alias("symbol"),
            bybit.utc("timestamp").alias("ts"),
            pl.lit("minute").alias("precision"),
            pl.coalesce(single, "openInterest").alias("open_interest_usd" if inverse else "open_interest_base"),
            pl.when(single.is_null()).then(pl.lit("both")).otherwise(pl.lit("one")).alias("sides"),
        )
    )
    return {"open_interest": interest}


def check(frames: Frames, piece: Piece) -> None:
    moments = frames["open_interest"]["ts"]
    if moments.is_empty():
        raise CheckFailed(f"{piece.name} holds no open interest: the market may not have existed on that day.")
    of_day(moments, piece, "times")
