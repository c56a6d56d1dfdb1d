"""Sweeps found by a rule: many prints of one side at one time stamp that walk the price."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics.warehouse import Warehouse

PRINTS, WALK_PCT = 10, 5.0
"""At least so many prints with one stamp, and the price at least so far from the first to the last of them."""


def found(
    warehouse: Warehouse, start: datetime, end: datetime, prints: int = PRINTS, walk_pct: float = WALK_PCT
) -> pl.DataFrame:
    """Every sweep among the single trades of a range, the deepest first.

    A sweep: at least `prints` trades of one market, one taker side and one time stamp, whose price ends at least
    `walk_pct` percent beyond where it began and at its extreme: down for a seller, up for a buyer. Columns: `venue name
    market symbol base quote ts taker_side trades first_price last_price walk_pct quantity_base value_quote source_id`;
    `trades` are as the tape carries them, which may add up fills at one price.
    """
    return warehouse.query(
        """
        WITH tape AS (
            SELECT *,
                   row_number() OVER (
                       PARTITION BY venue, market, symbol, ts
                       ORDER BY length(trade_id), trade_id
                   ) AS place
            FROM trades
            WHERE ts >= $start AND ts < $end
        ), stamps AS (
            SELECT venue, market, symbol, ts, any_value(taker_side) AS taker_side, count(*) AS trades,
                   arg_min(price, place) AS first_price, arg_max(price, place) AS last_price, min(price) AS low,
                   max(price) AS high, sum(quantity_base::DECIMAL(28, 8))::DOUBLE AS quantity_base,
                   sum(price::DECIMAL(18, 8) * quantity_base::DECIMAL(20, 8))::DOUBLE AS value_quote,
                   string_agg(DISTINCT source_id, ';' ORDER BY source_id) AS source_id
            FROM tape
            GROUP BY venue, market, symbol, ts
            HAVING count(*) >= $prints AND count(DISTINCT taker_side) = 1
        )
        SELECT s.venue, coalesce(v.name, s.venue) AS name, s.market, s.symbol, split_part(s.symbol, '/', 1) AS base,
               split_part(split_part(s.symbol, '/', 2), ':', 1) AS quote, s.ts, taker_side, trades, first_price,
               last_price, 100 * (last_price / first_price - 1) AS walk_pct, quantity_base, value_quote, s.source_id
        FROM stamps s
        LEFT JOIN venues v USING (venue)
        WHERE CASE taker_side WHEN 'sell' THEN last_price = low AND last_price <= first_price * (1 - $walk_pct / 100)
                              ELSE last_price = high AND last_price >= first_price * (1 + $walk_pct / 100) END
        ORDER BY abs(last_price / first_price - 1) DESC, s.ts, s.venue, s.symbol
        """,
        start=start,
        end=end,
        prints=prints,
        walk_pct=walk_pct,
    )


def known(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """What the rule can look at: the single trades kept per market, `venue name market symbol trades first_ts
    last_ts source_id`."""
    return warehouse.query(
        """
        SELECT t.venue, any_value(coalesce(v.name, t.venue)) AS name, t.market, t.symbol, count(*) AS trades,
               min(t.ts) AS first_ts, max(t.ts) AS last_ts,
               string_agg(DISTINCT t.source_id, ';' ORDER BY t.source_id) AS source_id
        FROM trades t
        LEFT JOIN venues v USING (venue)
        WHERE t.ts >= $start AND t.ts < $end
        GROUP BY t.venue, t.market, t.symbol
        ORDER BY trades DESC, t.venue, t.symbol
        """,
        start=start,
        end=end,
    )
