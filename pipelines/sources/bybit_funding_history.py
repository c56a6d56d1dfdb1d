"""Bybit funding payments from its v5 API."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import polars as pl

from pipelines.source import SINCE_LAUNCH, Ask, CheckFailed, Frames, Piece, Source
from pipelines.sources.common import bybit
from pipelines.sources.common.spans import midnight, utc_months, wanted

SOURCE = Source(
    id="bybit_funding_history",
    publisher="Bybit",
    dataset="Funding payments (v5 API)",
    url="https://bybit-exchange.github.io/docs/v5/market/history-fund-rate",
    licence=bybit.LICENCE,
    method=(
        "Venue's own rates. The reply does not say how many hours a rate covers: it is the time since the payment "
        "before it, and a rate whose predecessor is missing is refused rather than guessed."
    ),
    tables=("funding_rates",),
    span="since the symbol's launch",
    resolution="every payment (8 hours for most; 4, 2 or 1 for some)",
    reach=SINCE_LAUNCH,
    group="hourly",
    limits="Refused from the United States (403); a mirror can be set.",
    requests_per_second=10,
)
SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT", "BTC/USD:BTC")
FORMS = ("BASE/USDT:USDT", "BASE/USDC:USDC", "BASE/USD:BASE")
MOST_ROWS = 200
LONGEST = timedelta(hours=8)
WINDOW = timedelta(days=8)
"""192 payments where they are hourly: within the limit."""
INTERVALS = (1.0, 2.0, 4.0, 8.0)
COLUMNS = {"symbol": pl.String, "fundingRateTimestamp": pl.Int64, "fundingRate": pl.Float64}

fault = bybit.fault


def plan(ask: Ask) -> Iterable[Piece]:
    for symbol in wanted(SYMBOLS, ask.symbols, FORMS):
        for month in utc_months(ask):
            opening = midnight(month)
            closing = midnight((month + timedelta(days=31)).replace(day=1))
            # From the payment before the month on: it dates the first rate. A start without an end is an error at
            # Bybit.
            spans = bybit.begun(opening - LONGEST, closing, WINDOW, ask.now)
            if spans:
                yield Piece(
                    f"{bybit.category_of(symbol)}/funding/{bybit.native(symbol)}-{month:%Y-%m}",
                    tuple(
                        bybit.asked("funding/history", symbol, span, ("startTime", "endTime"), limit=MOST_ROWS)
                        for span in spans
                    ),
                    {"symbol": symbol, "month": f"{month:%Y-%m}"},
                    final_at=closing + timedelta(hours=1),
                )


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    found = [row for body in bodies for row in bybit.answered(body, piece)[0]]
    rows = bybit.typed(found, COLUMNS, piece).sort("fundingRateTimestamp")
    bybit.only_about(rows["symbol"].drop_nulls(), piece)
    hours = pl.col("ts").diff().dt.total_seconds() / 3600
    payments = rows.select(
        pl.lit("bybit").alias("venue"),
        pl.lit(piece.facts["symbol"]).alias("symbol"),
        bybit.utc("fundingRateTimestamp").alias("ts"),
        pl.col("fundingRate").alias("funding_rate"),
    ).with_columns(interval_hours=pl.when(hours.is_in(INTERVALS)).then(hours))
    return {"funding_rates": payments.filter(pl.col("ts").dt.strftime("%Y-%m") >= piece.facts["month"])}


def check(frames: Frames, piece: Piece) -> None:
    payments = frames["funding_rates"]
    if payments.is_empty():
        raise CheckFailed(f"{piece.name} holds no payments: the market may not have existed in that month.")
    if (payments["ts"].dt.strftime("%Y-%m") != piece.facts["month"]).any():
        raise CheckFailed(f"{piece.name} holds payments of another month: the source may have changed.")
