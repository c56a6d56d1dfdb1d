"""How far coins fell on each venue, how soon half of it was regained, and where they stood when the range ended."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import sql
from analytics.market.prices import DOLLARS
from analytics.warehouse import Warehouse

LEAST_COINS = 3
"""Of fewer coins a median says nothing about a venue."""

MARKETS = f"""
    WITH bar AS (
        SELECT venue, symbol, {sql.base()} AS base, source_id, ts, high, low, close,
               CASE WHEN split_part(symbol, ':', 2) = {sql.base()} THEN 'coin-margined' ELSE market END AS market
        FROM bars
        WHERE kind = 'trade' AND interval = '1m' AND ts >= $start AND ts < $end
          AND {sql.quote()} IN (SELECT unnest($dollars))
    ), reference AS (
        SELECT venue, market, symbol, source_id, arg_max(close, ts) AS price
        FROM bar
        WHERE ts < $at AND close IS NOT NULL
        GROUP BY ALL
    ), lowest AS (
        SELECT venue, market, symbol, source_id, min(low) AS low, arg_min(ts, row(low, ts)) AS low_ts,
               arg_max(close, ts) AS last_price
        FROM bar
        WHERE ts >= $at
        GROUP BY ALL
    )
    SELECT l.venue, {sql.venue_name("l.venue")} AS name, l.market, l.symbol, any_value(b.base) AS base,
           any_value(price) AS reference, any_value(l.low) AS low, any_value(low_ts) AS low_ts,
           100 * (1 - any_value(l.low) / any_value(price)) AS drop_pct,
           date_diff('minute', any_value(low_ts),
                     min(b.ts) FILTER (b.ts > low_ts AND b.close >= l.low + (price - l.low) / 2)) AS half_minutes,
           100 * (any_value(last_price) / any_value(price) - 1) AS end_pct, l.source_id
    FROM lowest l
    JOIN reference r USING (venue, market, symbol, source_id)
    JOIN bar b USING (venue, market, symbol, source_id)
    LEFT JOIN venues v ON v.venue = l.venue
    WHERE l.low < price
    GROUP BY l.venue, v.name, l.market, l.symbol, l.source_id
    ORDER BY drop_pct DESC, l.venue, l.symbol
"""


def by_market(warehouse: Warehouse, at: datetime, start: datetime, end: datetime) -> pl.DataFrame:
    """Every market in dollars whose minutes are known, the deepest fall first.

    Columns: `venue name market symbol base reference low low_ts drop_pct half_minutes end_pct source_id`: the last
    close before `at`, the lowest price from then to `end`, and minutes from the bar of the low to the first later bar
    that closed at or above the middle between low and reference (null: not within the range); `end_pct` is the last
    close against the reference. `market` is `coin-margined` where a perpetual is settled in the coin itself.
    """
    return warehouse.query(MARKETS, at=at, start=start, end=end, dollars=list(DOLLARS))


def by_venue(warehouse: Warehouse, at: datetime, start: datetime, end: datetime) -> pl.DataFrame:
    """The same as medians over the coins of each venue and market, spot and perpetuals apart, the deepest first.

    Columns: `venue name market coins median_drop_pct deepest_drop_pct regained half_minutes end_pct scope source_id`.
    `regained` counts the coins that regained half within the range, `half_minutes` is the median of those. Venues
    trade different coins, so their medians do not rank them. Venues with fewer than `LEAST_COINS` coins are left out.
    """
    coins = pl.col("base").n_unique()
    return (
        by_market(warehouse, at, start, end)
        .group_by("venue", "name", "market")
        .agg(
            coins=coins,
            median_drop_pct=pl.col("drop_pct").median(),
            deepest_drop_pct=pl.col("drop_pct").max(),
            regained=pl.col("half_minutes").count(),
            half_minutes=pl.col("half_minutes").median(),
            end_pct=pl.col("end_pct").median(),
            source_id=pl.col("source_id").unique().sort().str.join(";"),
        )
        .filter(pl.col("coins") >= LEAST_COINS)
        .with_columns(scope=pl.lit("minute bars in dollars"))
        .select(pl.exclude("source_id"), "source_id")
        .sort("median_drop_pct", "venue", "market", descending=[True, False, False])
    )
