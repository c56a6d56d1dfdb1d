"""What winners closed by auto-deleveraging missed: the price they were closed at against the price afterwards."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import sql
from analytics.market.prices import DOLLARS
from analytics.warehouse import Warehouse


def by_coin(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """Average ADL price of each coin in a range, and where the coin traded when the range ended.

    Columns: `scope venue name asset amount_usd adl_price after_price rebound_pct markets window_end source_id`, the
    largest amount first. `adl_price` is dollars over quantity. `after_price` is the median of the last closes, within
    a quarter of an hour before `end`, of the markets in dollars whose prices are embedded: other venues' than the
    ADL's, whose own price then is not known. Above zero `rebound_pct` is what a short gave up by being closed.
    """
    return warehouse.query(
        f"""
        WITH closed AS (
            SELECT scope, venue, asset, amount_usd, amount_usd / amount_base AS adl_price,
                   ts + to_seconds(step_seconds) AS window_end, source_id
            FROM liquidation_flows
            WHERE mechanism = 'adl' AND asset <> 'all' AND amount_base > 0
              AND ts >= $start AND ts + to_seconds(step_seconds) <= $end
        ), last AS (
            SELECT {sql.base()} AS asset, venue, symbol, arg_max(close, ts) AS close, any_value(source_id) AS source_id
            FROM bars
            WHERE kind = 'trade' AND interval IN ('1s', '1m', '5m', '15m') AND close IS NOT NULL
              AND ts >= $end - INTERVAL 15 MINUTE AND ts < $end
              AND {sql.quote()} IN (SELECT unnest($dollars))
            GROUP BY ALL
        ), after AS (
            SELECT asset, median(close) AS after_price, count(*) AS markets, {sql.sources()} AS after_source
            FROM last
            GROUP BY asset
        )
        SELECT scope, venue, {sql.venue_name()} AS name, asset, amount_usd, adl_price, after_price,
               100 * (after_price / adl_price - 1) AS rebound_pct, markets, window_end,
               concat_ws(';', c.source_id, after_source) AS source_id
        FROM closed c
        JOIN after USING (asset)
        {sql.VENUES}
        ORDER BY amount_usd DESC, asset
        """,
        start=start,
        end=end,
        dollars=list(DOLLARS),
    )
