"""Binance funding payments from the monthly files of its public archive."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import polars as pl

from pipelines.source import Ask, CheckFailed, Frames, Piece, Reach, Source
from pipelines.sources.common import binance
from pipelines.sources.common.archives import named_columns
from pipelines.sources.common.spans import utc_months, wanted

SOURCE = Source(
    id="binance_funding",
    publisher="Binance",
    dataset="Funding payments (data.binance.vision, fundingRate)",
    url=binance.BASE,
    licence=binance.LICENCE,
    method="Venue's own rates and the hours they cover, as its monthly files state them.",
    tables=("funding_rates",),
    span="to last month; how far back differs by symbol",
    resolution="every payment (8 hours for most, 4 or 1 for some)",
    reach=Reach(first=date(2025, 10, 10)),  # proven for that day; how far back differs by symbol
    requests_per_second=binance.PACE,
    limits="A month has its file after its end.",
)
SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT", "BTC/USD:BTC", "ETH/USD:ETH")
FORMS = ("BASE/USDT:USDT", "BASE/USDC:USDC", "BASE/USD:BASE")
COLUMNS = {"calc_time": pl.Int64, "funding_interval_hours": pl.Float64, "last_funding_rate": pl.Float64}


def plan(ask: Ask) -> Iterable[Piece]:
    begun = ask.now.strftime("%Y-%m")
    return [
        binance.archive("fundingRate", symbol, month, monthly=True)
        for symbol in wanted(SYMBOLS, ask.symbols, FORMS)
        for month in utc_months(ask)
        if f"{month:%Y-%m}" < begun
    ]


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    rows = named_columns(COLUMNS)(b"".join(binance.unpacked(bodies, piece)), True)
    return {
        "funding_rates": rows.select(
            pl.lit("binance").alias("venue"),
            pl.lit(piece.facts["symbol"]).alias("symbol"),
            binance.utc("calc_time").alias("ts"),
            pl.col("last_funding_rate").alias("funding_rate"),
            pl.col("funding_interval_hours").alias("interval_hours"),
        )
    }


def check(frames: Frames, piece: Piece) -> None:
    payments = frames["funding_rates"]
    if payments.is_empty():
        raise CheckFailed(f"{piece.facts['file']} holds no payments.")
    if (payments["ts"].dt.strftime("%Y-%m") != piece.facts["day"][:7]).any():
        raise CheckFailed(f"{piece.facts['file']} holds payments of another month: its times may have changed unit.")
