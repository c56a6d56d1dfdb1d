"""Binance order-book depth in bands around the middle, from its public archive: kept to be judged,
since days of it are broken."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import polars as pl

from pipelines.source import Ask, CheckFailed, Frames, Piece, Reach, Refused, Source
from pipelines.sources.common import binance
from pipelines.sources.common.archives import named_columns
from pipelines.sources.common.spans import of_day, past_days, wanted

SOURCE = Source(
    id="binance_depth",
    publisher="Binance",
    dataset="Order-book depth (data.binance.vision, bookDepth)",
    url=binance.BASE,
    licence=binance.LICENCE,
    method=(
        "Quantity and value from the middle of the book out to a percentage of it, about every 30 seconds, as the "
        "archive states them. The files of Oct. 10, 2025 are known to hold books that cannot have stood; every series "
        "is judged by rule before any of it is drawn."
    ),
    tables=("book_depth",),
    span="to yesterday; the archive states no beginning",
    resolution="30 seconds",
    reach=Reach(first=date(2025, 10, 10)),  # proven for that day; the archive states no beginning
    requests_per_second=binance.PACE,
    crash_days_only=True,
)
SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")
FORMS = ("BASE/USDT:USDT", "BASE/USDC:USDC")
COLUMNS = {"timestamp": pl.String, "percentage": pl.Float64, "depth": pl.Float64, "notional": pl.Float64}


def plan(ask: Ask) -> Iterable[Piece]:
    """COIN-M files are not asked for: whether their depth is in contracts or coins is nowhere stated."""
    return [
        binance.archive("bookDepth", symbol, day)
        for symbol in wanted(SYMBOLS, ask.symbols, FORMS)
        for day in past_days(ask)
    ]


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    rows = named_columns(COLUMNS)(b"".join(binance.unpacked(bodies, piece)), True)
    ts = rows["timestamp"].str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", time_zone="UTC", strict=False)
    if ts.null_count():
        raise Refused(piece.facts["file"], "a timestamp is not a time", "The source may have changed its format.")
    depth = rows.select(
        pl.lit("binance").alias("venue"),
        pl.lit(piece.facts["symbol"]).alias("symbol"),
        ts.alias("ts"),
        pl.col("percentage").alias("band_pct"),
        pl.col("depth").alias("quantity_base"),
        "notional",
    )
    return {"book_depth": depth}


def check(frames: Frames, piece: Piece) -> None:
    depth, file = frames["book_depth"], piece.facts["file"]
    if depth.is_empty():
        raise CheckFailed(f"{file} holds no snapshot of the book.")
    of_day(depth["ts"], piece, "snapshots")
    if not {-1, 1} <= set(depth["band_pct"].sign()):
        raise CheckFailed(f"{file} holds one side of the book only: its bands may have changed their meaning.")
