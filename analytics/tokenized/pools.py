"""What was traded of stock tokens in pools on a chain, washed pools apart."""

from __future__ import annotations

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse


def by_day(warehouse: Warehouse) -> pl.DataFrame:
    """Volume of all pools a day, clean and washed ones in rows of their own.

    Columns: `chain ts washed pools tokens volume_usd scope source_id`. Pools come and go in the source, so a day's sum
    is of `pools`, not of a market; days read before they were over are left out. The two are never added: of a washed
    pool the volume does not hold.
    """
    return warehouse.query(
        f"""
        SELECT chain, ts, washed, count(*) AS pools, count(DISTINCT token) AS tokens,
               {sql.total("volume_usd", 2)} AS volume_usd,
               concat_ws('|', chain, CASE WHEN washed THEN 'washed' ELSE 'clean' END) AS scope,
               {sql.sources()} AS source_id
        FROM pool_days
        WHERE NOT part_of_day
        GROUP BY chain, ts, washed
        ORDER BY chain, washed, ts
        """
    )


def by_pool(warehouse: Warehouse) -> pl.DataFrame:
    """Each pool over all its days, the most traded first: `token dex pool washed first_ts last_ts days volume_usd
    low high confidence source_id`."""
    return warehouse.query(
        f"""
        SELECT token, dex, pool, washed, min(ts) AS first_ts, max(ts) AS last_ts, count(*) AS days,
               {sql.total("volume_usd", 2)} AS volume_usd, min(low) AS low, max(high) AS high,
               any_value(confidence) AS confidence, {sql.sources()} AS source_id
        FROM pool_days
        WHERE NOT part_of_day
        GROUP BY token, dex, pool, washed
        ORDER BY volume_usd DESC, pool
        """
    )
