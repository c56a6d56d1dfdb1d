"""How much was traded, and which side took the liquidity."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import sql, venues
from analytics.market import decimate, prices
from analytics.warehouse import Warehouse

MOST_BARS = 1000
"""Two bars, bought and sold, are drawn for each."""
SUMS = f"""
    count(*) AS bars, {sql.total("volume_base", 8)} AS volume_base,
    CASE WHEN count(taker_buy_base) = count(*) THEN {sql.total("taker_buy_base", 8)} END AS taker_buy_base,
    CASE WHEN count(taker_buy_base) = count(*)
         THEN sum({sql.exact("volume_base", 8)} - {sql.exact("taker_buy_base", 8)})::DOUBLE END AS taker_sell_base
"""


def markets(warehouse: Warehouse, base: str, start: datetime, end: datetime) -> pl.DataFrame:
    """The markets of an asset whose volume is known in the range, the most traded first.

    Columns of `prices.series` and `name` (of the venue).
    """
    known = prices.series(warehouse, start, end).filter(
        (pl.col("base") == base)
        & (pl.col("kind") == "trade")
        & pl.col("volume_base").is_not_null()
        & (pl.col("interval") != "1d")
    )
    return venues.named(warehouse, prices.finest(known, MOST_BARS)).sort(
        "volume_base", *prices.LINE, descending=[True, *[False] * len(prices.LINE)]
    )


def by_market(warehouse: Warehouse, base: str, start: datetime, end: datetime) -> pl.DataFrame:
    """What was traded on each market of an asset, and what takers bought and sold of it, the most traded first.

    Columns: `name venue market symbol kind interval first_ts until bars volume_base taker_buy_base taker_sell_base
    taker_sell_pct source_id`. Each market over the bars that are known of it: where these differ, volumes do not
    compare. The taker columns are null where the source does not know the side of every bar.
    """
    known = markets(warehouse, base, start, end)
    if known.is_empty():
        return known
    sums = decimate.of_each(warehouse, SUMS, decimate.keys(known), start, end)
    return (
        known.drop("bars", "volume_base")
        .with_row_index("place")
        .with_columns(pl.col("place").cast(pl.Int32))
        .join(sums, on="place", how="left", maintain_order="left")
        .select(
            *("name", "venue", "market", "symbol", "kind", "interval", "first_ts"),
            (pl.col("last_ts") + pl.duration(seconds="seconds")).alias("until"),
            *("bars", "volume_base", "taker_buy_base", "taker_sell_base"),
            (100 * pl.col("taker_sell_base") / pl.col("volume_base")).alias("taker_sell_pct"),
            "source_id",
        )
    )


def by_bar(
    warehouse: Warehouse, market: tuple[str, str, str, str, str], start: datetime, end: datetime
) -> pl.DataFrame:
    """Traded volume of one market `(venue, market, symbol, kind, interval)` bar by bar, in the base asset.

    Columns: `venue market symbol interval ts until volume_base taker_buy_base taker_sell_base taker_sell_pct trades
    source_id`. The taker columns are null where the source does not know the side. A bar nobody traded in is absent.
    """
    seconds = pl.col("interval").replace_strict(prices.SECONDS, return_dtype=pl.Int64)
    sold = (pl.col("volume_base").cast(pl.Decimal(28, 8)) - pl.col("taker_buy_base").cast(pl.Decimal(28, 8))).cast(
        pl.Float64
    )
    return (
        prices.bars(warehouse, (market,), start, end)
        .with_columns(until=pl.col("ts") + pl.duration(seconds=seconds), taker_sell_base=sold)
        .with_columns(taker_sell_pct=100 * pl.col("taker_sell_base") / pl.col("volume_base"))
        .select(
            "venue",
            "market",
            "symbol",
            "interval",
            "ts",
            "until",
            "volume_base",
            "taker_buy_base",
            "taker_sell_base",
            "taker_sell_pct",
            "trades",
            "source_id",
        )
    )
