"""At which prices the volume changed hands, and in which seconds most of it."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import decimate
from analytics.warehouse import Warehouse

LEVELS = 60
LARGEST = 20
OF_BARS = " AND ".join(f"{part} = ${part}" for part in decimate.KEY)


def by_price(warehouse: Warehouse, key: decimate.Key, start: datetime, end: datetime) -> pl.DataFrame:
    """Volume of one market by price level, the lowest first: `venue market symbol interval price_from price_to volume_base taker_buy_base taker_sell_base bars source_id`.

    The range of prices is cut into `LEVELS` levels. All of a bar's volume goes to the level of its average price (traded
    value over volume, else midway from low to high): within a bar the distribution is not known. The taker columns are null
    where a bar of the level does not know its side. A level nobody traded at is absent.
    """
    named = {part: value for part, value in zip(decimate.KEY, key, strict=True)}
    found = warehouse.query(
        f"""
        WITH bar AS (
            SELECT low, high, coalesce(volume_quote / nullif(volume_base, 0), (low + high) / 2) AS price, volume_base, taker_buy_base
            FROM bars WHERE {OF_BARS} AND ts >= $start AND ts < $end AND volume_base > 0
        ), range AS (SELECT min(low) AS bottom, (max(high) - min(low)) / $levels AS width FROM bar)
        SELECT bottom + width * least(greatest(floor((price - bottom) / nullif(width, 0)), 0), $levels - 1) AS price_from, any_value(width) AS width,
               sum(volume_base::DECIMAL(28, 8))::DOUBLE AS volume_base,
               CASE WHEN count(taker_buy_base) = count(*) THEN sum(taker_buy_base::DECIMAL(28, 8))::DOUBLE END AS taker_buy_base,
               CASE WHEN count(taker_buy_base) = count(*) THEN sum(volume_base::DECIMAL(28, 8) - taker_buy_base::DECIMAL(28, 8))::DOUBLE END AS taker_sell_base,
               count(*) AS bars
        FROM bar, range WHERE width > 0 GROUP BY price_from ORDER BY price_from
        """,
        **named,
        start=start,
        end=end,
        levels=LEVELS,
    )
    fixed = [pl.lit(named[part]).alias(part) for part in ("venue", "market", "symbol", "interval")]
    return found.select(
        *fixed,
        "price_from",
        (pl.col("price_from") + pl.col("width")).alias("price_to"),
        "volume_base",
        "taker_buy_base",
        "taker_sell_base",
        "bars",
        pl.lit(named["source_id"]).alias("source_id"),
    )


def largest(warehouse: Warehouse, key: decimate.Key, start: datetime, end: datetime) -> pl.DataFrame:
    """The bars of one market with the largest volume, the largest first: `rank ts open high low close change_pct volume_base share_pct taker_sell_pct trades source_id`.

    `share_pct` is their part of all volume in the range; `taker_sell_pct` is null where the side is not known.
    """
    return warehouse.query(
        f"""
        WITH bar AS (SELECT * FROM bars WHERE {OF_BARS} AND ts >= $start AND ts < $end AND volume_base > 0)
        SELECT row_number() OVER (ORDER BY volume_base DESC, ts) AS rank, ts, open, high, low, close, 100 * (close / nullif(open, 0) - 1) AS change_pct, volume_base,
               100 * volume_base / (SELECT sum(volume_base::DECIMAL(28, 8))::DOUBLE FROM bar) AS share_pct,
               100 * (1 - taker_buy_base / volume_base) AS taker_sell_pct, trades, source_id
        FROM bar ORDER BY rank LIMIT $largest
        """,
        **dict(zip(decimate.KEY, key, strict=True)),
        start=start,
        end=end,
        largest=LARGEST,
    )
