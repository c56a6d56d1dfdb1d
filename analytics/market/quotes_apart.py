"""One coin on one venue, priced in several dollar tokens: how far each market fell."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse

DOLLAR_TOKENS = ("USD", "USDT", "USDC", "FDUSD", "TUSD")
"""Quote currencies worth about a dollar, whose prices can stand on one axis. On a day on which one of them leaves its
peg the gap is partly its own."""


def lows(warehouse: Warehouse, start: datetime, end: datetime, coins: int = 12) -> pl.DataFrame:
    """The coins whose dollar markets on one venue were furthest apart at their lows of the day, market by market, the
    widest gap first.

    Columns: `rank venue name market base quote symbol low high drop_pct gap_pct scope source_id`. `gap_pct` is how far
    the coin's lowest low lies below the highest of its lows. From day ranges: the lows need not be of one moment.
    """
    return warehouse.query(
        f"""
        WITH day AS (
            SELECT venue, market, symbol, {sql.base()} AS base, {sql.quote()} AS quote, low, high, source_id
            FROM bars
            WHERE kind = 'trade' AND interval = '1d' AND ts >= $start AND ts < $end
              AND {sql.quote()} IN (SELECT unnest($dollars)) AND {sql.base()} NOT IN (SELECT unnest($dollars))
        ), apart AS (
            SELECT venue, market, base, 100 * (1 - min(low) / max(low)) AS gap_pct
            FROM day
            GROUP BY venue, market, base
            HAVING count(*) > 1
        ), widest AS (
            SELECT *, row_number() OVER (ORDER BY gap_pct DESC, venue, base) AS rank
            FROM apart
        )
        SELECT rank, venue, {sql.venue_name()} AS name, market, base, quote, symbol, low, high,
               100 * (1 - low / high) AS drop_pct, gap_pct, concat_ws('|', venue, market) AS scope, day.source_id
        FROM widest
        JOIN day USING (venue, market, base)
        {sql.VENUES}
        WHERE rank <= $coins
        ORDER BY rank, low, quote
        """,
        start=start,
        end=end,
        coins=coins,
        dollars=list(DOLLAR_TOKENS),
    )
