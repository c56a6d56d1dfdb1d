"""At which prices the volume changed hands, and in which seconds most of it."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import sql
from analytics.market import decimate
from analytics.warehouse import Warehouse

LEVELS = 60
"""Levels of a profile: as many as can be told apart in one chart."""
WIDE, MOST_WIDE_PCT = 0.25, 30
"""A bar is wide above this part of all prices; above this percentage of the volume in wide bars nothing is shown."""
LARGEST = 20
"""Bars listed."""
OF_BARS = " AND ".join(f"{part} = ${part}" for part in decimate.KEY)

BY_PRICE = f"""
    WITH bar AS (
        SELECT low, high, volume_base, taker_buy_base, volume_base - taker_buy_base AS taker_sell_base
        FROM bars
        WHERE {OF_BARS} AND ts >= $start AND ts < $end AND volume_base > 0
    ), whole AS (
        SELECT min(low) AS bottom, (max(high) - min(low)) / $levels AS width
        FROM bar
    ), level AS (
        SELECT n, bottom + width * n AS price_from, bottom + width * (n + 1) AS price_to
        FROM whole, range($levels) AS r(n)
    ), wide AS (
        SELECT 100 * fsum(volume_base) FILTER (high - low > $wide * $levels * width) / fsum(volume_base) AS wide_pct
        FROM bar, whole
    ), part AS (
        SELECT price_from, price_to, volume_base, taker_buy_base, taker_sell_base,
               CASE WHEN high > low
                    THEN greatest(least(high, price_to) - greatest(low, price_from), 0) / (high - low)
                    ELSE (n = least(floor((low - bottom) / width), $levels - 1))::INTEGER END AS share
        FROM bar, whole, level
        WHERE width > 0
    )
    SELECT price_from, price_to, fsum(volume_base * share) AS volume_base,
           100 * fsum(volume_base * share) / fsum(fsum(volume_base * share)) OVER () AS share_pct,
           coalesce(fsum(volume_base) FILTER (share > 0.999999999), 0) AS least_base,
           fsum(volume_base) AS most_base,
           CASE WHEN count(taker_buy_base) = count(*) THEN fsum(taker_buy_base * share) END AS taker_buy_base,
           CASE WHEN count(taker_buy_base) = count(*) THEN fsum(taker_sell_base * share) END AS taker_sell_base,
           count(*) AS bars, any_value(coalesce(wide_pct, 0)) AS wide_pct
    FROM part, wide
    WHERE share > 0
    GROUP BY price_from, price_to
    ORDER BY price_from
"""


def by_price(warehouse: Warehouse, key: decimate.Key, start: datetime, end: datetime) -> pl.DataFrame:
    """Volume of one market by price level, the lowest first, or one row that says why it is refused.

    Columns: `venue market symbol interval price_from price_to volume_base share_pct least_base most_base taker_buy_base
    taker_sell_base bars refusal source_id`. The range of prices is cut into `LEVELS` levels. Where within a bar its
    volume changed hands is not known: `volume_base` spreads it evenly from low to high, `least_base` is the volume of
    bars that lie within the level whole, `most_base` that of all `bars` that touch it. The taker columns are spread
    alike, null where a bar of the level does not know its side. A level no bar touches is absent. Refused where bars
    wider than `WIDE` of the prices hold over `MOST_WIDE_PCT` of the volume: the shape would be that of the spreading.
    Empty where nobody traded or the price stood still.
    """
    named = {part: value for part, value in zip(decimate.KEY, key, strict=True)}
    spread = warehouse.query(
        BY_PRICE,
        **named,
        start=start,
        end=end,
        levels=LEVELS,
        wide=WIDE,
    )
    fixed = [pl.lit(named[part]).alias(part) for part in ("venue", "market", "symbol", "interval")]
    levels = spread.with_columns(*fixed, refusal=pl.lit(None, pl.String), source_id=pl.lit(named["source_id"])).select(
        "venue", "market", "symbol", "interval", pl.exclude("venue", "market", "symbol", "interval", "wide_pct")
    )
    if spread.is_empty() or spread["wide_pct"][0] <= MOST_WIDE_PCT:
        return levels
    refusal = (
        f"{spread['wide_pct'][0]:.0f} % of the volume lies in bars that ran over more than a quarter of all prices "
        "here: at which price it changed hands is not known. Choose a shorter range, or a market with shorter bars."
    )
    blank = (
        pl.lit(None, levels.schema[name]).alias(name)
        for name in levels.columns
        if name.endswith(("_base", "share_pct")) or name.startswith("price")
    )
    return levels.head(1).with_columns(*blank, refusal=pl.lit(refusal))


def largest(warehouse: Warehouse, key: decimate.Key, start: datetime, end: datetime) -> pl.DataFrame:
    """The bars of one market with the largest volume, the largest first: `rank ts open high low close change_pct
    volume_base share_pct taker_sell_pct trades source_id`.

    `share_pct` is their part of all volume in the range; `taker_sell_pct` is null where the side is not known.
    """
    return warehouse.query(
        f"""
        WITH bar AS (
            SELECT *
            FROM bars
            WHERE {OF_BARS} AND ts >= $start AND ts < $end AND volume_base > 0
        )
        SELECT row_number() OVER (ORDER BY volume_base DESC, ts) AS rank, ts, open, high, low, close,
               100 * (close / nullif(open, 0) - 1) AS change_pct, volume_base,
               100 * volume_base / (SELECT {sql.total("volume_base", 8)} FROM bar) AS share_pct,
               100 * (1 - taker_buy_base / volume_base) AS taker_sell_pct, trades, source_id
        FROM bar
        ORDER BY rank
        LIMIT $largest
        """,
        **dict(zip(decimate.KEY, key, strict=True)),
        start=start,
        end=end,
        largest=LARGEST,
    )
