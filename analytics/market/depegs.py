"""Pegged assets that left their reference: on which venue, when, how far, and where they did not."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import sql
from analytics.market import prices
from analytics.warehouse import Warehouse

OFF_PEG = 0.01
"""An asset counts as off its peg from one percent below the reference."""


def assets(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """The assets whose depeg is published and whose prices are known within the day: `asset base reference_value`."""
    published = warehouse.query(
        """
        SELECT asset, upper(asset) AS base, any_value(reference_value) AS reference_value
        FROM depegs
        WHERE coalesce(window_start, low_ts) >= $start AND coalesce(window_start, low_ts) < $end
        GROUP BY asset
        HAVING any_value(reference_value) IS NOT NULL
        ORDER BY asset
        """,
        start=start,
        end=end,
    )
    return published.join(prices.assets(warehouse, start, end).select("base"), on="base", how="semi")


def facts(warehouse: Warehouse, base: str, reference_value: float, start: datetime, end: datetime) -> pl.DataFrame:
    """What each market of a pegged asset did in a range, the lowest first.

    Columns: `name venue market symbol kind interval quote bars low low_ts first_below_ts high first_ts last_ts
    source_id`. `first_below_ts` is the start of the first bar that went more than `OFF_PEG` below the reference, null
    where none did.
    """
    below = pl.col("low") < reference_value * (1 - OFF_PEG)
    return (
        prices.paths(warehouse, base, start, end)
        .group_by(["name", *prices.LINE, "quote"], maintain_order=True)
        .agg(
            bars=pl.len(),
            low=pl.col("low").min(),
            low_ts=pl.col("ts").get(pl.col("low").arg_min()),
            first_below_ts=pl.col("ts").filter(below).first(),
            high=pl.col("high").max(),
            first_ts=pl.col("ts").first(),
            last_ts=pl.col("close_at").last(),
            source_id=pl.col("source_id").unique().sort().str.join(";"),
        )
        .sort("low", "venue")
    )


def windows(warehouse: Warehouse, asset: str, start: datetime, end: datetime) -> pl.DataFrame:
    """The windows a venue published for an asset's depeg: `venue name window_start window_end source_id`."""
    return warehouse.query(
        f"""
        SELECT d.venue, any_value({sql.venue_name("d.venue")}) AS name, d.window_start, d.window_end,
               {sql.sources("d.source_id")} AS source_id
        FROM depegs d
        {sql.VENUES}
        WHERE d.asset = $asset AND d.window_start >= $start AND d.window_end < $end
        GROUP BY d.venue, d.window_start, d.window_end
        ORDER BY d.window_start, d.venue
        """,
        asset=asset,
        start=start,
        end=end,
    )


def published(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """Published lows of the assets that left their peg on the day, the deepest first.

    Columns: `asset venue name low unit reference_value discount_pct confidence second_hand note source_id`.
    Readings without a time belong to the day when another reading of the same asset does.
    """
    return warehouse.query(
        f"""
        WITH of_day AS (
            SELECT DISTINCT upper({sql.base("asset")}) AS base
            FROM depegs
            WHERE coalesce(window_start, low_ts) >= $start AND coalesce(window_start, low_ts) < $end
        )
        SELECT d.asset, d.venue, {sql.venue_name("d.venue")} AS name, d.low, d.unit, d.reference_value, d.discount_pct,
               d.confidence, d.second_hand, d.note, d.source_id
        FROM depegs d
        {sql.VENUES}
        WHERE d.low IS NOT NULL AND upper({sql.base("d.asset")}) IN (SELECT base FROM of_day)
          AND (coalesce(d.window_start, d.low_ts) IS NULL
              OR (coalesce(d.window_start, d.low_ts) >= $start AND coalesce(d.window_start, d.low_ts) < $end))
        ORDER BY d.discount_pct NULLS LAST, d.asset, d.row_id
        """,
        start=start,
        end=end,
    )


def lower_by_day(warehouse: Warehouse, base: str, low: float, start: datetime, end: datetime) -> pl.DataFrame:
    """Markets of an asset in dollar tokens that printed less than `low` by their range of a whole day: `venue name
    symbol low source_id`, the lowest first."""
    return warehouse.query(
        f"""
        SELECT b.venue, {sql.venue_name("b.venue")} AS name, b.symbol, min(b.low) AS low,
               {sql.sources("b.source_id")} AS source_id
        FROM bars b
        {sql.VENUES}
        WHERE b.interval = '1d' AND b.kind = 'trade' AND {sql.base("b.symbol")} = $base AND b.ts >= $start
          AND b.ts < $end AND {sql.quote("b.symbol")} IN (SELECT unnest($dollars))
        GROUP BY ALL
        HAVING min(b.low) < $low
        ORDER BY low, b.symbol, b.venue
        """,
        base=base,
        low=low,
        dollars=list(prices.DOLLARS),
        start=start,
        end=end,
    )
