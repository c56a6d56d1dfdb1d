"""What is known of each crash day: which prices, which liquidations, by which step."""

from __future__ import annotations

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse

COUNTED = f"""
    WITH series AS (
        SELECT DISTINCT venue, market, symbol, interval, time_bucket(INTERVAL 1 DAY, ts) AS day, source_id
        FROM bars
        WHERE kind = 'trade' AND interval <> '1d'
    ), priced AS (
        SELECT crash_day,
               count(DISTINCT row(venue, market, symbol)) FILTER (interval IN ('1s', '1m')) AS minute_markets,
               count(DISTINCT row(venue, market, symbol)) FILTER (interval IN ('5m', '15m', '1h')) AS hour_markets,
               {sql.sources("s.source_id")} AS ids
        FROM series s
        JOIN crash_days d ON s.day >= d.window_start AND s.day < d.window_end
        GROUP BY crash_day
    ), counted AS (
        SELECT crash_day, min(step_seconds) FILTER (mechanism = 'liquidation') AS liquidation_seconds,
               count(*) FILTER (mechanism = 'adl' AND step_seconds = 1 AND asset = 'all') AS adl_seconds,
               count(DISTINCT universe) FILTER (mechanism = 'loan' AND coalesce(events, amount_base) > 0)
                   AS loan_series,
               {sql.sources("f.source_id")} AS ids
        FROM liquidation_flows f
        JOIN crash_days d ON f.ts >= d.window_start AND f.ts < d.window_end
        GROUP BY crash_day
    ), published AS (
        SELECT crash_day, count(DISTINCT board) AS boards, {sql.sources()} AS ids
        FROM liquidation_reports
        WHERE metric = 'liquidations' AND asset = 'all' AND {sql.ONE_SIDED}
        GROUP BY crash_day
    )
"""
"""What each source of a day holds, by crash day: prices, liquidations by step, published totals."""


def by_day(warehouse: Warehouse) -> pl.DataFrame:
    """One row a crash day, newest first: `crash_day title minute_markets hour_markets liquidation_seconds adl_seconds
    loan_series boards source_id`.

    `minute_markets` and `hour_markets` count markets with traded bars of at most a minute and of more, up to an hour.
    `liquidation_seconds` is the shortest step in which liquidations are counted that day, of any exchange; null where
    none is. `adl_seconds` counts seconds with ADL, `loan_series` collaterals and lending markets with a loan
    closed, `boards` published totals. Zero means that nothing is embedded, not that nothing happened.
    """
    return warehouse.query(
        f"""
        {COUNTED}
        SELECT d.crash_day, d.title, coalesce(minute_markets, 0) AS minute_markets,
               coalesce(hour_markets, 0) AS hour_markets, liquidation_seconds, coalesce(adl_seconds, 0) AS adl_seconds,
               coalesce(loan_series, 0) AS loan_series, coalesce(boards, 0) AS boards,
               concat_ws(';', d.source_id, priced.ids, counted.ids, published.ids) AS source_id
        FROM crash_days d
        LEFT JOIN priced USING (crash_day)
        LEFT JOIN counted USING (crash_day)
        LEFT JOIN published USING (crash_day)
        ORDER BY d.window_start DESC
        """
    )
