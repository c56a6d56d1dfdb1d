"""Bybit trades from its public archive, added up to one-second bars."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import BinaryIO

import polars as pl

from pipelines.source import Ask, CheckFailed, Frames, Piece, Reach, Refused, Request, Source
from pipelines.sources.common import bybit
from pipelines.sources.common.archives import TAPE, csv_blocks, named_columns
from pipelines.sources.common.second_bars import one_second_bars
from pipelines.sources.common.spans import midnight, of_day, past_days, wanted

SOURCE = Source(
    id="bybit_trades",
    publisher="Bybit",
    dataset="Trades (public.bybit.com), as 1-second bars",
    url=bybit.ARCHIVE,
    licence=bybit.LICENCE,
    method=(
        "Trades added up by second with exact sums; open and close by time and place in the file. Inverse contracts "
        "count USD and are converted at the price of each trade. The archive has no checksum files: gzip's own is "
        "verified."
    ),
    tables=("bars",),
    span="to yesterday; how far back differs by symbol",
    resolution="1 second",
    reach=Reach(first=date(2025, 10, 10)),  # proven for that day; how far back differs by symbol
    max_bytes=2 << 30,
    heavy=True,
    crash_days_only=True,
)
SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT", "BTC/USD:BTC", "BTC/USDT")
FORMS = ("BASE/QUOTE", "BASE/USDT:USDT", "BASE/USDC:USDC", "BASE/USD:BASE")
SIDES = {"buy": True, "sell": False}
FIRST_MILLISECONDS = 10**11
"""Derivative files give seconds with decimals, spot files milliseconds; told apart by their size."""
PLACES = 10**10
"""More than a file has rows: puts time before place."""


def plan(ask: Ask) -> Iterable[Piece]:
    return [_archive(symbol, day) for symbol in wanted(SYMBOLS, ask.symbols, FORMS) for day in past_days(ask)]


def parse(bodies: list[BinaryIO], piece: Piece) -> Frames:
    symbol, file = piece.facts["symbol"], piece.facts["file"]
    category = bybit.category_of(symbol)
    size = "volume" if category == bybit.SPOT else "size"
    read = named_columns({"timestamp": pl.Float64, "side": pl.String, size: pl.Float64, "price": pl.Float64})
    seen, step = 0, 1

    def trades(rows: pl.DataFrame) -> pl.DataFrame:
        nonlocal seen, step
        rows = rows.with_columns(
            taker_buys=pl.col("side").str.to_lowercase().replace_strict(SIDES, default=None, return_dtype=pl.Boolean)
        )
        if any(rows.null_count().row(0)):
            raise Refused(file, f"a trade lacks its time, side, {size} or price", bybit.CHANGED)
        if not seen and rows.height and rows["timestamp"][0] > rows["timestamp"][-1]:
            step = -1  # A file may begin with its newest trade.
        time_us = _microseconds("timestamp")
        place = seen + pl.int_range(pl.len())
        seen += rows.height
        return rows.select(
            time_us=time_us,
            order=time_us % 1_000_000 * PLACES + step * place,
            price="price",
            # Inverse sizes are USD; homeNotional and foreignNotional are swapped there, so neither is used.
            quantity=pl.col(size) / pl.col("price") if category == bybit.INVERSE else pl.col(size),
            taker_buys="taker_buys",
            count=pl.lit(1),
        )

    labels = {
        "venue": "bybit",
        "market": bybit.market_of(symbol),
        "symbol": symbol,
        "kind": "trade",
        "interval": "1s",
    }
    bars = one_second_bars(csv_blocks(bodies[0], file, TAPE), read, trades)
    return {"bars": bars.with_columns(pl.lit(value).alias(name) for name, value in labels.items())}


def check(frames: Frames, piece: Piece) -> None:
    bars = frames["bars"]
    if bars.is_empty():
        raise CheckFailed(f"{piece.facts['file']} holds no trades.")
    of_day(bars["ts"], piece, "trades")


def _archive(symbol: str, day: date) -> Piece:
    spot, name = bybit.category_of(symbol) == bybit.SPOT, bybit.native(symbol)
    folder, file = ("spot", f"{name}_{day}.csv.gz") if spot else ("trading", f"{name}{day}.csv.gz")
    return Piece(
        f"{folder}/{file}",
        (Request(f"{bybit.ARCHIVE}/{folder}/{name}/{file}"),),
        {"symbol": symbol, "file": file, "day": f"{day}"},
        final_at=midnight(day) + timedelta(days=4),
    )


def _microseconds(column: str) -> pl.Expr:
    time = pl.col(column)
    scale = pl.when(time < FIRST_MILLISECONDS).then(1_000_000).otherwise(1_000)
    return (time * scale).round().cast(pl.Int64)
