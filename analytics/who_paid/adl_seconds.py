"""Auto-deleveraging second by second, in dollars: each trade counted once."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse

SECONDS = "mechanism = 'adl' AND step_seconds = 1 AND ts >= $start AND ts < $end"
MOST_COINS = 14
"""Coins with a row of their own: with more, a row is too thin to read on a phone."""


def by_second(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """Dollars and fills of each second with ADL, and the sum so far.

    Columns: `scope venue name ts amount_usd events so_far_usd source_id`. A second that is absent had none.
    """
    return warehouse.query(
        f"""
        SELECT scope, venue, {sql.venue_name()} AS name, ts, amount_usd, events,
               (sum({sql.exact("amount_usd", 2)}) OVER (PARTITION BY scope ORDER BY ts))::DOUBLE AS so_far_usd,
               f.source_id
        FROM liquidation_flows f
        {sql.VENUES}
        WHERE {SECONDS} AND asset = 'all'
        ORDER BY scope, ts
        """,
        start=start,
        end=end,
    )


def by_coin(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """Dollars of each second and coin; coins after the largest are one row, `others`.

    Columns: `scope venue name ts coin place coins amount_usd source_id`, the largest coin first. `place` is the coin's
    rank, `coins` how many are in the row.
    """
    return warehouse.query(
        f"""
        WITH rows AS (
            SELECT *, sum({sql.exact("amount_usd", 2)}) OVER (PARTITION BY scope, asset) AS coin_usd
            FROM liquidation_flows
            WHERE {SECONDS} AND asset <> 'all'
        ), ranked AS (
            SELECT *, dense_rank() OVER (PARTITION BY scope ORDER BY coin_usd DESC, asset) AS place
            FROM rows
        )
        SELECT scope, venue, any_value({sql.venue_name()}) AS name, ts,
               CASE WHEN place <= $most THEN asset ELSE 'others' END AS coin,
               least(place, $most + 1) AS place, count(DISTINCT asset) AS coins,
               {sql.total("amount_usd", 2)} AS amount_usd, {sql.sources("r.source_id")} AS source_id
        FROM ranked r
        {sql.VENUES}
        GROUP BY scope, venue, ts, coin, least(place, $most + 1)
        ORDER BY scope, least(place, $most + 1), ts
        """,
        start=start,
        end=end,
        most=MOST_COINS,
    )


def largest(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """What a range holds in all: `scope venue name seconds coins fills total_usd first_ts last_ts largest_usd
    top_three_usd top_three_pct source_id`, one row a venue, none where nothing is counted by the second."""
    return warehouse.query(
        f"""
        WITH seconds AS (
            SELECT *, row_number() OVER (PARTITION BY scope ORDER BY amount_usd DESC, ts) AS place
            FROM liquidation_flows
            WHERE {SECONDS} AND asset = 'all'
        ), coins AS (
            SELECT venue, count(DISTINCT asset) AS coins
            FROM liquidation_flows
            WHERE {SECONDS} AND asset <> 'all'
            GROUP BY venue
        )
        SELECT scope, venue, any_value({sql.venue_name()}) AS name, count(*) AS seconds, any_value(coins) AS coins,
               sum(events)::BIGINT AS fills, {sql.total("amount_usd", 2)} AS total_usd, min(ts) AS first_ts,
               max(ts) AS last_ts, max(amount_usd) AS largest_usd,
               sum({sql.exact("amount_usd", 2)}) FILTER (place <= 3)::DOUBLE AS top_three_usd,
               100 * top_three_usd / total_usd AS top_three_pct, {sql.sources("s.source_id")} AS source_id
        FROM seconds s
        LEFT JOIN coins USING (venue)
        {sql.VENUES}
        GROUP BY scope, venue
        ORDER BY total_usd DESC, scope
        """,
        start=start,
        end=end,
    )
