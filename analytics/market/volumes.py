"""Traded volume by exchange over a published window."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse


def windows(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """The windows inside a range for which traded volume is published, the fullest first: `window_start window_end
    venues source_id`."""
    return warehouse.query(
        f"""
        SELECT window_start, window_end, count(DISTINCT venue) AS venues,
               {sql.sources()} AS source_id
        FROM venue_volumes
        WHERE window_start >= $start AND window_start < $end
        GROUP BY window_start, window_end
        ORDER BY venues DESC, window_start
        """,
        start=start,
        end=end,
    )


def assets(warehouse: Warehouse, window_start: datetime) -> pl.DataFrame:
    """The assets of a window, most traded first: `base_asset volume_usd source_id`. `other` is what the publication
    does not name."""
    return warehouse.query(
        f"""
        SELECT base_asset, {sql.total("volume_usd", 2)} AS volume_usd,
               {sql.sources()} AS source_id
        FROM venue_volumes
        WHERE window_start = $window_start
        GROUP BY base_asset
        ORDER BY base_asset = 'other', volume_usd DESC, base_asset
        """,
        window_start=window_start,
    )


def by_exchange(warehouse: Warehouse, window_start: datetime, asset: str = "all") -> pl.DataFrame:
    """Traded volume per exchange and market, largest first; `asset='all'` adds up all base assets of a market.

    Columns: `window_start window_end market asset venue name order_books volume_usd share_pct source_id`; the share is
    that of the exchanges listed. Spot and futures are different markets: never on one axis.
    """
    return warehouse.query(
        f"""
        WITH added AS (
            SELECT window_start, window_end, market, venue, sum({sql.exact("volume_usd", 2)}) AS volume,
                   CASE WHEN count(*) = count(markets) THEN sum(markets)::BIGINT END AS order_books,
                   {sql.sources()} AS source_id
            FROM venue_volumes
            WHERE window_start = $window_start AND ($asset = 'all' OR base_asset = $asset)
            GROUP BY window_start, window_end, market, venue
        )
        SELECT window_start, window_end, market, $asset AS asset, venue, v.name, order_books,
               volume::DOUBLE AS volume_usd,
               100 * volume::DOUBLE / sum(volume) OVER (PARTITION BY market)::DOUBLE AS share_pct, added.source_id
        FROM added
        JOIN venues v USING (venue)
        ORDER BY market, volume DESC, venue
        """,
        window_start=window_start,
        asset=asset,
    )
