"""Binance COIN-M liquidation orders from its public archive, which ends on 2024-10-14."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import polars as pl

from pipelines.source import Ask, Frames, Piece, Reach, Refused, Source
from pipelines.sources.common import binance
from pipelines.sources.common.archives import named_columns
from pipelines.sources.common.spans import of_day, past_days, wanted

SOURCE = Source(
    id="binance_liquidations",
    publisher="Binance",
    dataset="COIN-M liquidation orders (data.binance.vision, liquidationSnapshot)",
    url=binance.BASE,
    licence=binance.LICENCE,
    method=(
        "One row a liquidation order. A liquidation order that sells closes a long. Executed contracts (100 USD for "
        "BTC, 10 USD for others) over their average price give the base asset. The archive writes every row twice; the "
        "second is dropped and counted."
    ),
    tables=("liquidations",),
    span="2023-06-25 to 2024-10-14; USD-M never (that archive is deleted)",
    resolution="every order in the archive, at most one per symbol and second",
    reach=Reach(date(2023, 6, 25), date(2024, 10, 14)),
    limits="COIN-M only, and only until 2024-10-14: nothing of Oct. 10, 2025. A few days have no file.",
)
SYMBOLS = ("BTC/USD:BTC", "ETH/USD:ETH", "SOL/USD:SOL")
FORMS = ("BASE/USD:BASE",)
COLUMNS = {
    "time": pl.Int64,
    "side": pl.String,
    "original_quantity": pl.String,
    "price": pl.String,
    "average_price": pl.Float64,
    "accumulated_fill_quantity": pl.Float64,
}


def plan(ask: Ask) -> Iterable[Piece]:
    return [
        binance.archive("liquidationSnapshot", symbol, day)
        for symbol in wanted(SYMBOLS, ask.symbols, FORMS)
        for day in past_days(ask)
        if SOURCE.reach.covers(day, day)
    ]


def parse(bodies: list[bytes], piece: Piece) -> Frames:
    symbol, file = piece.facts["symbol"], piece.facts["file"]
    orders = named_columns(COLUMNS)(b"".join(binance.unpacked(bodies, piece)), True)
    if not orders["side"].is_in(["BUY", "SELL"]).all():
        raise Refused(file, "an order's side is neither BUY nor SELL", "The source may have changed its format.")
    usd = pl.col("accumulated_fill_quantity") * binance.contract_usd(symbol)
    return {
        "liquidations": orders.select(
            pl.lit("binance").alias("venue"),
            pl.lit("perp").alias("market"),
            pl.lit(symbol).alias("symbol"),
            # The archive has no number for an order; these are what stays the same while it fills.
            pl.concat_str("time", "side", "original_quantity", "price", separator="-").alias("event_id"),
            binance.utc("time").alias("ts"),
            pl.when(pl.col("side") == "SELL").then(pl.lit("long")).otherwise(pl.lit("short")).alias("liquidated_side"),
            pl.col("average_price").alias("price"),
            pl.lit("fill").alias("price_kind"),
            (usd / pl.col("average_price")).alias("quantity_base"),
            usd.alias("notional_usd"),
            pl.lit("liquidation").alias("mechanism"),
            pl.lit("liquidationSnapshot (COIN-M)").alias("feed"),
        )
    }


def check(frames: Frames, piece: Piece) -> None:
    # A day without a liquidation is a legitimate answer: a file with a header and no rows.
    of_day(frames["liquidations"]["ts"], piece, "orders")
