"""Binance aggregate trades from its public archive, added up to one-second bars."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import partial
from typing import BinaryIO

import polars as pl

from pipelines.source import Ask, CheckFailed, Frames, Piece, Reach, Source
from pipelines.sources.common import binance
from pipelines.sources.common.archives import TAPE, csv_blocks, read_block
from pipelines.sources.common.second_bars import one_second_bars
from pipelines.sources.common.spans import of_day, past_days, wanted

SOURCE = Source(
    id="binance_trades",
    publisher="Binance",
    dataset="Aggregate trades (data.binance.vision), as 1-second bars",
    url=binance.BASE,
    licence=binance.LICENCE,
    method=(
        "Aggregate trades added up by second with exact sums; open and close by trade number. COIN-M contracts are "
        "converted at face value over price. ADL and insurance-fund trades are not in the archive."
    ),
    tables=("bars",),
    span="2019 to yesterday",
    resolution="1 second",
    reach=Reach(first=date(2020, 1, 1)),
    requests_per_second=binance.PACE,
    max_bytes=2 << 30,
    heavy=True,
    crash_days_only=True,
)
SYMBOLS = ("BTC/USDT:USDT", "BTC/USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")
FORMS = ("BASE/QUOTE", "BASE/USDT:USDT", "BASE/USDC:USDC", "BASE/USD:BASE")
COLUMNS = {
    "agg_trade_id": pl.Int64,
    "price": pl.Float64,
    "quantity": pl.Float64,
    "first_trade_id": pl.Int64,
    "last_trade_id": pl.Int64,
    "time": pl.Int64,
    "is_buyer_maker": pl.Boolean,
}
BEST_MATCH = {"is_best_match": pl.Boolean}
"""Spot files carry an eighth column."""


def plan(ask: Ask) -> Iterable[Piece]:
    return [
        binance.archive("aggTrades", symbol, day)
        for symbol in wanted(SYMBOLS, ask.symbols, FORMS)
        for day in past_days(ask)
    ]


def parse(bodies: list[BinaryIO], piece: Piece) -> Frames:
    symbol = piece.facts["symbol"]
    spot = binance.market_of(symbol) == binance.SPOT
    schema = COLUMNS | BEST_MATCH if spot else COLUMNS
    face = binance.contract_usd(symbol) if binance.market_of(symbol) == binance.COIN_M else None

    def trades(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.select(
            time_us=pl.when(pl.col("time") >= binance.YEAR_MICROSECONDS).then("time").otherwise(pl.col("time") * 1000),
            order="agg_trade_id",
            price="price",
            quantity=pl.col("quantity") if face is None else pl.col("quantity") * face / pl.col("price"),
            taker_buys=~pl.col("is_buyer_maker"),
            count=pl.col("last_trade_id") - pl.col("first_trade_id") + 1,
        )

    bars = one_second_bars(
        csv_blocks(binance.verified(bodies, piece), piece.facts["file"], TAPE),
        partial(read_block, schema=schema),
        trades,
    )
    labels = {
        "venue": "binance",
        "market": "spot" if spot else "perp",
        "symbol": symbol,
        "kind": "trade",
        "interval": "1s",
    }
    return {"bars": bars.with_columns(pl.lit(value).alias(name) for name, value in labels.items())}


def check(frames: Frames, piece: Piece) -> None:
    bars = frames["bars"]
    if bars.is_empty():
        raise CheckFailed(f"{piece.facts['file']} holds no trades.")
    of_day(bars["ts"], piece, "trades")
