"""Who lost what: single liquidations of one feed by side, by asset and by size, and how much of it the largest few are.

Every figure is of one feed and one mechanism: feeds of one venue show the same liquidation twice, and mechanisms
overlap. Where there are no single orders, what was published per asset is listed instead.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict, Unpack

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse

CHOSEN = (
    "FROM liquidations WHERE venue = $venue AND feed = $feed AND mechanism = $mechanism AND ts >= $start AND ts < $end"
)
EXACT = f"sum({sql.exact('notional_usd', 6)})"
TOTAL = f"{EXACT}::DOUBLE AS total_usd"
SHARE = f"100 * {EXACT}::DOUBLE / sum({EXACT}) OVER ()::DOUBLE AS share_pct"
POINTS, FEW = 200, 100
"""Points of a curve; fewer orders than this have no largest hundredth."""


class Feed(TypedDict):
    """One mechanism of one feed of a venue, in a range of time."""

    venue: str
    feed: str
    mechanism: str
    start: datetime
    end: datetime


def by_side(warehouse: Warehouse, **feed: Unpack[Feed]) -> pl.DataFrame:
    """Longs and shorts: `liquidated_side orders total_usd share_pct source_id`."""
    return warehouse.query(
        f"""
        SELECT liquidated_side, count(*) AS orders, {TOTAL},
               {SHARE}, {sql.sources()} AS source_id
        {CHOSEN}
        GROUP BY liquidated_side
        ORDER BY liquidated_side
        """,
        **feed,
    )


def by_asset(warehouse: Warehouse, **feed: Unpack[Feed]) -> pl.DataFrame:
    """Assets, those with most liquidations first: `base_asset orders long_usd short_usd total_usd share_pct
    source_id`."""
    return warehouse.query(
        f"""
        SELECT {sql.base()} AS base_asset, count(*) AS orders,
               {EXACT} FILTER (liquidated_side = 'long')::DOUBLE AS long_usd,
               {EXACT} FILTER (liquidated_side = 'short')::DOUBLE AS short_usd,
               {TOTAL}, {SHARE},
               {sql.sources()} AS source_id
        {CHOSEN}
        GROUP BY base_asset
        ORDER BY total_usd DESC, base_asset
        """,
        **feed,
    )


def by_size(warehouse: Warehouse, **feed: Unpack[Feed]) -> pl.DataFrame:
    """Orders by size in powers of ten, the smallest first: `from_usd to_usd orders orders_pct total_usd share_pct
    source_id`."""
    return warehouse.query(
        f"""
        SELECT pow(10, floor(log10(notional_usd))) AS from_usd, 10 * from_usd AS to_usd, count(*) AS orders,
               100 * count(*) / sum(count(*)) OVER () AS orders_pct, {TOTAL},
               {SHARE}, {sql.sources()} AS source_id
        {CHOSEN}
        GROUP BY from_usd
        ORDER BY from_usd
        """,
        **feed,
    )


def largest(warehouse: Warehouse, count: int = 20, **feed: Unpack[Feed]) -> pl.DataFrame:
    """The largest single orders: `ts symbol liquidated_side price price_kind quantity_base notional_usd event_id
    source_id`."""
    return warehouse.query(
        f"""
        SELECT ts, symbol, liquidated_side, price, price_kind, quantity_base, notional_usd, event_id, source_id
        {CHOSEN}
        ORDER BY notional_usd DESC, ts, event_id
        LIMIT $count
        """,
        count=count,
        **feed,
    )


def concentration(warehouse: Warehouse, **feed: Unpack[Feed]) -> pl.DataFrame:
    """How unequal the orders are: `orders total_usd largest_usd top_pct_share gini source_id`, one row, or none without
    orders.

    `top_pct_share` is the share in the sum, in percent, of the largest hundredth of the orders, null where there are
    fewer than a hundred. `gini` is 0 where all are alike and near 1 where one is everything; null for a single order.
    """
    return warehouse.query(
        f"""
        WITH ranked AS (
            SELECT notional_usd, source_id, row_number() OVER (ORDER BY notional_usd) AS place, count(*) OVER () AS n
            {CHOSEN}
        )
        SELECT count(*) AS orders, {TOTAL}, max(notional_usd) AS largest_usd,
               CASE
                   WHEN count(*) >= {FEW} THEN 100 * {EXACT} FILTER (place > n - n // 100)::DOUBLE / total_usd
               END AS top_pct_share,
               CASE
                   WHEN count(*) > 1
                       THEN 2 * sum({sql.exact("place", 0)} * {sql.exact("notional_usd", 6)})::DOUBLE
                           / (count(*) * total_usd) - (count(*) + 1) / count(*)
               END AS gini,
               {sql.sources()} AS source_id
        FROM ranked
        HAVING count(*) > 0
        """,
        **feed,
    )


def lorenz(warehouse: Warehouse, **feed: Unpack[Feed]) -> pl.DataFrame:
    """The share of the sum that the smallest orders make up: `orders_pct share_pct source_id`, from nothing to
    everything.

    At most about 200 points, the last few single orders among them.
    """
    return warehouse.query(
        f"""
        WITH ranked AS (
            SELECT row_number() OVER by_size AS place, sum({sql.exact("notional_usd", 6)}) OVER by_size AS summed,
                   count(*) OVER () AS n,
                   sum({sql.exact("notional_usd", 6)}) OVER () AS whole
            {CHOSEN}
            WINDOW by_size AS (ORDER BY notional_usd, event_id, symbol ROWS UNBOUNDED PRECEDING)
        ), named AS (SELECT {sql.sources()} AS source_id {CHOSEN})
        SELECT 100 * place / n AS orders_pct, 100 * summed::DOUBLE / whole::DOUBLE AS share_pct, source_id
        FROM (
            SELECT place, n, summed, whole
            FROM ranked
            WHERE place % greatest(n // {POINTS // 2}, 1) = 0 OR n - place < {POINTS // 4}
            UNION ALL
            SELECT 0, 1, 0, 1
            FROM ranked
            WHERE place = 1
        ), named
        ORDER BY orders_pct
        """,
        **feed,
    )


def published_assets(warehouse: Warehouse, board: str) -> pl.DataFrame:
    """What a board says per asset over all its venues, the largest first: `board asset long_usd short_usd total_usd
    share_pct window_label origin source_id`."""
    return warehouse.query(
        f"""
        SELECT board, asset, {sql.SIDES},
               100 * total_usd / (
                   SELECT max(value)
                   FROM liquidation_reports
                   WHERE board = $board AND venue = 'all' AND asset = 'all' AND side = 'total'
                     AND metric = 'liquidations'
               ) AS share_pct,
               any_value(window_label) AS window_label, any_value(origin) AS origin,
               {sql.sources()} AS source_id
        FROM liquidation_reports
        WHERE board = $board AND venue = 'all' AND asset <> 'all' AND metric = 'liquidations'
          AND {sql.ONE_SIDED}
        GROUP BY board, asset
        HAVING total_usd IS NOT NULL
        ORDER BY total_usd DESC, asset
        """,
        board=board,
    )
